/** Knocks of strangers, and overheard ones repeated: silence, bounded state, and nobody else is harmed. */
import { expect, test } from "bun:test";
import {
  ACCEPTS_PER_SECOND,
  CONNECT_TIMEOUT_US,
  LINK_ACCEPTS_PER_SECOND,
  LINK_ACCEPTS_PER_SECOND_PER_ADDRESS,
  LINKS_PENDING_MAX,
} from "../../src/limits.ts";
import { checkUsername, keysOf } from "../../src/peer/ice-credentials.ts";
import { callerCredentials, type KnockKey } from "../../src/peer/knock.ts";
import { formatPath } from "../../src/wire/path.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { filler, sockaddr } from "../peer/pair.ts";
import { seeded } from "../support/random.ts";
import {
  type Datagram,
  giveAll,
  KEY,
  type LinkNode,
  LinkWorld,
  linked,
  seal,
} from "./link-world.ts";

const random = filler(seeded(5));
const STUN = 0;
const DTLS_HANDSHAKE = 22;

/** A knock that nobody has sent before. */
function knock(key: KnockKey = KEY, priority: number | null = 1): Uint8Array {
  const keys = keysOf(callerCredentials(key, random));
  const bytes = new Uint8Array(700);
  const transactionId = new Uint8Array(12);
  random(transactionId);
  const username = checkUsername(keys);
  const fields = { transactionId, username, priority, controlling: new Uint8Array(8) };
  const request = { ...fields, useCandidate: true };
  return bytes.slice(0, writeBindingRequest(bytes, 0, request, keys.remotePwd));
}

/** Counts what goes to each address that is none of a node's, against what came from there. */
class Ledger {
  readonly #owed = new Map<string, number>();
  sent = 0;

  give(node: LinkNode, bytes: Uint8Array, from: Uint8Array): void {
    this.#add(from, bytes.length);
    this.take(node.give(bytes, from));
  }

  take(datagrams: readonly Datagram[]): void {
    for (const { to, bytes } of datagrams) {
      if (to[7]! < 10) continue;
      this.sent += bytes.length;
      this.#add(to, -bytes.length);
      expect(this.#owed.get(formatPath({ sockaddr: to }))).toBeGreaterThanOrEqual(0);
    }
  }

  #add(address: Uint8Array, bytes: number): void {
    const name = formatPath({ sockaddr: address });
    this.#owed.set(name, (this.#owed.get(name) ?? 0) + bytes);
  }
}

test("LK1: 10,000 knocks without the secret get no answer and leave nothing behind", () => {
  const world = new LinkWorld();
  const b = world.node();
  const wrong = { kid: KEY.kid, key: new Uint8Array(32).fill(3) };
  for (let i = 0; i < 10_000; i += 1) {
    const stranger = { kid: `x${String(i).padStart(7, "0")}`, key: wrong.key };
    const from = sockaddr(10 + (i % 200), 1024 + i);
    expect(b.give(knock(i % 2 === 0 ? wrong : stranger), from)).toEqual([]);
    world.now += 100;
  }
  expect(b.sessions.table.size).toBe(0);
  expect([b.links.opened, b.links.ended, b.emitted]).toEqual([[], [], []]);
});

test("LK1: while strangers flood, whoever has the secret gets in at once", () => {
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node()];
  const flood = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const stranger = { kid: `x${String(i).padStart(7, "0")}`, key: KEY.key };
      b.receiver.waiting.push({ bytes: knock(stranger), from: sockaddr(20, 2000 + i) });
    }
  };
  flood(2 * ACCEPTS_PER_SECOND);
  b.turn();
  const peer = a.dial(b);
  const connected = world.run(() => {
    flood(100);
    return peer.state === "connected";
  }, 200_000);
  expect(connected).toBe(true);
});

test("LK4: what was overheard of a live link and comes from elsewhere changes nothing", () => {
  const { world, a, b, peer } = linked();
  // Until both have asked whether the other is still there.
  world.run(() => false, 6_000_000);
  const overheard = [...world.seen];
  const called = b.link;
  const before = [peer.path, called.path];
  expect(new Set(overheard.map(({ bytes }) => bytes[0])).size).toBeGreaterThan(2);
  giveAll(b, [seal(peer, 1)], a.address);
  const unseen = [2, 3].map((index) => seal(peer, index));
  const ledger = new Ledger();
  for (let round = 0; round < 20; round += 1) {
    for (const { to, bytes } of overheard) {
      const from = sockaddr(10 + round, 4000 + (round % 3));
      ledger.give(to === a.address ? a : b, bytes, from);
    }
    // Even what the link itself has not had.
    ledger.give(b, unseen[0]!, sockaddr(50 + round));
    world.now += 50_000;
    ledger.take(a.turn().concat(b.turn()));
  }
  expect([a.sessions.table.size, b.sessions.table.size]).toEqual([1, 1]);
  expect([peer.path, called.path]).toEqual(before);
  giveAll(b, unseen, a.address);
  giveAll(a, [seal(called, 1)], b.address);
  expect(b.links.came.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(a.links.came.map(({ index }) => index)).toEqual([1]);
  // And the called end has sent nothing there at all.
  const sent = ledger.sent;
  for (const { to, bytes } of overheard) {
    if (to !== a.address) ledger.give(b, bytes, sockaddr(90));
  }
  expect(ledger.sent).toBe(sent);
});

test("LK4: a handshake under way is not drawn elsewhere by its own knock", () => {
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node()];
  const peer = a.dial(b);
  const elsewhere = sockaddr(66);
  const connected = world.run(() => {
    for (const { to, bytes } of world.seen) {
      if (to !== a.address && bytes[0] === STUN) {
        b.receiver.waiting.push({ bytes, from: elsewhere });
        break;
      }
    }
    return peer.state === "connected" && b.links.opened.length > 0;
  });
  expect(connected).toBe(true);
  expect(world.seen.filter(({ to }) => to[7] === 66)).toEqual([]);
});

