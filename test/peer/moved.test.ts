/** C3: media follows a client to another address, when it lives there and no longer at the old one. */
import { expect, test } from "bun:test";
import { PeerEvent } from "../../src/peer/events.ts";
import { keyOf, mostInASecond, Roaming, sockaddr } from "./roaming.ts";

const NEW_PORT = sockaddr(2, 4001);
const NEW_ADDRESS = sockaddr(7, 5000);
const SECOND = 1_000_000;

/** A client that answers the server's checks wherever it is. */
function answering(...addresses: readonly Uint8Array[]): Roaming {
  const roaming = new Roaming();
  for (const address of addresses) roaming.manners.set(keyOf(address), "answers");
  return roaming;
}

for (const [what, there] of [
  ["a new port", NEW_PORT],
  ["a new address", NEW_ADDRESS],
] as const) {
  for (const asked of [false, true]) {
    test(`C3: ${what} without nomination takes media within 2 s${asked ? ", later too" : ""}`, () => {
      const roaming = answering(there, ...(asked ? [sockaddr(2)] : []));
      if (asked) roaming.pass(60 * SECOND, 2.5 * SECOND, () => roaming.check(roaming.home));
      roaming.manners.delete(keyOf(roaming.home));
      const { now } = roaming.pair;
      roaming.check(there);
      expect(roaming.path).toBe(keyOf(roaming.home));
      roaming.pass(2 * SECOND);
      expect(roaming.path).toBe(keyOf(there));
      expect(roaming.events).toEqual([PeerEvent.moved]);
      expect(roaming.server.mediaAllowed).toBe(true);
      expect(mostInASecond(roaming.checksTo(null, now))).toBeLessThanOrEqual(5);
      roaming.pass(60 * SECOND, 5 * SECOND, () => roaming.check(there));
      expect([roaming.path, roaming.server.mediaAllowed]).toEqual([keyOf(there), true]);
      roaming.free();
    });
  }
}

test("C3: fresh SRTP from another address of the session is as quick as a check", () => {
  const roaming = answering(sockaddr(2), NEW_PORT);
  roaming.check(NEW_PORT);
  // The second interface is there, the first one answers: nothing moves.
  roaming.pass(20 * SECOND, 5 * SECOND, () => roaming.check(NEW_PORT));
  expect(roaming.path).toBe(keyOf(roaming.home));
  roaming.manners.delete(keyOf(roaming.home));
  roaming.media(NEW_PORT);
  roaming.pass(2 * SECOND, 20_000, () => roaming.media(NEW_PORT));
  expect(roaming.path).toBe(keyOf(NEW_PORT));
  roaming.free();
});

test("C3: a nomination wins as soon as its path is proven", () => {
  const roaming = answering(NEW_ADDRESS, sockaddr(2));
  roaming.check(NEW_ADDRESS, { nominate: true });
  expect(roaming.path).toBe(keyOf(roaming.home));
  roaming.pass(roaming.roundTripUs);
  expect(roaming.path).toBe(keyOf(NEW_ADDRESS));
  // And back: that one was proven a moment ago.
  roaming.check(roaming.home, { nominate: true });
  roaming.pass(roaming.roundTripUs);
  expect(roaming.path).toBe(keyOf(roaming.home));
  roaming.check(NEW_ADDRESS, { nominate: true });
  expect(roaming.path).toBe(keyOf(NEW_ADDRESS));
  roaming.free();
});

for (const lossSeed of [1, 2, 3, 4]) {
  test(`C3: two paths alive, a quiet audio-only viewer: nothing moves (${lossSeed})`, () => {
    const roaming = answering(sockaddr(2), NEW_ADDRESS);
    const offset = lossSeed * 300_000;
    roaming.pass(offset);
    roaming.pass(600 * SECOND, 2.5 * SECOND, () => roaming.check(NEW_ADDRESS));
    expect(roaming.path).toBe(keyOf(roaming.home));
    expect(roaming.events).toEqual([]);
    expect(roaming.server.mediaAllowed).toBe(true);
    // Some checks each time the other path is heard, not a stream of them.
    expect(roaming.checksTo(null).length).toBeLessThan(600);
    roaming.free();
  });
}

test("C3: a path that carries nothing to the client is left, though it is heard", () => {
  const roaming = answering(sockaddr(2), NEW_ADDRESS);
  const both = () => {
    roaming.check(roaming.home, { nominate: true });
    roaming.check(NEW_ADDRESS);
    roaming.report(roaming.home);
  };
  roaming.pass(20 * SECOND, 2.5 * SECOND, both);
  expect(roaming.path).toBe(keyOf(roaming.home));
  roaming.manners.delete(keyOf(roaming.home));
  roaming.pass(5 * SECOND, 2.5 * SECOND, both);
  expect(roaming.path).toBe(keyOf(NEW_ADDRESS));
  // Its nominations come in still, from a path without proof: they bring nothing back.
  roaming.pass(60 * SECOND, 2.5 * SECOND, both);
  expect(roaming.events).toEqual([PeerEvent.moved]);
  expect(roaming.server.mediaAllowed).toBe(true);
  roaming.free();
});

