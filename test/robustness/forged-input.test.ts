/**
 * What an attacker can send, over the network to the executable: refused, counted, never answered,
 * and a live session beside it loses nothing. Each test names its row of the table of threats.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { Client } from "../support/client.ts";
import { type Metrics, readMetrics } from "../support/metrics.ts";
import { seeded } from "../support/random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { paced, Stranger } from "../support/stranger.ts";
import { until } from "../support/until.ts";

const SEED = 20_260_701;
const FUZZ_DATAGRAMS = 10_000;
/** Pages that the JavaScript heap touches anew during 20,000 datagrams; a leak of one object a
 * datagram (100 B and more) would be twice that. */
const RSS_MARGIN = 8 * 1024 * 1024;

let server: TestServer;
let publisher: Client;
let viewer: Client;
let stranger: Stranger;
let before: Metrics;
let packetsBefore = 0;

beforeAll(async () => {
  server = await startServer("serve", { args: ["--ingest-workers", "1", "--egress-workers", "1"] });
  publisher = await Client.connect(server.base, "publisher", "live");
  viewer = await Client.connect(server.base, "viewer", "live");
  await until("media flows", 3_000, () => viewer.received.packets > 20);
  stranger = new Stranger();
  await remember();
});

/** Whatever a test did: the neighbours lost nothing, strangers heard nothing, nothing crashed. */
afterEach(async () => {
  const seen = viewer.received.packets;
  await until("media still flows", 2_000, () => viewer.received.packets > seen + 5);
  expect(viewer.received.packets).toBeGreaterThan(packetsBefore);
  expect(viewer.received.lost()).toBe(0);
  expect([publisher.peer.state, viewer.peer.state]).toEqual(["connected", "connected"]);
  expect(stranger.received).toBe(0);
  expect((await readMetrics(server.base)).sum("worker_restarts_total")).toBe(0);
  await remember();
});

afterAll(async () => {
  stranger?.close();
  viewer?.vanish();
  publisher?.vanish();
  await server?.stop();
});

async function remember(): Promise<void> {
  before = await readMetrics(server.base);
  packetsBefore = viewer.received.packets;
}

/** Waits until these families together have grown by exactly `count` since the test began. */
async function refused(count: number, ...families: readonly string[]): Promise<void> {
  const grown = async () => {
    const now = await readMetrics(server.base);
    const each = families.map((name) => [name, now.sum(name) - before.sum(name)] as const);
    return Object.fromEntries(each);
  };
  const total = async () => Object.values(await grown()).reduce((sum, value) => sum + value, 0);
  await until(`${count} refused`, 5_000, async () => (await total()) >= count, grown);
  expect(await total()).toBe(count);
}

const ports = () => [publisher.candidate.port, viewer.candidate.port];

const encoder = new TextEncoder();

function bindingRequest(username: string, key: string): Uint8Array {
  const out = new Uint8Array(1024);
  const request = {
    transactionId: randomBytes(12),
    username: encoder.encode(username),
    priority: 1,
    controlling: randomBytes(8),
    useCandidate: true,
  };
  return out.slice(0, writeBindingRequest(out, 0, request, encoder.encode(key)));
}

/** The same request without MESSAGE-INTEGRITY (24 bytes) and FINGERPRINT (8) at its end. */
function withoutIntegrity(request: Uint8Array): Uint8Array {
  const bare = request.slice(0, request.length - 32);
  new DataView(bare.buffer).setUint16(2, bare.length - 20);
  return bare;
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

/** A TLS alert in clear: fatal, handshake_failure. */
const CLEAR_ALERT = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40);

