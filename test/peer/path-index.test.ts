import { expect, test } from "bun:test";
import { PeerEvent } from "../../src/peer/events.ts";
import { PathIndex } from "../../src/peer/path-index.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { copyPath, samePath, type Transport } from "../../src/wire/path.ts";
import { seeded } from "../support/random.ts";
import { deadTransport, VIA } from "../support/transport.ts";
import { ciphers, filler, region, serverDtls } from "./pair.ts";
import { checkOf, Roaming } from "./roaming.ts";

/** As the table of a Roaming draws its key: see pair.ts. */
const TABLE_SEED = 9;

const OTHER = deadTransport();

/** An IPv6 address of one /64 by its last 64 bits. */
function sockaddr6(high: number, low: number, port = 4000): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  bytes[0] = 10;
  view.setUint16(2, port);
  view.setUint32(8, 0x20010db8);
  view.setUint32(16, high);
  view.setUint32(20, low);
  return bytes;
}

class Exposed extends PathIndex<number> {
  hashOf(bytes: Uint8Array): number {
    return this.hash(bytes, 0);
  }
}

class Colliding extends PathIndex<number> {
  protected override hash(): number {
    return 7;
  }
}

/** Two addresses of one hash, by trying some hundred thousand with the key in hand. */
function collision(seed: number): [Uint8Array, Uint8Array] {
  const index = new Exposed(filler(seeded(seed)));
  const seen = new Map<number, number>();
  for (let low = 0; ; low += 1) {
    const hash = index.hashOf(sockaddr6(1, low));
    const other = seen.get(hash);
    if (other !== undefined) return [sockaddr6(1, other), sockaddr6(1, low)];
    seen.set(hash, low);
  }
}

test("S13: whoever shares a hash shares nothing else", () => {
  const index = new Colliding(filler(seeded(1)));
  const paths = Array.from({ length: 20 }, (_, i) =>
    copyPath([VIA, OTHER][i & 1]!, sockaddr6(i >> 1, 5), 0),
  );
  for (const [i, path] of paths.entries()) index.add(path, i);
  const owners = () => paths.map((path) => index.find(path.via, path.sockaddr, 0));
  expect(owners()).toEqual([...paths.keys()]);
  // From the head, the middle and the end of the bucket; a stranger's removal removes nothing.
  for (const gone of [19, 0, 10]) index.remove(paths[gone]!);
  index.remove(copyPath(VIA, sockaddr6(99, 99), 0));
  expect(owners()).toEqual([...paths.keys()].map((i) => ([0, 10, 19].includes(i) ? null : i)));
  index.add(paths[0]!, 100);
  expect(index.find(VIA, paths[0]!.sockaddr, 0)).toBe(100);
});

test("S13: a session at an address of the same hash dispossesses nobody", () => {
  const [victim, other] = collision(TABLE_SEED);
  const roaming = new Roaming();
  const { pair } = roaming;
  roaming.manners.set(`[2001:db8:0:0:0:1:${word(victim)}]:4000`, "answers");
  roaming.check(victim, { nominate: true });
  roaming.pass(1_000_000);
  expect(roaming.path).toContain("2001:db8");
  const before = roaming.path;
  // The session's own second address is of the same hash, then a foreign check comes from there.
  roaming.check(other);
  expect(pair.table.peer).toBe(pair.server);
  const foreign = checkOf(pair, 1, { username: "nobody:cliU" });
  expect(pair.inject(foreign, other)).toBe(PeerEvent.none);
  expect(roaming.path).toBe(before);
  expect(roaming.media(victim)).toBe(PeerEvent.rtp);
  expect(roaming.media(other)).toBe(PeerEvent.rtp);
  roaming.free();
});

test("S13: two sessions at two addresses of one hash are both found, and each alone is forgotten", () => {
  const [one, two] = collision(TABLE_SEED);
  const { pair } = new Roaming();
  const names = { localUfrag: "srvV", localPwd: "v".repeat(24), remoteUfrag: "cliV" };
  const setup = { ...pair.setup, ...names, remotePwd: "w".repeat(24) };
  const ice = { mode: "lite", random: filler(seeded(2)) } as const;
  const common = { dtls: serverDtls, ciphers, counters: pair.counters, sourcesMax: 4 };
  const second = new Peer({ session: 2, setup, ice, ...common, now: pair.now });
  pair.table.add(second);
  const check = checkOf(pair, 1, { username: "srvV:cliV", pwd: names.localPwd });
  const ownerOf = (address: Uint8Array) => {
    pair.inject(Uint8Array.of(22, 0xfe, 0xfd, ...new Uint8Array(20)), address);
    return pair.table.peer;
  };
  for (const [first, other] of [
    [one, two],
    [two, one],
  ] as const) {
    pair.inject(checkOf(pair, 2, {}), first);
    pair.inject(check, other);
    expect([ownerOf(first), ownerOf(other)]).toEqual([pair.server, second]);
    pair.now += 11_000_000;
  }
  pair.table.close(pair.now, second, "kicked");
  expect([ownerOf(one), ownerOf(two)]).toEqual([null, pair.server]);
  pair.free();
});

test("S13: which addresses collide depends on the key, drawn anew by each process", () => {
  const [one, two] = collision(1);
  for (let seed = 2; seed < 40; seed += 1) {
    const index = new Exposed(filler(seeded(seed)));
    expect(`seed ${seed}: ${index.hashOf(one) === index.hashOf(two)}`).toBe(`seed ${seed}: false`);
  }
});

test("no IPv6 key is an IPv4 key, and IPv4 keys are exact", () => {
  const index = new Exposed(filler(seeded(3)));
  const keys = new Set<number>();
  const random = seeded(4);
  for (let i = 0; i < 20_000; i += 1) {
    const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
    bytes[0] = 2;
    bytes[1] = 0;
    const key = index.hashOf(bytes);
    expect(key).toBeGreaterThanOrEqual(0);
    keys.add(key);
    expect(index.hashOf(sockaddr6(i, i))).toBeLessThan(0);
  }
  expect(keys.size).toBe(20_000);
});

function word(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer);
  return `${view.getUint16(20).toString(16)}:${view.getUint16(22).toString(16)}`;
}

test("one address by two transports is two paths, and each leads to its own session", () => {
  const address = sockaddr6(1, 5);
  const [here, there] = [copyPath(VIA, address, 0), copyPath(OTHER, address, 0)];
  expect(samePath(here, VIA, address, 0)).toBeTrue();
  expect(samePath(here, OTHER, address, 0)).toBeFalse();
  const index = new PathIndex<number>(filler(seeded(1)));
  index.add(here, 1);
  expect(index.find(OTHER, address, 0)).toBeNull();
  index.add(there, 2);
  index.remove(here);
  expect([index.find(VIA, address, 0), index.find(OTHER, address, 0)]).toEqual([null, 2]);
});

test("a check by another transport is answered by that one, though the address is the same", () => {
  const roaming = new Roaming();
  const { pair } = roaming;
  const home = roaming.home;
  const check = checkOf(pair, 77, { nominate: true });
  region.bytes.set(check);
  pair.table.handleDatagram(pair.now, region, 0, check.length, OTHER, home, 0);
  const answers: Transport[] = [];
  const transmit = createTransmit();
  while (pair.table.pollTransmit(transmit)) answers.push(transmit.path.via);
  expect(answers).toContain(OTHER);
  expect(pair.server.ice.validated.paths.map(({ via }) => via)).toEqual([VIA, OTHER]);
  expect(pair.server.path?.sockaddr).toEqual(home);
  roaming.free();
});
