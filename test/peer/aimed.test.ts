/** S3: nobody aims the server at an address that does not ask for it. */
import { expect, test } from "bun:test";
import { UNPROVEN_BYTES_PER_SECOND } from "../../src/limits.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import { parseStun, StunMessage, verifyIntegrity } from "../../src/wire/stun.ts";
import { VIA } from "../support/transport.ts";
import { Pair, region } from "./pair.ts";
import {
  CLIENT_PWD,
  checkOf,
  keyOf,
  type Manner,
  mostInASecond,
  Roaming,
  sockaddr,
} from "./roaming.ts";

const HOME = sockaddr(2);
const VICTIM = sockaddr(66, 53);
const THERE = sockaddr(9, 6000);
const SECOND = 1_000_000;
const text = new TextEncoder();

/** A client at HOME, asked once there, that does `manner` with the server's checks. */
function client(manner: Manner): Roaming {
  const roaming = new Roaming();
  if (manner !== "silent") roaming.manners.set(keyOf(HOME), manner);
  roaming.pass(6 * SECOND, 2 * SECOND, () => roaming.check(HOME));
  return roaming;
}

/** A whole second of reports, as many as may leave: bytes. */
function reportsOfASecond(roaming: Roaming, bytes = 100): number {
  let sum = 0;
  roaming.pass(SECOND, 1_000, () => {
    if (!roaming.server.reportsAllowed || roaming.server.mediaAllowed) return;
    roaming.server.noteReport(bytes);
    sum += bytes;
  });
  return sum;
}

test("S3: a spoofed nomination moves nothing and brings its address a few checks", () => {
  const roaming = client("answers");
  const from = roaming.pair.now;
  roaming.pass(60 * SECOND, 100_000, () => {
    roaming.check(VICTIM, { nominate: true });
    roaming.check(HOME);
  });
  expect([roaming.path, roaming.events]).toEqual([keyOf(HOME), []]);
  const checks = roaming.checksTo(VICTIM, from);
  expect(checks.length).toBeGreaterThan(2);
  expect(checks.length).toBeLessThan(40);
  expect(mostInASecond(roaming.checksTo(null, from))).toBeLessThanOrEqual(5);
  // What goes there besides are answers, each smaller than the check that it answers.
  const there = roaming.sent.filter(({ to }) => to === keyOf(VICTIM));
  expect(there.every(({ kind }) => kind !== "other")).toBe(true);
  const answered = there.filter(({ kind }) => kind === "answer");
  expect(answered.length).toBe(600);
  expect(answered.every(({ bytes }) => bytes.length <= 64)).toBe(true);
  roaming.free();
});

test("S3: 10^5 replayed checks from spoofed addresses: five checks a second, and the client is served", () => {
  const roaming = client("answers");
  const captured = roaming.check(HOME, { nominate: true });
  const from = roaming.pair.now;
  let answered = 0;
  for (let i = 0; i < 100_000; i += 1) {
    // Some are one victim's, some each of another address.
    const spoofed = i % 2 === 0 ? VICTIM : sockaddr(100 + (i % 100), 1 + (i % 60_000));
    region.bytes.set(captured);
    roaming.pair.table.handleDatagram(
      roaming.pair.now,
      region,
      0,
      captured.length,
      VIA,
      spoofed,
      0,
    );
    if (i % 100 !== 0) continue;
    const before = roaming.sent.length;
    roaming.check(HOME);
    const own = ({ to, kind }: (typeof roaming.sent)[number]) =>
      to === keyOf(HOME) && kind === "answer";
    if (roaming.sent.slice(before).some(own)) answered += 1;
    roaming.pass(20_000);
  }
  expect(answered).toBe(1000);
  expect([roaming.path, roaming.events]).toEqual([keyOf(HOME), []]);
  expect(roaming.server.mediaAllowed).toBe(true);
  expect(roaming.server.ice.validated.paths.length).toBeLessThanOrEqual(4);
  expect(mostInASecond(roaming.checksTo(null, from))).toBeLessThanOrEqual(5);
  roaming.free();
}, 120_000);

test("S3: consent is the selected path's: checks from elsewhere keep none", () => {
  const roaming = client("answers");
  roaming.manners.set(keyOf(THERE), "answers");
  roaming.check(THERE, { nominate: true });
  roaming.pass(SECOND);
  expect(roaming.path).toBe(keyOf(THERE));
  // The client hands the address on and goes on from home, with checks and reports.
  roaming.manners.clear();
  const from = roaming.pair.now;
  let media = 0;
  roaming.pass(40 * SECOND, 500_000, () => {
    if (roaming.server.mediaAllowed && roaming.path === keyOf(THERE)) media = roaming.pair.now;
    if (roaming.server.state !== "connected") return;
    roaming.check(HOME);
    roaming.report(HOME);
  });
  expect(media - from).toBeLessThanOrEqual(10 * SECOND);
  expect(roaming.server.closeReason).toBe("consent-expired");
  roaming.free();
});

