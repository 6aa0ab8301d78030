/** C3: media and reports from a new port tell of a move before the client's next check does. */
import { expect, test } from "bun:test";
import { SIGHTINGS_PER_SECOND } from "../../src/limits.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { Sightings } from "../../src/peer/sightings.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";
import { region } from "./pair.ts";
import { keyOf, mostInASecond, Roaming, sockaddr } from "./roaming.ts";

const HOME = sockaddr(2);
const NEW_PORT = sockaddr(2, 4001);
const SECOND = 1_000_000;

/** A client that has sent SRTP and SRTCP from home, and answers at these addresses. */
function client(...answering: readonly Uint8Array[]): Roaming {
  const roaming = new Roaming();
  for (const address of answering) roaming.manners.set(keyOf(address), "answers");
  roaming.media(HOME);
  roaming.report(HOME);
  roaming.pass(20 * SECOND);
  return roaming;
}

const sealed = (roaming: Roaming, what: "media" | "report") => {
  let bytes: Uint8Array = new Uint8Array();
  const { pair } = roaming;
  const inject = pair.inject.bind(pair);
  pair.inject = (sent: Uint8Array) => {
    bytes = sent.slice();
    return PeerEvent.none;
  };
  roaming[what](HOME);
  pair.inject = inject;
  return bytes;
};

for (const [what, manner] of [
  ["media", "answers"],
  ["report", "answers"],
  ["media", "answers by name"],
  ["report", 487],
] as const) {
  test(`C3: one ${what} packet from a new port (${manner}) takes media there, without any check`, () => {
    const roaming = client();
    roaming.manners.set(keyOf(NEW_PORT), manner);
    const { srtpUnvalidated } = roaming.pair.counters;
    expect(roaming[what](NEW_PORT)).toBe(PeerEvent.none);
    expect(roaming.pair.counters.srtpUnvalidated).toBe(srtpUnvalidated + 1);
    roaming.pass(2 * SECOND);
    expect([roaming.path, roaming.events]).toEqual([keyOf(NEW_PORT), [PeerEvent.moved]]);
    expect(roaming.media(NEW_PORT)).toBe(PeerEvent.rtp);
    roaming.free();
  });
}

for (const what of ["media", "report"] as const) {
  test(`C3: forged, replayed and doubled ${what} from anywhere tells of nothing`, () => {
    const roaming = client(HOME);
    const stranger = sockaddr(66, 53);
    const good = sealed(roaming, what);
    for (let i = 4; i < good.length; i += 1) {
      const flipped = good.slice();
      flipped[i]! ^= 1 << (i & 7);
      roaming.inject(flipped, stranger);
      if (i % SIGHTINGS_PER_SECOND === 0) roaming.pass(SECOND);
    }
    roaming.inject(good, HOME);
    roaming.pass(SECOND);
    roaming.inject(good, stranger);
    roaming.pass(SECOND);
    expect(roaming.checksTo(stranger)).toEqual([]);
    roaming.free();
  });
}

test("C3: while the new port has not answered, its SRTP is not taken, and few packets are lost", () => {
  const roaming = client(HOME);
  const { pair } = roaming;
  const from = pair.now;
  const held: Uint8Array[] = [];
  roaming.pass(2 * SECOND, 10_000, () => {
    const packet = sealed(roaming, "media");
    expect(roaming.inject(packet, NEW_PORT)).toBe(PeerEvent.none);
    held.push(packet);
  });
  expect([roaming.path, roaming.events]).toEqual([keyOf(HOME), []]);
  expect(roaming.checksTo(NEW_PORT, from).length).toBeGreaterThan(2);
  expect(mostInASecond(roaming.checksTo(null, from))).toBeLessThanOrEqual(5);
  const taken = held.filter((packet) => roaming.inject(packet, HOME) === PeerEvent.rtp);
  expect(held.length - taken.length).toBeLessThanOrEqual(7);
  roaming.free();
});

test("C3: a check from where SRTP was seen makes one path of both", () => {
  const roaming = client(NEW_PORT);
  roaming.media(NEW_PORT);
  roaming.check(NEW_PORT);
  roaming.pass(2 * SECOND);
  expect(roaming.path).toBe(keyOf(NEW_PORT));
  expect(roaming.server.ice.validated.paths.length).toBe(2);
  roaming.free();
});

test("S3: SRTP of a client that answers no check moves nothing", () => {
  const roaming = client();
  const from = roaming.pair.now;
  roaming.pass(8 * SECOND, 20_000, () => roaming.media(NEW_PORT));
  expect(roaming.path).toBe(keyOf(HOME));
  expect(roaming.checksTo(NEW_PORT, from).length).toBeLessThan(20);
  roaming.free();
});

test("S3: 10^5 forged packets with the SSRC of a session cost it nothing", () => {
  const roaming = client(HOME);
  const random = seeded(8);
  const forged = sealed(roaming, "media");
  const stranger = sockaddr(66, 53);
  for (let i = 0; i < 100_000; i += 1) {
    for (let at = 12; at < forged.length; at += 1) forged[at] = Math.floor(random() * 256);
    region.bytes.set(forged);
    const { table, now } = roaming.pair;
    table.handleDatagram(now, region, 0, forged.length, VIA, stranger, 0);
  }
  expect(roaming.pair.counters.srtpUnvalidated).toBe(100_000);
  expect(roaming.media(HOME)).toBe(PeerEvent.rtp);
  roaming.pass(SECOND);
  expect(roaming.checksTo(stranger)).toEqual([]);
  roaming.free();
}, 20_000);

test("C3: where several sessions report under one SSRC, the one at the same host is meant", () => {
  const peerAt = (host: number, authentic: boolean) => {
    const receiver = { knows: () => true, openRtcp: () => (authentic ? 8 : -1) };
    const path = { sockaddr: sockaddr(host) };
    return { kid: null, receiver, path, ice: { sighted: null } } as unknown as Peer;
  };
  const meant = (...peers: readonly Peer[]) => {
    const sightings = new Sightings();
    return sightings.ownerOf(0, peers, true, region, 0, 40, VIA, NEW_PORT, 0);
  };
  const [here, there, alsoHere] = [peerAt(2, true), peerAt(3, true), peerAt(2, true)];
  expect(meant(here, there)).toBe(here);
  expect(meant(there, here)).toBe(here);
  expect(meant(there)).toBe(there);
  expect(meant(here, alsoHere)).toBeNull();
  expect(meant(there, peerAt(4, true))).toBeNull();
  expect(meant(peerAt(2, false))).toBeNull();
  expect(meant()).toBeNull();
});
