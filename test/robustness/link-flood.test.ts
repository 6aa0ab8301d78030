/**
 * What strangers can send to the port of the links, over the network to the executable: nothing is
 * answered, nothing is kept, and the link and the stream beside it lose nothing.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { checkUsername, keysOf } from "../../src/peer/ice-credentials.ts";
import { callerCredentials } from "../../src/peer/knock.ts";
import { writeLinkHeader } from "../../src/wire/link-header.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { Client } from "../support/client.ts";
import { type ClusterNode, linked, logged, TestCluster } from "../support/cluster.ts";
import { readMetrics } from "../support/metrics.ts";
import { seeded } from "../support/random.ts";
import { SETUP_MS } from "../support/server.ts";
import { Stranger } from "../support/stranger.ts";
import { until } from "../support/until.ts";

const SEED = 20_261_130;
const DATAGRAMS = 5_000;
const MTU = 1_400;
/** Pages that the heap touches anew; a session kept of each knock would be many times that. */
const RSS_MARGIN = 16 * 1024 * 1024;

let cluster: TestCluster;
let a: ClusterNode;
let b: ClusterNode;
let viewer: Client;
let publisher: Client;
let stranger: Stranger;

beforeAll(async () => {
  cluster = new TestCluster();
  a = await cluster.start("A");
  b = await cluster.start("B", { join: ["A"] });
  await linked([a, b]);
  publisher = await Client.connect(a.base, "publisher", "flooded");
  viewer = await Client.connect(b.base, "viewer", "flooded");
  await until("media flows", 5_000, () => viewer.received.packets > 50);
  stranger = new Stranger();
}, SETUP_MS);

/** Whatever came: no answer, the link is the one that it was, and the stream goes on whole. */
afterEach(async () => {
  const seen = viewer.received.packets;
  await until("media still flows", 5_000, () => viewer.received.packets > seen + 50);
  expect(viewer.received.lost()).toBe(0);
  expect(stranger.received).toBe(0);
  for (const node of [a, b]) {
    expect(logged(node, "Node unlinked")).toBe(0);
    expect((await readMetrics(node.base)).sum("worker_restarts_total")).toBe(0);
  }
});

afterAll(async () => {
  stranger?.close();
  viewer?.hangUp();
  publisher?.hangUp();
  await cluster?.stop();
});

const portOf = (name: string): number => Number(cluster.link(name).split(":").at(-1));
const fill = (bytes: Uint8Array): void => {
  bytes.set(randomBytes(bytes.length));
};

/** As a caller would knock whose secret is another, or whose key nobody has heard of. */
function knock(kid: string): Uint8Array {
  const keys = keysOf(callerCredentials({ kid, key: randomBytes(32) }, fill));
  const bytes = new Uint8Array(700);
  const request = {
    transactionId: randomBytes(12),
    username: checkUsername(keys),
    priority: 1,
    controlling: new Uint8Array(8),
    useCandidate: true,
  };
  return bytes.slice(0, writeBindingRequest(bytes, 0, request, keys.remotePwd));
}

function clientHello(): Uint8Array {
  const factory = new OpenSslDtlsFactory(openOpenSsl("system"), createCertificate());
  const session = new GuardedDtls(factory).create("client", [], 0);
  const out = new Uint8Array(1500);
  const hello = out.slice(0, session.pollTransmit(out));
  session.free();
  factory.free();
  return hello;
}

/** A datagram of a link under an index of somebody's choice. */
function sealed(index: number): Uint8Array {
  const bytes = new Uint8Array(randomBytes(300));
  writeLinkHeader(bytes, 0, index);
  return bytes;
}

/** The id of the cluster's key is in each knock: who overhears one has it. */
async function kidOf(node: ClusterNode): Promise<string> {
  const response = await fetch(`${node.base}/api/v1/status`);
  const { node: self } = (await response.json()) as { node: { accepts: string[] } };
  return self.accepts[0]!;
}

async function residentBytes(node: ClusterNode): Promise<number> {
  const status = await Bun.file(`/proc/${node.pid()}/status`).text();
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

test("knocks with another secret, hellos and sealed datagrams of strangers get no byte", async () => {
  const kid = await kidOf(a);
  const hello = clientHello();
  const kinds = [
    () => knock(kid),
    () => knock("x0000000"),
    () => hello,
    () => sealed(Math.floor(Math.random() * 2 ** 40)),
    () => Uint8Array.of(22, 254, 253, ...randomBytes(60)),
  ];
  // What the heap needs for that once.
  for (const port of [portOf("A"), portOf("B")]) {
    await stranger.sendAll(
      port,
      Array.from({ length: 500 }, (_, i) => kinds[i % kinds.length]!()),
    );
  }
  const before = await residentBytes(a);
  await stranger.sendAll(
    portOf("A"),
    Array.from({ length: DATAGRAMS }, (_, i) => kinds[i % kinds.length]!()),
  );
  expect((await residentBytes(a)) - before).toBeLessThan(RSS_MARGIN);
}, 60_000);

test(`random and broken datagrams before the seal, seed ${SEED}`, async () => {
  const random = seeded(SEED);
  const below = (most: number): number => Math.floor(random() * most);
  const whole = [knock(await kidOf(a)), clientHello(), sealed(1)];
  const broken = (): Uint8Array => {
    const bytes = whole[below(whole.length)]!.slice();
    for (let i = 1 + below(8); i > 0; i -= 1) bytes[below(bytes.length)] = below(256);
    return bytes.subarray(0, 1 + below(bytes.length));
  };
  const noise = (): Uint8Array => Uint8Array.from({ length: below(MTU) }, () => below(256));
  const datagrams = Array.from({ length: DATAGRAMS }, (_, i) => (i % 3 === 0 ? noise() : broken()));
  await stranger.sendAll(portOf("A"), datagrams);
  await stranger.sendAll(portOf("B"), datagrams.slice(0, 1_000));
}, 60_000);
