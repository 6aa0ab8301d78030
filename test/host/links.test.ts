/** Links between two nodes: who gets one, what each end learns of the other, what goes over it. */
import type { Pointer } from "bun:ffi";
import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "../../src/io/certificate.ts";
import { type OpenSsl, openOpenSsl } from "../../src/io/openssl.ts";
import { loadCertificate } from "../support/certificate.ts";
import { giveAll, KEY, LinkWorld, linked, seal } from "./link-world.ts";

const LABEL = "EXPORTER-spillway-link";

function idOf({ certificatePem }: Certificate): Uint8Array {
  const spki = new X509Certificate(certificatePem).publicKey.export({
    type: "spki",
    format: "der",
  });
  return new Uint8Array(createHash("sha256").update(spki).digest().subarray(0, 16));
}

test("LK2: a call connects; each end is told whom it has, and both have the same exported key", () => {
  const { a, b, peer, world } = linked();
  const called = b.link;
  // In turns of 5 ms; nothing waits for a repeat.
  expect(world.now - 1_000_000).toBeLessThan(60_000);
  expect([peer.state, called.state]).toEqual(["connected", "connected"]);
  expect(a.links.opened).toEqual([peer]);
  expect(b.links.opened).toEqual([called]);
  expect(peer.nodeId).toEqual(idOf(b.certificate));
  expect(called.nodeId).toEqual(idOf(a.certificate));
  const key = peer.exportKey(LABEL, 32);
  expect(called.exportKey(LABEL, 32)).toEqual(key);
  expect(key.length).toBe(32);
  expect(peer.exportKey(`${LABEL}2`, 32)).not.toEqual(key);
  expect([peer.kid, called.kid]).toEqual([KEY.kid, KEY.kid]);
  expect([peer.calls, called.calls]).toEqual([true, false]);
  expect([peer.srtpProfile, called.srtpProfile]).toEqual(Array(2).fill("AEAD_AES_128_GCM"));
  expect([peer.mediaAllowed, called.mediaAllowed]).toEqual([true, true]);
  expect(peer.session).toBeLessThan(0);
  expect(called.session).toBeLessThan(0);
  // A second link has another key.
  const again = world.node();
  const second = again.dial(b);
  world.run(() => again.links.opened.length > 0);
  expect(second.exportKey(LABEL, 32)).not.toEqual(key);
});

test("a link's end is told to the logic, at both ends, and control hears nothing of links", () => {
  const { a, b, peer, world } = linked();
  const { session } = b.link;
  a.sessions.close(peer.session, "shutdown", world.now);
  world.run(() => b.links.ended.length > 0);
  expect(a.links.ended).toEqual([peer.session]);
  expect(b.links.ended).toEqual([session]);
  const nobody = a.dial(new LinkWorld().node());
  world.run(() => nobody.state === "closed", 21_000_000);
  expect([nobody.closeReason, nobody.closeDetail]).toEqual([
    "connect-timeout",
    "no valid ICE check",
  ]);
  expect(a.links.ended).toEqual([peer.session, nobody.session]);
  expect([...a.emitted, ...b.emitted]).toEqual([]);
});

test("LK3: datagrams go both ways, 8,000 out of order and after 100,000 were lost, each once", () => {
  const { a, b, peer } = linked();
  for (const [from, to, sender] of [
    [a, b, peer],
    [b, a, b.link],
  ] as const) {
    const packets = Array.from({ length: 8001 }, (_, index) => seal(sender, index));
    giveAll(to, [packets[8000]!, ...packets.slice(0, 8000).toReversed()], from.address);
    const indices = to.links.came.map(({ index }) => index);
    expect(indices).toEqual([8000, ...Array.from({ length: 8000 }, (_, i) => 7999 - i)]);
    giveAll(to, packets, from.address);
    expect(to.links.came.length).toBe(8001);
    const far = 8000 + 100_001;
    giveAll(to, [seal(sender, far), seal(sender, 2 ** 48 - 1)], from.address);
    expect(to.links.came.slice(8001).map(({ index }) => index)).toEqual([far, 2 ** 48 - 1]);
    for (const { index, payload } of to.links.came) {
      expect(Buffer.from(payload, "hex").readDoubleBE(0)).toBe(index);
    }
  }
});

test("LK3: what is older than the window, told wrongly or changed is not opened", () => {
  const { a, b, peer } = linked();
  const late = seal(peer, 10);
  const edge = seal(peer, 11);
  const flipped = seal(peer, 12);
  const count = () => b.links.came.length;
  giveAll(b, [seal(peer, 10 + 8192), late], a.address);
  expect(count()).toBe(1);
  for (let i = 0; i < flipped.length; i += 1) {
    const bytes = flipped.slice();
    bytes[i]! ^= 1;
    giveAll(b, [bytes], a.address);
  }
  expect(count()).toBe(1);
  giveAll(b, [edge, flipped], a.address);
  expect(count()).toBe(3);
  // The sender's own, sent back to it.
  giveAll(a, [edge], b.address);
  expect(a.links.came).toEqual([]);
  // RTCP is no business of a link's.
  const report = new Uint8Array(40);
  report.set([0x80, 200, 0, 6]);
  giveAll(b, [report], a.address);
  expect(b.link.state).toBe("connected");
});

test.each([
  ["another secret", { kid: KEY.kid, key: new Uint8Array(32).fill(2) }],
  ["a secret of no id", { kid: "kid00009", key: KEY.key }],
])("LK1: a call with %s gets no answer, and nothing is made of it", (_what, key) => {
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node()];
  a.dial(b, key);
  world.run(() => false, 2_000_000);
  expect(world.seen.filter(({ from }) => from === b.address)).toEqual([]);
  expect(world.seen.length).toBeGreaterThan(20);
  expect(b.sessions.table.size).toBe(0);
});

