import { expect, test } from "bun:test";
import { roleOf } from "../../src/cascade/greeting.ts";
import { Keyring } from "../../src/cascade/keyring.ts";
import { encodeElements } from "../../src/wire/cascade/elements.ts";
import { Frame, Message } from "../../src/wire/cascade/kinds.ts";
import { writeClose } from "../../src/wire/cascade/node.ts";
import { writeOrdered } from "../../src/wire/cascade/ordered.ts";
import { writePing, writePong } from "../../src/wire/cascade/ping.ts";
import { type End, Pair } from "./ends.ts";

function openPair(): Pair {
  const pair = new Pair();
  pair.run(100_000);
  expect([pair.caller.link.open, pair.callee.link.open]).toEqual([true, true]);
  return pair;
}

const typeOf = (frame: Uint8Array): number => frame[1]!;

function message(end: End, number: number, values: readonly unknown[], now: number): void {
  const piece = encodeElements(values);
  end.take(encodeElements(writeOrdered({ number, more: false, piece })), now);
}

test("both ends open by their hellos, and messages come in order", () => {
  const pair = openPair();
  expect([pair.caller.opens, pair.callee.opens]).toEqual([1, 1]);
  expect(pair.caller.link.hello?.version).toBe("test");
  for (let i = 0; i < 5; i += 1) pair.caller.link.send([Message.drain, i]);
  pair.run(50_000);
  expect(pair.callee.messages.map(({ type, elements }) => [type, elements.uint()])).toEqual(
    [0, 1, 2, 3, 4].map((i) => [Message.drain, i]),
  );
});

/** A caller and a callee that are told nothing of what they are to be, where there are so many cores. */
function undecided(cores: number): Pair {
  return new Pair(roleOf("auto"), roleOf("auto"), undefined, cores);
}

test("who calls says what it is when it has heard how many cores there are", () => {
  for (const [cores, role] of [
    [15, "core"],
    [16, "edge"],
  ] as const) {
    const pair = undecided(cores);
    pair.run(15_000);
    expect([pair.caller.opens, pair.callee.opens]).toEqual([1, 0]);
    pair.run(15_000);
    expect(pair.callee.link.hello?.role).toBe(role);
    // Who was called has said that it is a core.
    expect(pair.caller.link.hello?.role).toBe("core");
  }
});

test("who has said that it is a core and is an edge meanwhile ends the link", () => {
  const pair = undecided(15);
  pair.run(15_000);
  pair.calleeSelf.role = "edge";
  pair.calleeSelf.coresMax = null;
  pair.run(50_000);
  expect([pair.callee.opens, pair.callee.reasons]).toEqual([0, ["it is an edge now"]]);
  expect(pair.caller.reasons).toEqual(["it is an edge now"]);
});

test("half of all frames lost, the ends open all the same", () => {
  const pair = new Pair();
  let count = 0;
  pair.run(1_000_000, () => {
    count += 1;
    return count % 2 === 0;
  });
  expect([pair.caller.link.open, pair.callee.link.open]).toEqual([true, true]);
});

test("cascade-proof: before the hello nothing is answered but acknowledged, and nothing is told", () => {
  const { caller, now } = new Pair();
  caller.link.handleTimeout(now);
  caller.out.length = 0;
  caller.take(encodeElements(writePing(1)), now);
  caller.take(encodeElements([Frame.heads, 1, [5], 0]), now);
  caller.take(encodeElements([Frame.figures]), now);
  caller.link.sendLoose([Frame.heads, 1, [5], 0]);
  caller.link.handleTimeout(now);
  expect(caller.out).toEqual([]);
  expect(caller.frames).toEqual([]);
});

test("cascade-proof: who does not begin with a hello is let go", () => {
  for (const first of [[Message.name, "a"], writeClose("x"), [Message.hello, 1], [99]]) {
    const { caller, now } = new Pair();
    message(caller, 0, first, now);
    expect(caller.reasons).toEqual(["it sent no hello"]);
    expect(caller.link.closed).toBeTrue();
  }
});

test("both ends of a wrong secret say so and tell nothing else", () => {
  const pair = new Pair({}, {}, [
    new Keyring("test", [new Uint8Array(32).fill(1)]),
    new Keyring("test", [new Uint8Array(32).fill(2)]),
  ]);
  pair.run(200_000);
  for (const end of [pair.caller, pair.callee]) {
    expect(end.reasons).toEqual(["wrong secret"]);
    expect(end.opens).toBe(0);
  }
});