test("LK4: a call under way is answered, though strangers name it in the meantime", () => {
  const world = new LinkWorld();
  const [a, b] = [world.node(), world.node()];
  const peer = a.dial(b);
  const { localUfrag, remoteUfrag } = peer.setup;
  const username = new TextEncoder().encode(`${localUfrag}:${remoteUfrag}`);
  const fields = { priority: 1, controlling: null, useCandidate: false };
  const request = { transactionId: new Uint8Array(12), username, ...fields };
  const bytes = new Uint8Array(700);
  const length = writeBindingRequest(bytes, 0, request, new Uint8Array(43));
  const sent = a.give(bytes.slice(0, length), sockaddr(66));
  expect(sent.filter(({ to }) => to[7] === 66)).toEqual([]);
  expect(world.run(() => b.links.opened.length > 0)).toBe(true);
});

test("LK4: a knock of a link that is over, with all that followed it, gets less than it brings", () => {
  const { world, a, b, peer } = linked();
  const overheard = world.seen.filter(({ to }) => to !== a.address);
  const knocks = overheard.filter(({ bytes }) => bytes[0] === STUN);
  const flights = overheard.filter(({ bytes }) => bytes[0] === DTLS_HANDSHAKE);
  expect(knocks.length).toBeGreaterThan(0);
  expect(flights.length).toBeGreaterThan(1);
  a.sessions.close(peer.session, "shutdown", world.now);
  world.run(() => b.links.ended.length > 0);
  const ledger = new Ledger();
  // Long after, by somebody who writes the address of a third: the knock, and the first hello.
  world.now += 15_000_000;
  ledger.give(b, knocks[0]!.bytes, sockaddr(30));
  ledger.give(b, flights[0]!.bytes, sockaddr(30));
  for (const end = world.now + 2 * CONNECT_TIMEOUT_US; world.now < end; world.now += 50_000) {
    ledger.take(b.turn());
  }
  expect(b.sessions.table.size).toBe(0);
  // Then all of it again and again, through the ends of the sessions that it makes.
  for (let i = 0; i < 1200; i += 1) {
    world.now += 50_000;
    const from = sockaddr(10 + (i % 4));
    if (i % 7 === 0) ledger.give(b, knocks[0]!.bytes, from);
    for (const { bytes } of flights) ledger.give(b, bytes, from);
    ledger.take(b.turn());
    expect(b.sessions.table.size).toBeLessThanOrEqual(1);
  }
  expect(ledger.sent).toBeGreaterThan(0);
  expect(b.links.opened.length).toBe(1);
  expect(b.emitted).toEqual([]);
});

test("LK4: of links that are not trusted so many are kept, the newest; a trusted one stays", () => {
  const { world, a, b } = linked();
  const live = b.link;
  live.trusted = true;
  const stranger = world.node();
  const unproven = stranger.dial(b);
  world.run(() => b.links.opened.length === 2);
  const first = b.links.ended.length;
  for (let i = 0; i < LINKS_PENDING_MAX + 50; i += 1) {
    world.now += 1_100_000 / LINK_ACCEPTS_PER_SECOND;
    b.give(knock(), sockaddr(10 + (i % 200), 1024 + i));
    // It gives signs of life all the time.
    if (i % 50 === 0) giveAll(b, [seal(a.link, i)], a.address);
    if (i % 50 === 0) giveAll(b, [seal(unproven, i)], stranger.address);
    expect(b.sessions.table.size).toBeLessThanOrEqual(1 + LINKS_PENDING_MAX);
  }
  expect(b.sessions.table.size).toBe(1 + LINKS_PENDING_MAX);
  expect(b.sessions.table.bySession(live.session)).toBe(live);
  // The oldest went first, though it has done DTLS: numbers go down.
  const ended = b.links.ended.slice(first);
  expect(ended).toEqual(Array.from({ length: 51 }, (_, i) => live.session - 1 - i));
  world.now += CONNECT_TIMEOUT_US;
  b.turn();
  expect([...b.sessions.table.peers()].filter(({ state }) => state !== "connected")).toEqual([]);
  expect(b.emitted).toEqual([]);
});

test("LK4: all together get so many links a second", () => {
  const world = new LinkWorld();
  const b = world.node();
  const most = LINK_ACCEPTS_PER_SECOND;
  for (let i = 0; i < 2 * most; i += 1) b.give(knock(), sockaddr(10 + i));
  expect(b.sessions.table.size).toBe(most);
});

test("LK4: one address gets so many links a second", () => {
  const world = new LinkWorld();
  const b = world.node();
  const most = LINK_ACCEPTS_PER_SECOND_PER_ADDRESS;
  for (let i = 0; i < 2 * most; i += 1) b.give(knock(), sockaddr(10, 1024 + i));
  expect(b.sessions.table.size).toBe(most);
  b.give(knock(), sockaddr(11));
  expect(b.sessions.table.size).toBe(most + 1);
  world.now += 1_000_000;
  b.give(knock(), sockaddr(10));
  expect(b.sessions.table.size).toBe(most + 2);
});