test("STUN/ICE forgery: wrong integrity, no integrity, wrong CRC, unknown ufrag", async () => {
  const { localUfrag, remoteUfrag, remotePwd } = publisher.peer.setup;
  const known = `${remoteUfrag}:${localUfrag}`;
  const wrongCrc = bindingRequest(known, remotePwd);
  wrongCrc[wrongCrc.length - 1]! ^= 1;
  const forgeries = [
    bindingRequest(known, "not-the-password-of-this-session"),
    withoutIntegrity(bindingRequest(known, remotePwd)),
    bindingRequest(`${remoteUfrag}:somebody`, remotePwd),
    bindingRequest("nobody:knows", remotePwd),
    withoutIntegrity(bindingRequest("nobody:knows", remotePwd)),
    wrongCrc,
  ];
  for (const port of ports()) await stranger.sendAll(port, forgeries);
  await refused(2 * forgeries.length, "worker_stun_forged_total", "worker_malformed_total");
});

test("Amplification: a ClientHello from an unvalidated address gets no byte", async () => {
  const hello = clientHello();
  for (const port of ports())
    await stranger.sendAll(
      port,
      Array.from({ length: 100 }, () => hello),
    );
  await refused(200, "worker_dtls_unvalidated_total");
});

test("DTLS ClientHello race: strangers cannot take a session before its client comes", async () => {
  const hello = clientHello();
  const client = await Client.open(server.base, "viewer", "live");
  await stranger.sendAll(client.candidate.port, [hello, CLEAR_ALERT, hello]);
  await client.connected();
  await until("it sees the stream", 2_000, () => client.received.packets > 10);
  await refused(3, "worker_dtls_unvalidated_total");
  await client.leave();
});

test("DTLS records in clear do not end a session, even from its own address", async () => {
  const client = await Client.connect(server.base, "viewer", "live");
  const hello = clientHello();
  const garbage = Array.from({ length: 100 }, () => {
    return Uint8Array.of(22, 254, 253, ...randomBytes(40));
  });
  await paced([CLEAR_ALERT, hello, Uint8Array.of(22, 254, 253), ...garbage, CLEAR_ALERT], (bytes) =>
    client.send(bytes),
  );
  const seen = client.received.packets;
  await until("it still sees the stream", 2_000, () => client.received.packets > seen + 20);
  expect(client.received.lost()).toBe(0);
  await client.leave();
});

test("a CertificateVerify by another key is dropped: no handshake, no media", async () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const client = await Client.open(server.base, "viewer", "live", {
    tamper: (bytes) => resignCertificateVerify(bytes, (data) => sign("sha256", data, key)),
  });
  // A stranger could have sent it, so the session waits for its client until the connect timeout.
  const dropped = async () => (await readMetrics(server.base)).sum("worker_dtls_dropped_total");
  await until("it is dropped", 5_000, async () => {
    return (await dropped()) > before.sum("worker_dtls_dropped_total");
  });
  expect(client.peer.state).toBe("connecting");
  expect(client.received.packets).toBe(0);
  client.vanish();
});

test("a certificate that is not the SDP's ends the handshake without media", async () => {
  const { fingerprint } = createCertificate();
  const client = await Client.open(server.base, "viewer", "live", { fingerprint });
  await refused(1, "worker_dtls_failed_total");
  const ended = `sessions_ended_total`;
  await until("it is over", 2_000, async () => {
    return (await readMetrics(server.base)).sum(ended, 'reason="dtls-failed"') >= 1;
  });
  expect(client.received.packets).toBe(0);
  client.vanish();
});

test("RTP bleed / inject: authentic packets from another address count for nothing", async () => {
  const copies = [...publisher.sentRtp.slice(-20), ...publisher.sentRtcp.slice(-1)];
  expect(copies).toHaveLength(21);
  await stranger.sendAll(ports()[0]!, copies);
  await refused(21, "worker_srtp_unvalidated_total");
});

test("SRTP/DTLS replay: the same SRTP and SRTCP again is refused", async () => {
  const copies = [...publisher.sentRtp.slice(-30), ...publisher.sentRtcp.slice(-1)];
  await paced([...copies, ...copies], (bytes) => publisher.send(bytes));
  await refused(62, "worker_srtp_replayed_total");
});

