import { expect, test } from "bun:test";
import { generateKeyPairSync, sign } from "node:crypto";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsSession } from "../../src/peer/dtls.ts";
import { DTLS_DATAGRAM_MAX } from "../../src/peer/dtls.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { allocatedBytes } from "../support/allocated.ts";
import { seeded } from "../support/random.ts";

const openSsl = openOpenSsl("system");
const a = createCertificate();
const b = createCertificate();
const server = new GuardedDtls(new OpenSslDtlsFactory(openSsl, a));
const client = new GuardedDtls(new OpenSslDtlsFactory(openSsl, b));
const buffer = new Uint8Array(1500);

function shuttle(from: DtlsSession, to: DtlsSession, change?: (bytes: Uint8Array) => void): void {
  for (let n = from.pollTransmit(buffer); n > 0; n = from.pollTransmit(buffer)) {
    expect(n).toBeLessThanOrEqual(DTLS_DATAGRAM_MAX);
    change?.(buffer.subarray(0, n));
    to.handleDatagram(0, buffer, 0, n);
  }
}

function handshake(change?: (bytes: Uint8Array) => void): [DtlsSession, DtlsSession] {
  const s = server.create("server", [b.fingerprint], 0);
  const c = client.create("client", [a.fingerprint], 0);
  for (let i = 0; i < 6; i += 1) {
    shuttle(c, s, change);
    shuttle(s, c);
  }
  return [s, c];
}

test("both ends derive the same keys, crosswise", () => {
  const [s, c] = handshake();
  expect([s.state, c.state]).toEqual(["connected", "connected"]);
  const [ours, theirs] = [s.keys(), c.keys()];
  expect(ours.localKey).toEqual(theirs.remoteKey);
  expect(ours.remoteKey).toEqual(theirs.localKey);
  expect(ours.localSalt).toEqual(theirs.remoteSalt);
  expect(ours.localKey).not.toEqual(ours.remoteKey);
  c.close(0);
  shuttle(c, s);
  expect(s.state).toBe("closed");
  for (const session of [s, c]) session.free();
});

test("a CertificateVerify by another key is refused", () => {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  let changed = 0;
  // The client's flight is in clear up to ChangeCipherSpec: put another key's signature into its
  // CertificateVerify (handshake type 15): algorithm (2), length (2), DER signature.
  const [s, c] = handshake((bytes) => {
    for (
      let at = 0;
      at + 13 < bytes.length;
      at += 13 + ((bytes[at + 11]! << 8) | bytes[at + 12]!)
    ) {
      if (bytes[at] !== 22 || bytes[at + 4] !== 0 || bytes[at + 13] !== 15) continue;
      const start = at + 13 + 12 + 4;
      const length = (bytes[start - 2]! << 8) | bytes[start - 1]!;
      let signature = sign("sha256", bytes.slice(0, at), stranger);
      while (signature.length !== length) signature = sign("sha256", bytes.slice(0, at), stranger);
      bytes.set(signature, start);
      changed += 1;
    }
  });
  // The client repeats its flight only by its clock, and each one is refused.
  expect(changed).toBe(1);
  expect([s.state, s.complaint]).toEqual(["handshaking", "bad signature"]);
  for (const session of [s, c]) session.free();
});

test("no forged record ends a session, however short, in the handshake or after it", () => {
  const random = seeded(20_260_702);
  const pick = (limit: number) => Math.floor(random() * limit);
  const feed = (session: DtlsSession) => {
    const length = pick(4) === 0 ? pick(200) : pick(30);
    const record = Uint8Array.from({ length: 13 + length }, () => pick(256));
    record.set([20 + pick(4), 254, 253, 0, pick(8) === 0 ? pick(256) : 1]);
    // Sequence numbers near the expected ones, as an attacker would guess them.
    if (pick(4) > 0) record.set([0, 0, 0, 0, 0, pick(4)], 5);
    record.set([length >> 8, length & 255], 11);
    session.handleDatagram(0, record, 0, record.length);
  };
  for (let round = 0; round < 100; round += 1) {
    const s = server.create("server", [b.fingerprint], 0);
    const c = client.create("client", [a.fingerprint], 0);
    for (let i = 0; i < 6; i += 1) {
      shuttle(c, s);
      for (let count = pick(8); count > 0; count -= 1) feed(pick(2) === 0 ? s : c);
      shuttle(s, c);
    }
    // A machine that stands still for 60 ms makes OpenSSL repeat flights.
    for (let i = 0; i < 50 && (s.state === "handshaking" || c.state === "handshaking"); i += 1) {
      Bun.sleepSync(20);
      for (const session of [s, c]) session.handleTimeout(Infinity);
      shuttle(c, s);
      shuttle(s, c);
    }
    const outcome = () => [round, s.state, s.failure, c.state, c.failure];
    expect(outcome()).toEqual([round, "connected", "", "connected", ""]);
    for (let count = 0; count < 100; count += 1) feed(count % 2 === 0 ? s : c);
    expect(outcome()).toEqual([round, "connected", "", "connected", ""]);
    // They still listen to each other.
    c.close(0);
    shuttle(c, s);
    expect(s.state).toBe("closed");
    for (const session of [s, c]) session.free();
  }
});

test("a key that is not the certificate's is refused at start", () => {
  const mixed = { certificatePem: a.certificatePem, privateKeyPem: b.privateKeyPem };
  expect(() => new GuardedDtls(new OpenSslDtlsFactory(openSsl, mixed))).toThrow(/private key/);
});

test("a peer that missed our last flight gets it again from a session at rest", () => {
  const s = server.create("server", [b.fingerprint], 0);
  const c = client.create("client", [a.fingerprint], 0);
  while (s.state !== "connected") {
    shuttle(s, c);
    shuttle(c, s);
  }
  // ChangeCipherSpec and Finished are lost on the way.
  expect(s.pollTransmit(buffer)).toBeGreaterThan(0);
  while (s.pollTransmit(buffer) > 0);
  expect(c.state).toBe("handshaking");
  // OpenSSL's own clock decides when the client repeats its flight: 60 ms.
  Bun.sleepSync(80);
  c.handleTimeout(Infinity);
  shuttle(c, s);
  shuttle(s, c);
  expect([s.state, c.state]).toEqual(["connected", "connected"]);
  s.close(0);
  shuttle(s, c);
  expect(c.state).toBe("closed");
  for (const session of [s, c]) session.free();
});

test("a connected session holds no record buffers", () => {
  const pairs = Array.from({ length: 20 }, () => handshake());
  const before = allocatedBytes();
  const more = Array.from({ length: 20 }, () => handshake());
  // 40 KiB; with its two buffers, 73 KiB.
  expect((allocatedBytes() - before) / 40).toBeLessThan(50 * 1024);
  for (const session of [...pairs, ...more].flat()) session.free();
});

test("sessions leave nothing behind", () => {
  const rounds = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      for (const session of handshake()) session.free();
      const half = client.create("client", [a.fingerprint], 0);
      half.free();
      half.free();
    }
    Bun.gc(true);
    return { rss: process.memoryUsage.rss(), allocated: allocatedBytes() };
  };
  const before = rounds(150);
  const after = rounds(150);
  // A leaked session is 40 KiB: 150 rounds of three would be 18 MiB.
  expect(after.rss - before.rss).toBeLessThan(8 * 1024 * 1024);
  // Caches of malloc itself come to some 50 KiB; 450 blocks of 300 B, one lost a session, to 132.
  expect(after.allocated - before.allocated).toBeLessThan(128 * 1024);
}, 80_000);