test("C3: a path from which no answer comes is not taken, and the session ends with the old one", () => {
  const roaming = answering(sockaddr(2));
  roaming.pass(10 * SECOND);
  roaming.manners.clear();
  roaming.pass(60 * SECOND, 2.5 * SECOND, () => {
    if (roaming.server.state === "connected") roaming.check(NEW_ADDRESS, { nominate: true });
  });
  expect(roaming.server.closeReason).toBe("consent-expired");
  expect(roaming.events).toEqual([PeerEvent.closed]);
  roaming.free();
});

test("C3: on a lossy network media moves all the same", () => {
  const late: number[] = [];
  for (let seed = 1; seed <= 40; seed += 1) {
    const roaming = answering();
    let state = seed;
    const lost = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state % 100 < 19;
    };
    const from = roaming.pair.now;
    roaming.check(NEW_PORT);
    roaming.pass(8 * SECOND, 10_000, () => {
      roaming.manners.set(keyOf(NEW_PORT), lost() ? "silent" : "answers");
      if ((roaming.pair.now - from) % 500_000 === 0) roaming.report(NEW_PORT);
      if (roaming.path === keyOf(NEW_PORT) && late.length < seed) {
        late.push(roaming.pair.now - from);
      }
    });
    expect(`seed ${seed}: ${roaming.path}`).toBe(`seed ${seed}: ${keyOf(NEW_PORT)}`);
    roaming.free();
  }
  late.sort((a, b) => a - b);
  expect(late[Math.floor(late.length * 0.9)]!).toBeLessThanOrEqual(2 * SECOND);
});

test("S3: a client that nominates another address each 20 ms is told of once a second", () => {
  const roaming = answering(sockaddr(2), NEW_PORT);
  let turn = 0;
  roaming.pass(10 * SECOND, 20_000, () => {
    turn += 1;
    roaming.check(turn % 2 === 0 ? roaming.home : NEW_PORT, { nominate: true });
  });
  roaming.pass(2 * SECOND);
  expect(roaming.events.length).toBeGreaterThan(2);
  expect(roaming.events.length).toBeLessThanOrEqual(12);
  roaming.free();
});

test("C3: there and back again, as a phone between two networks", () => {
  const roaming = answering();
  let here = roaming.home;
  for (const next of [NEW_PORT, NEW_ADDRESS, roaming.home, NEW_PORT, roaming.home]) {
    roaming.manners.delete(keyOf(here));
    roaming.manners.set(keyOf(next), "answers");
    here = next;
    const from = roaming.pair.now;
    roaming.check(next);
    roaming.pass(2 * SECOND);
    expect(`${roaming.path} after ${roaming.pair.now - from}`).toBe(`${keyOf(next)} after 2000000`);
    roaming.pass(7 * SECOND, 2.5 * SECOND, () => roaming.check(here));
  }
  roaming.free();
});

test("W44: after an ICE restart media moves to where the new credentials are, once proven", () => {
  const roaming = answering(sockaddr(2));
  const renewed = { localUfrag: "srv2", localPwd: "p".repeat(24), remoteUfrag: "cli2" };
  const { pair } = roaming;
  pair.table.restart(pair.now, pair.server, {
    ...renewed,
    remotePwd: "client-password-0123456789",
  });
  const fresh = { username: "srv2:cli2", pwd: renewed.localPwd };
  roaming.check(NEW_ADDRESS, fresh);
  roaming.pass(3 * SECOND, SECOND, () => roaming.check(NEW_ADDRESS, fresh));
  // It answers at the old address only: a restart cannot be used to aim either.
  expect(roaming.path).toBe(keyOf(roaming.home));
  roaming.manners.set(keyOf(NEW_ADDRESS), "answers");
  roaming.pass(SECOND, SECOND, () => roaming.check(NEW_ADDRESS, fresh));
  roaming.pass(SECOND);
  expect(roaming.path).toBe(keyOf(NEW_ADDRESS));
  // The old credentials are void.
  const { stunForged, stunUnknown } = pair.counters;
  roaming.check(roaming.home);
  expect(pair.counters.stunForged + pair.counters.stunUnknown).toBe(stunForged + stunUnknown + 1);
  roaming.free();
});