test("SRTP tag unchecked, Error-count teardown: every flipped byte is refused", async () => {
  const families = [
    "worker_srtp_forged_total",
    "worker_srtcp_forged_total",
    "worker_malformed_total",
    "worker_datagrams_unknown_total",
    "worker_dtls_unvalidated_total",
    "worker_srtp_too_many_sources_total",
    "worker_srtp_replayed_total",
    "worker_srtp_too_old_total",
  ];
  const video = publisher.sentRtp.findLast(({ length }) => length > 300)!;
  const report = publisher.sentRtcp.at(-1)!;
  const flipped: Uint8Array[] = [];
  for (const packet of [video, report]) {
    for (let at = 0; at < packet.length; at += 1) {
      const copy = packet.slice();
      copy[at]! ^= 1 << (at & 7);
      flipped.push(copy);
    }
  }
  await paced(flipped, (bytes) => publisher.send(bytes));
  await refused(flipped.length, ...families);
  const now = await readMetrics(server.base);
  for (const family of families.slice(0, 2)) {
    expect(now.sum(family)).toBeGreaterThan(before.sum(family));
  }
});

test("SSRC explosion: a publisher's further sources get no state", async () => {
  const other = await Client.connect(server.base, "publisher", "many-sources");
  const count = 500;
  for (let ssrc = 1; ssrc <= count; ssrc += 1) {
    other.sendRtp(ssrc, 1);
    if (ssrc % 50 === 0) await Bun.sleep(2);
  }
  const family = "worker_srtp_too_many_sources_total";
  const grown = async () => (await readMetrics(server.base)).sum(family) - before.sum(family);
  // Announced: audio, video, RTX; 4 more may have come with 2 layers; the rest has no state.
  await until("the rest is refused", 3_000, async () => (await grown()) >= count - 8, grown);
  await other.leave();
});

test("NACK/PLI/RTCP flood: repairs and keyframe requests stay within their budget", async () => {
  const greedy = await Client.connect(server.base, "viewer", "live");
  await until("video came", 2_000, () => greedy.received.latest(VP8) !== null);
  await until("a keyframe's worth", 2_000, () => greedy.received.packets > 60);
  await remember();
  const started = performance.now();
  for (let round = 0; round < 200; round += 1) {
    const { ssrc, index } = greedy.received.latest(VP8)!;
    greedy.sendRtcp(nackOf(ssrc, index));
    greedy.sendRtcp(pliOf(ssrc));
    if (round % 10 === 9) await Bun.sleep(5);
  }
  const received = async () => (await readMetrics(server.base)).sum("worker_nacks_received_total");
  await until("the flood is read", 3_000, async () => {
    return (await received()) > before.sum("worker_nacks_received_total");
  });
  await Bun.sleep(200);
  const seconds = (performance.now() - started) / 1000;
  const now = await readMetrics(server.base);
  const grown = (family: string) => now.sum(family) - before.sum(family);
  // 200 x 48 asked for. A burst of 64 kB is 85 delta packets, and 15 % of 80 kB/s adds 16 a second.
  expect(grown("worker_retransmissions_total")).toBeLessThan(120 + 20 * seconds);
  // One in 500 ms, and perhaps one for the join before.
  expect(grown("worker_plis_sent_total")).toBeLessThanOrEqual(2 + 2 * seconds);
  await greedy.leave();
});

test("Parser crash: 10,000 random and mutated datagrams at each worker port", async () => {
  const families = [
    "worker_stun_forged_total",
    "worker_stun_ignored_total",
    "worker_malformed_total",
    "worker_datagrams_unknown_total",
    "worker_dtls_unvalidated_total",
    "worker_srtp_unvalidated_total",
  ];
  const samples = [
    bindingRequest(`${publisher.peer.setup.remoteUfrag}:x`, "wrong"),
    withoutIntegrity(bindingRequest("nobody:knows", "x")),
    clientHello(),
    CLEAR_ALERT,
    publisher.sentRtp.at(-1)!,
    publisher.sentRtcp.at(-1)!,
  ];
  for (const port of ports()) await stranger.sendAll(port, mutations(SEED, samples, 2_000));
  await refused(4_000, ...families);
  await remember();
  const rss = before.sum("process_resident_memory_bytes");
  for (const port of ports()) {
    await stranger.sendAll(port, mutations(SEED + 1, samples, FUZZ_DATAGRAMS));
  }
  await refused(2 * FUZZ_DATAGRAMS, ...families);
  const now = await readMetrics(server.base);
  expect(now.sum("process_resident_memory_bytes") - rss).toBeLessThan(RSS_MARGIN);
}, 120_000);

