import { expect, test } from "bun:test";
import { Channel } from "../../src/cascade/channel.ts";
import { decodeElements, encodeElements } from "../../src/wire/cascade/elements.ts";
import { type Ordered, readOrdered, writeOrdered } from "../../src/wire/cascade/ordered.ts";
import { seeded } from "../support/random.ts";

const ROUND_TRIP_US = 20_000;
const SEEDS = 25;

/** A frame as the link below brings it: a view of a buffer that is written over afterwards. */
function overWire(ordered: Ordered, take: (ordered: Ordered) => void): void {
  const bytes = encodeElements(writeOrdered(ordered));
  const elements = decodeElements(bytes)!;
  elements.uint(255);
  take(readOrdered(elements)!);
  bytes.fill(0xff);
}

/** All that a channel sends at `now`. */
function drain(channel: Channel, now: number): Ordered[] {
  const sent: Ordered[] = [];
  for (;;) {
    const ordered = channel.poll(now, ROUND_TRIP_US);
    if (ordered === null) return sent;
    sent.push(ordered);
  }
}

/** Both directions of a link that loses, doubles and reorders, 1 ms a step. */
function runLossy(seed: number): void {
  const random = seeded(seed);
  const ends = [new Channel(), new Channel()] as const;
  const got: number[][] = [[], []];
  const flying: { at: number; to: number; take: (now: number) => void }[] = [];
  const fly = (to: number, now: number, take: (now: number) => void): void => {
    for (let copies = random() < 0.1 ? 2 : 1; copies > 0; copies -= 1) {
      if (random() < 0.3) continue;
      flying.push({ at: now + 5_000 + random() * 15_000, to, take });
    }
  };
  let sent = 0;
  for (let now = 0; now < 20_000_000; now += 1_000) {
    if (sent < 200 && random() < 0.5) {
      for (const end of ends) end.send([40, sent, new Uint8Array(Math.floor(random() * 3_000))]);
      sent += 1;
    }
    for (const [i, end] of ends.entries()) {
      const other = ends[1 - i]!;
      for (const ordered of drain(end, now)) {
        fly(1 - i, now, () =>
          overWire(ordered, (each) => {
            for (const message of other.receive(each)) {
              expect(message.uint()).toBe(40);
              got[1 - i]!.push(message.uint());
            }
          }),
        );
      }
      if (!end.acknowledgeDue) continue;
      end.acknowledgeDue = false;
      const { expected } = end;
      fly(1 - i, now, () => other.acknowledged(expected));
    }
    for (const each of flying.filter(({ at }) => at <= now)) {
      flying.splice(flying.indexOf(each), 1);
      each.take(now);
    }
    if (sent === 200 && ends.every(({ idle }) => idle)) break;
  }
  expect(ends.map(({ idle, broken }) => [idle, broken])).toEqual([
    [true, false],
    [true, false],
  ]);
  const all = Array.from({ length: 200 }, (_, i) => i);
  expect(got).toEqual([all, all]);
}

test("every message comes once and in order over loss, doubling and reordering", () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      runLossy(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}, 60_000);

test("64 pieces are on their way at once, and an acknowledgement makes room", () => {
  const channel = new Channel();
  for (let i = 0; i < 100; i += 1) channel.send([40, i]);
  expect(channel.nextTimeout(ROUND_TRIP_US)).toBe(0);
  expect(drain(channel, 0).map(({ number }) => number)).toEqual(
    Array.from({ length: 64 }, (_, i) => i),
  );
  expect(channel.nextTimeout(ROUND_TRIP_US)).toBe(40_000);
  channel.acknowledged(10);
  expect(channel.nextTimeout(ROUND_TRIP_US)).toBe(0);
  expect(drain(channel, 1_000).map(({ number }) => number)).toEqual([
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73,
  ]);
  channel.acknowledged(74);
  expect(drain(channel, 2_000)).toHaveLength(26);
  expect(channel.idle).toBeFalse();
  channel.acknowledged(100);
  expect(channel.idle).toBeTrue();
  expect(channel.nextTimeout(ROUND_TRIP_US)).toBe(Number.POSITIVE_INFINITY);
});

test("what is not acknowledged goes again after two round trips, 40 ms at least", () => {
  const channel = new Channel();
  channel.send([40]);
  expect(drain(channel, 0)).toHaveLength(1);
  expect(drain(channel, 39_999)).toHaveLength(0);
  expect(drain(channel, 40_000)).toHaveLength(1);
  expect(channel.poll(239_999, 100_000)).toBeNull();
  expect(channel.nextTimeout(100_000)).toBe(240_000);
  expect(channel.poll(240_000, 100_000)?.number).toBe(0);
});

test("it is lost 5 s after the oldest piece first left, however often it left", () => {
  const channel = new Channel();
  channel.send([40]);
  expect(channel.isLost(60_000_000)).toBeFalse();
  for (let now = 1_000; now < 5_001_000; now += 40_000) drain(channel, now);
  expect(channel.isLost(5_000_999)).toBeFalse();
  expect(channel.isLost(5_001_000)).toBeTrue();
  channel.acknowledged(1);
  expect(channel.isLost(60_000_000)).toBeFalse();
});

test("acknowledgements of earlier, and of what was never sent, change nothing", () => {
  const channel = new Channel();
  for (let i = 0; i < 3; i += 1) channel.send([40]);
  drain(channel, 0);
  for (const next of [0, 4, 65, 0x8000_0000, 0xffff_ffff]) {
    channel.acknowledged(next);
    expect(channel.idle).toBeFalse();
  }
  channel.acknowledged(3);
  expect(channel.idle).toBeTrue();
});

test("a message of 16 pieces arrives whole; one of 17 breaks the channel, as does what is no message", () => {
  const pieces = (count: number): Ordered[] => {
    const channel = new Channel();
    channel.send([40, new Uint8Array(count * 1000 - 5)]);
    return drain(channel, 0);
  };
  expect(pieces(16)).toHaveLength(16);
  const whole = new Channel();
  const messages = pieces(16).flatMap((ordered) => [...whole.receive(ordered)]);
  expect(messages).toHaveLength(1);
  expect(messages[0]!.uint()).toBe(40);
  expect(messages[0]!.bytes(0, 16_000)).toHaveLength(15_995);
  const long = new Channel();
  for (const ordered of pieces(17)) expect(long.receive(ordered)).toEqual([]);
  expect(long.broken).toBeTrue();
  const bad = new Channel();
  expect(bad.receive({ number: 0, more: false, piece: Uint8Array.of(0xc1) })).toEqual([]);
  expect(bad.broken).toBeTrue();
  expect(bad.receive({ number: 1, more: false, piece: encodeElements([40]) })).toEqual([]);
});

test("pieces from beyond the window wait for nothing and nobody waits for them", () => {
  const channel = new Channel();
  const piece = encodeElements([40]);
  for (const number of [64, 1_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    expect(channel.receive({ number, more: false, piece })).toEqual([]);
  }
  for (let number = 63; number > 0; number -= 1) {
    expect(channel.receive({ number, more: false, piece })).toEqual([]);
  }
  expect(channel.expected).toBe(0);
  expect(channel.receive({ number: 0, more: false, piece })).toHaveLength(64);
  expect(channel.expected).toBe(64);
});

test("messages that nobody acknowledges do not pile up without end", () => {
  const channel = new Channel();
  for (let i = 0; i <= 16_384; i += 1) channel.send([40]);
  expect(channel.broken).toBeTrue();
});