test("LK1: each of some keys is taken, and the link tells by which one it came", () => {
  const old = { kid: "kid00000", key: new Uint8Array(32).fill(9) };
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node({ keys: [KEY, old] })];
  a.dial(b, old);
  expect(world.run(() => b.links.opened.length > 0)).toBe(true);
  expect(b.link.kid).toBe(old.kid);
});

test.each([
  ["EC P-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]],
  ["RSA", ["-newkey", "rsa:2048"]],
])("LK2: a certificate of %s is no node's, at either end", (_kind, how) => {
  const certificate = made(how);
  const calling = linked({ a: { certificate } });
  expect(calling.peer.closeReason).toBe("peer-closed");
  expect(calling.b.links.opened).toEqual([]);
  expect([calling.a.sessions.table.size, calling.b.sessions.table.size]).toEqual([0, 0]);
  const called = linked({ b: { certificate } });
  expect(called.peer.closeReason).toBe("dtls-failed");
  expect(called.peer.closeDetail).toBe("the certificate is not a node's");
  expect(called.a.links.opened).toEqual([]);
});

test("two nodes that call each other at once, each by a socket for calls, have two links", () => {
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node()];
  const calls = [a.dial(b, KEY, 1), b.dial(a, KEY, 1)];
  world.run(() => a.links.opened.length + b.links.opened.length === 4);
  expect(a.links.opened.map(({ nodeId }) => nodeId)).toEqual(Array(2).fill(idOf(b.certificate)));
  expect(b.links.opened.map(({ nodeId }) => nodeId)).toEqual(Array(2).fill(idOf(a.certificate)));
  // A new one beside the old, by the other socket.
  const beside = a.dial(b);
  world.run(() => beside.state === "connected");
  expect([...calls, beside].map(({ state }) => state)).toEqual(Array(3).fill("connected"));
});

test.each([
  [0, 150],
  [0.1, 1_000],
  [0.3, 6_000],
])(
  "LK5: two nodes that call each other by the same sockets have two links, though %p of it is lost, within %p ms",
  (loss, ms) => {
    for (let apart = 0; apart <= 120; apart += 5) {
      const world = new LinkWorld(loss, 1 + apart);
      const [a, b] = [world.node(), world.node()];
      a.dialAny(b.address, KEY);
      world.run(() => false, apart * 1000);
      b.dialAny(a.address, KEY);
      const all = () => a.links.opened.length === 2 && b.links.opened.length === 2;
      // Where one socket is not answered the other is, 50 ms later.
      expect(world.run(all, ms * 1000), `${apart} ms apart`).toBe(true);
      // Longer than an address is held.
      world.run(() => false, 5_000_000);
      const peers = [a, b].flatMap(({ sessions }) => [...sessions.table.peers()]);
      expect(peers.map(({ state }) => state)).toEqual(Array(4).fill("connected"));
      expect([...a.links.ended, ...b.links.ended]).toEqual([]);
    }
  },
);

test("LK5: who calls again by the same socket is answered when nothing came of the link for 3 s, at both ends", () => {
  const { world, a, b, peer } = linked();
  const called = b.link;
  world.run(() => false, 1_000_000);
  const early = a.dial(b);
  world.run(() => false, 1_000_000);
  // Something came for the link meanwhile: the address is its own.
  expect([early.state, peer.path === null, called.path === null]).toEqual(["new", false, false]);
  a.sessions.close(early.session, "deleted", world.now);
  world.cut = true;
  world.run(() => false, 4_000_000);
  const again = a.dial(b);
  world.cut = false;
  expect(world.run(() => again.state === "connected", 500_000)).toBe(true);
  expect([peer.path, called.path]).toEqual([null, null]);
});

test("LK2: a link needs a master secret of its own handshake (RFC 7627), at either end", () => {
  const openSsl = openOpenSsl("system");
  const SSL_OP_NO_EXTENDED_MASTER_SECRET = 1;
  const old = {
    ...openSsl,
    ssl: {
      ...openSsl.ssl,
      SSL_CTX_set_options: (context: Pointer, options: number) => {
        const more = options + SSL_OP_NO_EXTENDED_MASTER_SECRET;
        return openSsl.ssl.SSL_CTX_set_options(context, more);
      },
    },
  } as OpenSsl;
  const { peer, b } = linked({ a: { openSsl: old } });
  expect([peer.closeReason, b.links.opened]).toEqual(["dtls-failed", []]);
  const called = linked({ b: { openSsl: old } });
  expect(called.peer.closeDetail).toBe("no extended master secret");
});

test("a call connects though one datagram in four is lost, in both directions", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const world = new LinkWorld(0.25, seed);
    const [a, b] = [world.node(), world.node()];
    a.dial(b);
    const connected = () => a.links.opened.length + b.links.opened.length === 2;
    expect(world.run(connected, 10_000_000), `seed ${seed}`).toBe(true);
  }
});

test("LK2: nothing but AES-128-GCM seals a link", () => {
  const other = { srtpProfiles: "SRTP_AEAD_AES_256_GCM" };
  for (const options of [{ a: other }, { b: other }, { a: other, b: other }]) {
    const { a, b } = linked(options);
    expect([...a.links.opened, ...b.links.opened]).toEqual([]);
  }
});

function made(how: readonly string[]): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "spillway-kind-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const run = Bun.spawnSync([
      ...["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=node", ...how],
      ...["-keyout", key, "-out", certificate],
    ]);
    expect(run.success, run.stderr.toString()).toBe(true);
    return loadCertificate(readFileSync(certificate, "utf8"), readFileSync(key, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