test("Parser crash: 10,000 mutations from a session's own address leave it alive", async () => {
  const other = await Client.connect(server.base, "publisher", "fuzzed");
  const watcher = await Client.connect(server.base, "viewer", "fuzzed");
  await until("it is live", 2_000, () => watcher.received.packets > 60);
  await until("it has reported", 3_000, () => other.sentRtcp.length > 2);
  const samples = [
    bindingRequest(`${other.peer.setup.remoteUfrag}:x`, "wrong"),
    clientHello(),
    CLEAR_ALERT,
    ...other.sentRtp.slice(-3),
    ...other.sentRtcp.slice(-1),
  ];
  await paced(mutations(SEED + 2, samples, FUZZ_DATAGRAMS), (bytes) => other.send(bytes));
  const seen = watcher.received.packets;
  await until("it still plays", 2_000, () => watcher.received.packets > seen + 20);
  expect(watcher.received.lost()).toBe(0);
  expect(other.peer.state).toBe("connected");
  await watcher.leave();
  await other.leave();
}, 120_000);

const VP8 = 96;

/** The 48 packets up to `index`, as one NACK behind a receiver report's header (RFC 5506). */
function nackOf(ssrc: number, index: number): Uint8Array {
  const sequences = Uint16Array.from({ length: 48 }, (_, i) => (index - 47 + i) & 0xffff);
  const out = new Uint8Array(nackLengthMax(48));
  return out.slice(0, writeNack(out, 0, 1, ssrc, sequences, 48));
}

function pliOf(ssrc: number): Uint8Array {
  const out = new Uint8Array(PLI_BYTES);
  return out.slice(0, writePli(out, 0, 1, ssrc));
}

/** Random bytes, and samples with a few bytes changed, cut or both; the seed makes them again. */
function* mutations(
  seed: number,
  samples: readonly Uint8Array[],
  count: number,
): Generator<Uint8Array> {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < count; round += 1) {
    if (pick(4) === 0) {
      yield Uint8Array.from({ length: pick(200) }, () => pick(256));
      continue;
    }
    const bytes = samples[pick(samples.length)]!.slice();
    for (let i = 1 + pick(4); i > 0; i -= 1) bytes[pick(bytes.length)] = pick(256);
    yield pick(3) === 0 ? bytes.slice(0, pick(bytes.length + 1)) : bytes;
  }
}

/**
 * Puts another signature into the CertificateVerify (handshake type 15) of the client's flight,
 * which is in clear up to ChangeCipherSpec: algorithm (2), length (2), DER signature.
 */
function resignCertificateVerify(
  bytes: Uint8Array,
  signer: (data: Uint8Array) => Uint8Array,
): Uint8Array {
  if (bytes[0] !== 22) return bytes;
  for (let at = 0; at + 13 < bytes.length; at += 13 + ((bytes[at + 11]! << 8) | bytes[at + 12]!)) {
    if (bytes[at] !== 22 || bytes[at + 4] !== 0 || bytes[at + 13] !== 15) continue;
    const start = at + 13 + 12 + 4;
    const length = (bytes[start - 2]! << 8) | bytes[start - 1]!;
    let signature = signer(bytes.slice(0, at));
    // A DER signature is 70 to 72 bytes long; it has to have the length of the one it replaces.
    while (signature.length !== length) signature = signer(bytes.slice(0, at));
    bytes.set(signature, start);
  }
  return bytes;
}