test("a hello that takes longer than 5 s never comes", () => {
  const pair = new Pair();
  pair.run(4_990_000, () => true);
  expect(pair.caller.reasons).toEqual([]);
  pair.run(20_000, () => true);
  expect(pair.caller.reasons).toEqual(["no answer"]);
  expect(pair.caller.link.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("a ping a second measures the way; the answer tells how its end fares", () => {
  const pair = new Pair();
  pair.delayUs = 25_000;
  pair.callee.load = { busy: 1.5, lagUs: 3_000, filled: 0.999 };
  pair.run(200_000);
  const { time, load, lagUs, filled } = pair.caller.link;
  expect(time.roundTripUs).toBeGreaterThanOrEqual(50_000);
  expect(time.roundTripUs).toBeLessThan(53_000);
  expect([load, lagUs]).toEqual([1, 3_000]);
  // 1 would be: takes no more.
  expect(filled).toBe(254 / 255);
  let pings = 0;
  // How much the path takes is found by then.
  pair.run(1_000_000);
  pair.run(10_000_000, (from, frame) => {
    if (from === pair.caller && typeOf(frame) === Frame.ping) pings += 1;
    return false;
  });
  expect(pings).toBe(10);
});

test("a ping without an answer is followed by others, so that one lost is not taken for a lost link", () => {
  const pair = new Pair();
  pair.delayUs = 1_000;
  pair.run(2_000_000);
  let pings = 0;
  pair.run(1_600_000, (from, frame) => {
    if (from === pair.caller && typeOf(frame) === Frame.ping) pings += 1;
    return typeOf(frame) === Frame.pong;
  });
  const { time } = pair.caller.link;
  expect(pings).toBeWithin(4, 12);
  expect(time.unanswered).toBe(pings);
});

test("until an answer came pings go each 50 ms", () => {
  const pair = new Pair();
  let pings = 0;
  pair.run(1_000_000, (_from, frame) => {
    if (typeOf(frame) === Frame.ping) pings += 1;
    return typeOf(frame) === Frame.pong;
  });
  expect(pings).toBeGreaterThan(30);
  expect(pair.caller.link.open).toBeTrue();
});

test("what was held back between stamp and answer is told", () => {
  const { callee, now } = openPair();
  callee.out.length = 0;
  callee.take(encodeElements(writePing(77)), now + 30_000, now + 10_000);
  const frame = callee.out.find((each) => typeOf(each) === Frame.pong)!;
  expect(frame).toEqual(
    encodeElements(
      writePong({
        ...{ at: 77, heldUs: 20_000, load: 128, lagUs: 1_000, filled: 64 },
        clockUs: now + 30_000,
      }),
    ),
  );
});

test("how much more the other end's clock shows is known to half of a round trip, whatever it shows", () => {
  const { caller, now } = openPair();
  let at = now;
  const answer = (clockAt: (arrival: number) => number | null) => {
    at += 1_000_000;
    const arrival = at + 50_000;
    const clockUs = clockAt(arrival);
    const pong = { at, heldUs: 10_000, load: 0, lagUs: 0, filled: 64, clockUs };
    caller.take(encodeElements(writePong(pong)), arrival + 7_000, arrival);
    return caller.link.aheadUs;
  };
  expect(answer((arrival) => arrival - 20_000)).toBe(0);
  expect(answer((arrival) => arrival - 20_000 + 3_600_000_000)).toBe(3_600_000_000);
  expect(answer(() => 5)).toBe(5 + 20_000 - (at + 50_000));
  // Of an older node none is known.
  expect(answer(() => null)).toBeNull();
});

test("a link of which nothing is heard for 5 s is lost", () => {
  const pair = openPair();
  const since = pair.now;
  pair.run(4_900_000, (from) => from === pair.callee);
  expect(pair.caller.reasons).toEqual([]);
  pair.run(200_000, (from) => from === pair.callee);
  expect(pair.caller.reasons).toEqual(["no answer"]);
  expect(pair.now - since).toBeLessThan(5_200_000);
});

test("messages that are not acknowledged for 5 s lose it, whatever else is heard", () => {
  const pair = openPair();
  pair.caller.link.send([Message.drain, 1]);
  pair.run(5_200_000, (_from, frame) => typeOf(frame) === Frame.acknowledge);
  expect(pair.caller.reasons).toEqual(["no answer"]);
});

test("closed from one side, the other hears why, once", () => {
  const pair = openPair();
  pair.caller.link.close("stopping", pair.now);
  pair.caller.link.close("again", pair.now);
  expect(pair.caller.reasons).toEqual(["stopping"]);
  pair.run(50_000);
  expect(pair.callee.reasons).toEqual(["stopping"]);
  pair.callee.link.lost("its session ended", pair.now);
  pair.callee.link.send([Message.drain, 1]);
  pair.callee.link.handleTimeout(pair.now);
  expect(pair.callee.reasons).toEqual(["stopping"]);
});

test("a message that is none ends it in words", () => {
  for (const bad of [Uint8Array.of(0xc1), encodeElements(["type"]), encodeElements([256])]) {
    const pair = openPair();
    const frame = encodeElements(writeOrdered({ number: 1, more: false, piece: bad }));
    pair.callee.take(frame, pair.now);
    pair.callee.link.handleTimeout(pair.now);
    expect(pair.callee.reasons).toEqual(["it sent what is no message"]);
  }
});

test("unknown frames and messages are told, not refused", () => {
  const { callee, now } = openPair();
  callee.take(encodeElements([200, 5]), now);
  message(callee, 1, [201, 6], now);
  expect(callee.frames.map(({ type, elements }) => [type, elements.uint()])).toEqual([[200, 5]]);
  expect(callee.messages.map(({ type }) => type)).toEqual([201]);
  expect(callee.reasons).toEqual([]);
});

test("cascade-stamps: heard is heard when the kernel had it, however late it is read", () => {
  const { callee, now } = openPair();
  const late = now + 700_000;
  callee.take(encodeElements(writePing(1)), late, now + 50_000);
  expect(callee.link.liveness.heardAt).toBe(now + 50_000);
});

test("cascade-knock: who calls without knowing what it is to be says who it is before it refuses", () => {
  const pair = new Pair({ coresMax: 16, names: "etcd" });
  pair.run(200_000);
  for (const { link, reasons } of [pair.caller, pair.callee]) {
    expect(reasons).toEqual(["another names mode"]);
    expect(link.claim).not.toBeNull();
  }
});
