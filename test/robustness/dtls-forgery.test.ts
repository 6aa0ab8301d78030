/** Forged DTLS to the executable, from a session's own address, while its handshake runs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { createCertificate } from "../../src/io/certificate.ts";
import { RecordType } from "../../src/peer/dtls-records.ts";
import { Client, type ClientOptions } from "../support/client.ts";
import {
  certificateMessage,
  derOf,
  fragment,
  message,
  record,
  withSequence,
} from "../support/dtls-ends.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const COPIES = 101;
const stranger = derOf(createCertificate().certificatePem);

let server: TestServer;
let publisher: Client;
let spared: Client;

beforeAll(async () => {
  server = await startServer("serve", { args: ["--ingest-workers", "1", "--egress-workers", "1"] });
  publisher = await Client.connect(server.base, "publisher", "live");
  spared = await Client.connect(server.base, "viewer", "live");
  await until("media flows", 3_000, () => spared.received.packets > 20);
}, SETUP_MS);

afterAll(async () => {
  spared?.vanish();
  publisher?.vanish();
  await server?.stop();
});

/** Opens a viewer among forgeries; it must play, and nobody else may notice. */
async function plays(options: ClientOptions): Promise<void> {
  const client = await Client.open(server.base, "viewer", "live", options);
  await client.connected();
  await until("it plays", 3_000, () => client.received.packets > 20);
  await client.leave();
  expect(spared.received.lost()).toBe(0);
  expect([publisher.peer.state, spared.peer.state]).toEqual(["connected", "connected"]);
  const metrics = await readMetrics(server.base);
  expect(metrics.sum("worker_restarts_total") + metrics.sum("worker_faults_total")).toBe(0);
}

/** Every datagram of the handshake has each of these in front of it. */
function among(...forged: readonly Uint8Array[]): ClientOptions {
  return {
    tamper: (bytes) => {
      if (bytes[0] !== RecordType.handshake) return bytes;
      const all = new Uint8Array(forged.reduce((sum, { length }) => sum + length, bytes.length));
      let at = 0;
      for (const part of [...forged, bytes]) {
        all.set(part, at);
        at += part.length;
      }
      return all.length <= 1472 ? all : bytes;
    },
  };
}

test("S2: 101 HelloVerifyRequests in one datagram end neither worker nor session", async () => {
  const request = message(3, 0, Uint8Array.of(254, 255, 0));
  const obeyed = message(3, 0, Uint8Array.of(254, 255, 4, 1, 2, 3, 4));
  for (const one of [request, obeyed]) {
    let answered = false;
    const flood = new Uint8Array(Math.min(COPIES, Math.floor(1472 / one.length)) * one.length);
    for (let at = 0; at < flood.length; at += one.length) flood.set(one, at);
    await plays({
      setup: "passive",
      tamper: (bytes) => {
        if (answered || bytes[0] !== RecordType.handshake) return bytes;
        answered = true;
        return flood;
      },
    });
  }
  expect((await readMetrics(server.base)).sum("worker_dtls_dropped_total")).toBeGreaterThan(50);
}, 80_000);

for (const setup of [undefined, "passive"] as const) {
  test(`S8: forged records before each datagram of a handshake (${setup ?? "active"})`, async () => {
    const first = setup === "passive" ? 0 : 1;
    const forged = [
      withSequence(message(2, 0, randomBytes(70)), 2 ** 47),
      record(RecordType.applicationData, randomBytes(40)),
      record(RecordType.alert, Uint8Array.of(2, 40)),
      record(RecordType.changeCipherSpec, Uint8Array.of(1)),
      certificateMessage(first, stranger),
      message(16, 2, Uint8Array.of(32, ...randomBytes(32))),
      message(15, 3, Uint8Array.of(4, 3, 0, 8, ...randomBytes(8))),
      fragment(11, first, 0xffffff, 0, 20),
    ];
    for (const one of forged) await plays({ setup, ...among(one) });
    await plays({ setup, ...among(...forged.slice(1, 4), ...forged.slice(5)) });
  }, 120_000);
}
