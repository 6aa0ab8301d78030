/** Whether UDP passes, as a STUN server and nodes of a cluster on loopback see it. */
import { afterEach, expect, test } from "bun:test";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Keyring } from "../../src/cascade/keyring.ts";
import { checkMembers, checkStunServer } from "../../src/cli/doctor-udp.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { randomFill } from "../../src/io/random.ts";
import { calleeCredentials } from "../../src/peer/knock.ts";
import { parseStun, StunMessage } from "../../src/wire/stun.ts";
import { writeBindingSuccess } from "../../src/wire/stun-writer.ts";
import { fromHex } from "../support/hex.ts";
import { freeUdpPorts } from "../support/process.ts";

const SECRET = "5a".repeat(32);
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

function configOf(...args: readonly string[]): Config {
  const sources = { env: {}, readFile: () => SECRET, cores: 2, memoryBytes: 8e9 };
  const result = loadConfig({ args, ...sources });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

async function resolve(host: string): Promise<readonly string[]> {
  if (host === "nobody.example") throw new Error("ENOTFOUND");
  return [host === "here.example" ? "127.0.0.1" : host];
}

interface Server {
  /** In hex, XORed as in XOR-MAPPED-ADDRESS; the true one unless it is said. */
  readonly seen?: { readonly port?: number; readonly address?: string };
  readonly other?: boolean;
  /** What is asked for from elsewhere is lost. */
  readonly closed?: boolean;
  readonly silent?: boolean;
}

/** A server of RFC 8489, or with `other` of RFC 5780; its port. */
async function stunServer({ seen = {}, other = false, closed, silent }: Server): Promise<number> {
  const [socket, second] = [await bound(), await bound()];
  socket.on("message", (request, from) => {
    const elsewhere = request.length === 28;
    if (silent || (elsewhere && (closed || !other))) return;
    const address = (seen.address ?? from.address).split(".").map(Number);
    const port = (seen.port ?? from.port) ^ 0x2112;
    const masked = address.map((byte, i) => byte ^ [0x21, 0x12, 0xa4, 0x42][i]!);
    const mapped = [0, 0x20, 0, 8, 0, 1, port >> 8, port & 0xff, ...masked];
    const otherAddress = fromHex("802c0008 00010d97 7f000002");
    const attributes = [...mapped, ...(other ? otherAddress : [])];
    const head = [0x01, 0x01, 0, attributes.length, ...request.subarray(4, 20)];
    (elsewhere ? second : socket).send(
      Uint8Array.from([...head, ...attributes]),
      from.port,
      from.address,
    );
  });
  return socket.address().port;
}

/** Level and detail of each finding by its name; media has a port of its own. */
async function asked(server: Server, options: { running?: boolean; host?: string } = {}) {
  const media = freeUdpPorts(1);
  const config = configOf("--media", `127.0.0.1:${media}`);
  const to = { host: options.host ?? "here.example", port: await stunServer(server) };
  const told = ["127.0.0.1"];
  const running = options.running ?? false;
  const findings = await checkStunServer(config, told, to, running, resolve, randomFill);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return {
    media,
    said: findings.map(({ name, level, detail }) => [name.split(" ")[0], level, detail]),
  };
}

test("a server that sees what clients are told, from media's port, is content", async () => {
  const { media, said } = await asked({ other: true });
  expect(said).toEqual([
    ["stun", "ok", `sees this machine as 127.0.0.1:${media}`],
    ["udp", "ok", `port ${media}: what nobody asked for comes in`],
  ]);
});

test("what is sent unasked and does not come is told", async () => {
  const { media, said } = await asked({ other: true, closed: true });
  expect(said[1]).toEqual([
    ...["udp", "warn", `port ${media}: what nobody asked for does not come in`],
  ]);
});

test("what cannot be asked is said to be so", async () => {
  const one = (await asked({ other: false })).said;
  expect(one[1]).toEqual(["udp", "ok", "not asked: here.example has one address only (RFC 5780)"]);
  const running = (await asked({ other: true }, { running: true })).said;
  expect(running.map(([, level]) => level)).toEqual(["ok", "ok"]);
  expect(running[1]![2]).toContain("not asked: a server has media's port");
});

test("a NAT is told: another address than clients are told, or another port", async () => {
  const { said } = await asked({ seen: { address: "198.51.100.9" } });
  expect(said[0]!.slice(1, 2)).toEqual(["warn"]);
  expect(said[0]![2]).toMatch(/as 198\.51\.100\.9:\d+, clients are told 127\.0\.0\.1$/);
  const { media, said: moved } = await asked({ seen: { port: 4242 } });
  expect(moved[0]).toEqual([
    ...["stun", "warn"],
    `sees this machine as 127.0.0.1:4242, clients are told port ${media}`,
  ]);
});

test("a server that says nothing, or that has no address, is told", async () => {
  expect((await asked({ silent: true })).said).toEqual([
    ["stun", "warn", "nothing comes back by UDP"],
  ]);
  for (const host of ["nobody.example", "2001:db8::1"]) {
    const { said } = await asked({}, { host });
    expect(said).toEqual([["stun", "warn", "leads to no address of media's family"]]);
  }
});

/** A node that answers knocks with this cluster's name; its port. */
async function node(cluster: string): Promise<number> {
  const keys = new Keyring(cluster, [new Uint8Array(32).fill(0x5a)]);
  const socket = await bound();
  socket.on("message", (request, from) => {
    const message = new StunMessage();
    expect(parseStun(request, 0, request.length, message)).toBe(true);
    const { usernameOffset: at, usernameLength } = message;
    const name = request.subarray(at, at + usernameLength).toString();
    const [local = "", remote = ""] = name.split(":");
    const found = keys.byKid(local.slice(0, 8));
    if (found === null) return;
    const credentials = calleeCredentials({ kid: found.kid, key: found.knock }, local, remote)!;
    const key = new TextEncoder().encode(credentials.localPwd);
    const sockaddr = fromHex("02000000 7f000001 0000000000000000");
    sockaddr[2] = from.port >> 8;
    sockaddr[3] = from.port & 0xff;
    const out = new Uint8Array(256);
    const id = message.transactionIdOffset;
    const length = writeBindingSuccess(out, 0, request, id, sockaddr, key);
    socket.send(out.subarray(0, length), from.port, from.address);
  });
  return socket.address().port;
}

async function knocked(seed: string) {
  const config = configOf("--cluster-secret-file=/s", "--join", seed);
  const findings = await checkMembers(config.cluster!, resolve, randomFill);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return findings.map(({ level, detail }) => `${level}: ${detail}`);
}

test("nodes that are to be joined are knocked at", async () => {
  const port = await node("spillway");
  expect(await knocked(`here.example:${port}`)).toEqual([
    expect.stringMatching(/^ok: answers, and sees this machine as 127\.0\.0\.1:\d+$/),
  ]);
  expect(await knocked(`nobody.example:${port}`)).toEqual([]);
});

test("a node of another cluster, and one that does not answer, are told apart", async () => {
  const [stranger, silent] = [await node("other"), (await bound()).address().port];
  const [first, second] = await Promise.all([
    knocked(`127.0.0.1:${stranger}`),
    knocked(`127.0.0.1:${silent}`),
  ]);
  expect(first).toEqual(["warn: is a node of another cluster-name"]);
  expect(second).toEqual(["warn: nobody answers"]);
});