test("S3: a client that answers is asked each 5 s, and answers alone are its consent", () => {
  const roaming = client("answers");
  roaming.sent.length = 0;
  roaming.pass(60 * SECOND);
  const asked = roaming.checksTo(HOME);
  const gaps = asked.slice(1).map(({ at }, i) => at - asked[i]!.at);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5 * SECOND + roaming.roundTripUs);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3.9 * SECOND);
  expect(roaming.server.mediaAllowed).toBe(true);
  roaming.manners.clear();
  const alive = () => {
    if (roaming.server.state !== "connected") return;
    roaming.check(HOME, { nominate: true });
    roaming.report(HOME);
  };
  roaming.pass(10 * SECOND, SECOND, alive);
  expect(roaming.server.mediaAllowed).toBe(false);
  // Within the next 20 s it may come back.
  roaming.manners.set(keyOf(HOME), "answers");
  roaming.pass(2 * SECOND, SECOND, alive);
  expect(roaming.server.mediaAllowed).toBe(true);
  roaming.manners.clear();
  roaming.pass(36 * SECOND, SECOND, alive);
  expect(roaming.server.closeReason).toBe("consent-expired");
  roaming.free();
});

for (const [what, sign] of [
  ["checks", (roaming: Roaming) => roaming.check(HOME)],
  ["SRTP", (roaming: Roaming) => roaming.media(HOME)],
  ["SRTCP", (roaming: Roaming) => roaming.report(HOME)],
] as const) {
  for (const manner of ["silent", 400, 401, 500] as const) {
    test(`S3: a client that never answers (${manner}) keeps its consent by ${what}`, () => {
      const roaming = client(manner);
      roaming.pass(60 * SECOND, 9 * SECOND, () => sign(roaming));
      expect(roaming.server.mediaAllowed).toBe(true);
      // From elsewhere the same is no consent, and without a nomination nothing moves.
      roaming.check(THERE);
      roaming.pass(11 * SECOND, SECOND, () => {
        roaming.check(THERE);
        roaming.media(THERE);
      });
      expect([roaming.path, roaming.server.mediaAllowed]).toEqual([keyOf(HOME), false]);
      roaming.free();
    });
  }
}

for (const manner of ["silent", 400] as const) {
  test(`S3 C3: a client that never answers (${manner}) moves by nomination, on a ration until it is heard`, () => {
    const roaming = client(manner);
    roaming.manners.set(keyOf(THERE), manner);
    roaming.check(THERE, { nominate: true });
    expect(roaming.path).toBe(keyOf(HOME));
    roaming.pass(2 * SECOND);
    expect([roaming.path, roaming.events]).toEqual([keyOf(THERE), [PeerEvent.moved]]);
    const { server } = roaming;
    expect([server.mediaAllowed, server.reportsAllowed]).toEqual([false, true]);
    for (let second = 0; second < 20; second += 1) {
      if (second % 4 === 0) roaming.check(THERE, { nominate: true });
      const from = roaming.pair.now;
      const bytes = reportsOfASecond(roaming);
      const checks = roaming
        .checksTo(THERE, from)
        .reduce((sum, each) => sum + each.bytes.length, 0);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes + checks).toBeLessThanOrEqual(UNPROVEN_BYTES_PER_SECOND);
    }
    expect(reportsOfASecond(roaming, 1232)).toBeLessThanOrEqual(UNPROVEN_BYTES_PER_SECOND);
    roaming.report(THERE);
    expect([server.mediaAllowed, server.reportsAllowed]).toEqual([true, true]);
    roaming.pass(9 * SECOND);
    expect(server.mediaAllowed).toBe(true);
    roaming.pass(2 * SECOND);
    expect(server.mediaAllowed).toBe(false);
    roaming.free();
  });
}

test("S3: a replayed nomination takes the media of a client that never answers for a moment only", () => {
  const roaming = client("silent");
  const captured = roaming.check(HOME, { nominate: true });
  let away = 0;
  let turns = 0;
  roaming.pass(120 * SECOND, 100_000, () => {
    roaming.check(VICTIM, { replay: captured });
    if (++turns % 10 === 0) roaming.report(HOME);
    if (roaming.path !== keyOf(HOME)) away += 100_000;
  });
  expect(away).toBeLessThan(10 * SECOND);
  expect(roaming.server.state).toBe("connected");
  roaming.free();
});

test("S3: our check is an authentic one with a random id, and only its answer proves a path", () => {
  const roaming = client("answers");
  roaming.check(THERE, { nominate: true });
  roaming.pass(1);
  const [check] = roaming.checksTo(THERE);
  const message = new StunMessage();
  expect(parseStun(check!.bytes, 0, check!.bytes.length, message)).toBe(true);
  const { usernameOffset: at, usernameLength } = message;
  const username = new TextDecoder().decode(check!.bytes.subarray(at, at + usernameLength));
  expect(username).toBe("cliU:srvU");
  expect([message.iceControlled, message.iceControlling, message.useCandidate]).toEqual([
    true,
    false,
    false,
  ]);
  expect(message.priority).toBeGreaterThan(0);
  expect([message.fingerprintOk, message.unknownCount]).toEqual([true, 0]);
  expect(verifyIntegrity(check!.bytes, 0, message, text.encode(CLIENT_PWD))).toBe(true);
  const ids = roaming.checksTo(null).map(({ bytes }) => bytes.subarray(8, 20).toHex());
  expect(new Set(ids).size).toBe(ids.length);
  // Forged, from elsewhere, in clear, or a refusal: no proof.
  const good = roaming.answer(check!.bytes, "answers", THERE);
  roaming.inject(roaming.answer(check!.bytes, "answers", THERE, "x".repeat(24)), THERE);
  roaming.inject(good, VICTIM);
  roaming.inject(good, HOME);
  const clear = good.slice(0, -32);
  clear[3] = clear.length - 20;
  roaming.inject(clear, THERE);
  const refusal = roaming.answer(check!.bytes, 487, THERE).slice(0, -32);
  refusal[3] = refusal.length - 20;
  roaming.inject(refusal, THERE);
  expect(roaming.path).toBe(keyOf(HOME));
  roaming.inject(good, THERE);
  expect(roaming.path).toBe(keyOf(THERE));
  // A replay of it keeps no consent.
  roaming.manners.clear();
  roaming.pass(11 * SECOND, SECOND, () => roaming.inject(good, THERE));
  expect(roaming.server.mediaAllowed).toBe(false);
  roaming.free();
});

test("S3: an authentic 487 is an answer; another refusal is none; 403 withdraws consent", () => {
  const roaming = client(487);
  roaming.manners.set(keyOf(THERE), 500);
  roaming.check(THERE, { nominate: true });
  roaming.pass(4 * SECOND, SECOND, () => roaming.check(THERE, { nominate: true }));
  expect(roaming.path).toBe(keyOf(HOME));
  roaming.manners.set(keyOf(THERE), 487);
  roaming.check(THERE, { nominate: true });
  roaming.pass(2 * SECOND);
  expect(roaming.path).toBe(keyOf(THERE));
  // From the address that was left it withdraws nothing.
  roaming.manners.set(keyOf(HOME), 403);
  roaming.pass(15 * SECOND, SECOND, () => roaming.check(HOME));
  expect(roaming.server.state).toBe("connected");
  roaming.manners.set(keyOf(THERE), 403);
  roaming.pass(6 * SECOND);
  expect([roaming.server.state, roaming.server.closeReason]).toEqual(["closed", "peer-closed"]);
  roaming.free();
});

test("S3: no check of ours goes where nothing authentic came from", () => {
  const roaming = client("silent");
  roaming.sent.length = 0;
  for (let i = 0; i < 100; i += 1) {
    roaming.check(VICTIM, { nominate: true, pwd: "y".repeat(24) });
    roaming.inject(Uint8Array.of(0x80, 96, 0, i, ...new Uint8Array(60)), VICTIM);
    roaming.pass(10_000);
  }
  expect(roaming.sent.filter(({ to }) => to === keyOf(VICTIM))).toEqual([]);
  roaming.free();
});

for (const serverRole of ["server", "client"] as const) {
  test(`S3: a nomination in the middle of a handshake as ${serverRole} leaves its address unproven`, () => {
    // The client has read at home what it finishes, and says that it is at the victim's address.
    const pair = new Pair({ serverRole });
    const isFlight = (bytes: Uint8Array) => bytes[0] === 22 && bytes.length > 200;
    let moved = false;
    pair.run(() => {
      if (!moved && pair.sentByServer.some(isFlight)) {
        moved = true;
        pair.inject(checkOf(pair, 1, { nominate: true }), VICTIM);
        pair.clientAddress = VICTIM;
      }
      return pair.connected;
    });
    const { server } = pair;
    expect([moved, server.state, server.path?.sockaddr[7]]).toEqual([true, "connected", 66]);
    expect([server.mediaAllowed, server.reportsAllowed]).toEqual([false, true]);
    pair.free();
  });
}
