import { expect, test } from "bun:test";
import { Sound } from "../../src/packager/sound.ts";
import { Timeline } from "../../src/packager/timeline.ts";

const ZERO = 1_790_000_000_000_000;
/** Later than all that is sent. */
const END = 60_000_000;
const SILENCE = new Uint8Array([0xfc, 0xff, 0xfe]);

/** Sound that begins at 1 s, and packets for it by their capture and length in us. */
function started(): { sound: Sound; send: (us: number, length?: number) => void } {
  const timeline = new Timeline(48_000, ZERO);
  timeline.note(48_000, ZERO + 1_000_000);
  const sound = new Sound({ format: { codec: "opus", channels: 1 }, timeline, silence: SILENCE });
  sound.start(1_000_000);
  const send = (us: number, length = 20_000) => {
    const samples = (length * 48_000) / 1e6;
    const timestamp = (us * 48_000) / 1e6;
    sound.push({
      timestamp,
      samples,
      arrivalUs: us,
      key: true,
      data: new Uint8Array(9),
      format: null,
    });
  };
  return { sound, send };
}

test("packets follow each other by what they hold, of any length", () => {
  const { sound, send } = started();
  for (const [us, length] of [
    [1000, 60],
    [1061, 2.5],
    [1063, 120],
    [1182, 20],
  ] as const) {
    send(us * 1000, length * 1000);
  }
  expect(sound.settle(END, ZERO + 1_200_000)).toBe(1_202_500);
  const samples = sound.take(2_000_000, ZERO + 1_200_000);
  expect(samples.map(({ time }) => time)).toEqual([48_000, 50_880, 51_000, 56_760]);
  expect(samples.map(({ duration }) => duration)).toEqual([2880, 120, 5760, 960]);
});

test("a part takes what begins before its end", () => {
  const { sound, send } = started();
  for (let us = 1_000_000; us < 1_200_000; us += 20_000) send(us);
  sound.settle(END, ZERO + 1_200_000);
  expect(sound.take(1_100_000, ZERO + 1_200_000).length).toBe(5);
  expect(sound.take(1_110_000, ZERO + 1_200_000).length).toBe(1);
  expect(sound.take(1_120_000, ZERO + 1_200_000).length).toBe(0);
});

test("what is missing is silence, once it is late by 250 ms", () => {
  const { sound, send } = started();
  send(1_000_000);
  expect(sound.settle(END, ZERO + 1_000_000)).toBe(1_020_000);
  expect(sound.take(1_500_000, ZERO + 1_260_000).length).toBe(1);
  expect(sound.filled).toBe(0);
  expect(sound.take(1_500_000, ZERO + 1_500_000).length).toBe(11);
  expect(sound.filled).toBe(11);
  // No further than the part, however late.
  expect(sound.take(1_500_000, ZERO + 9_000_000).length).toBe(13);
});

test("silence stands also where no packet ever came, and its clock is unknown", () => {
  const timeline = new Timeline(48_000, ZERO);
  const sound = new Sound({ format: { codec: "opus", channels: 1 }, timeline, silence: SILENCE });
  sound.start(1_000_000);
  const samples = sound.take(2_000_000, ZERO + 3_000_000);
  expect(samples.length).toBe(50);
  expect(samples.every(({ bytes }) => bytes === SILENCE)).toBe(true);
});

test("a hole is filled exactly, and what comes after its silence is dropped", () => {
  const { sound, send } = started();
  send(1_000_000);
  send(1_100_000);
  expect(sound.settle(END, ZERO + 1_100_000)).toBe(1_120_000);
  expect(sound.filled).toBe(4);
  send(1_040_000);
  expect(sound.settle(END, ZERO + 1_100_000)).toBe(1_120_000);
  expect(sound.dropped).toBe(1);
});

test("drift up to 40 ms is left, beyond it a packet goes or comes", () => {
  const { sound, send } = started();
  send(1_000_000);
  send(1_059_000);
  expect(sound.settle(END, ZERO + 1_060_000)).toBe(1_040_000);
  send(1_081_000);
  expect(sound.settle(END, ZERO + 1_100_000)).toBe(1_100_000);
  expect(sound.filled).toBe(2);
  send(1_061_000);
  expect(sound.settle(END, ZERO + 1_100_000)).toBe(1_120_000);
  send(1_079_000);
  expect(sound.settle(END, ZERO + 1_100_000)).toBe(1_120_000);
  expect(sound.dropped).toBe(1);
});

test("sound that is always late is heard, not silenced", () => {
  const { sound, send } = started();
  for (let us = 1_000_000; us < 20_000_000; us += 20_000) {
    send(us);
    sound.look(ZERO + us + 400_000);
    sound.settle(END, ZERO + us + 400_000);
    if (us % 500_000 === 0) sound.take(us + 20_000, ZERO + us + 400_000);
  }
  expect(sound.filled).toBe(0);
  expect(sound.dropped).toBe(0);
});

test("what is behind a part waits for its own, without silence for what lies between", () => {
  const { sound, send } = started();
  send(1_000_000);
  send(30_000_000);
  expect(sound.settle(1_500_000, ZERO + 30_000_000)).toBe(1_020_000);
  expect(sound.filled).toBe(0);
});

test("packets of the future, and empty ones, are dropped and counted", () => {
  const { sound, send } = started();
  send(9_000_000);
  send(1_000_000, 0);
  sound.settle(END, ZERO + 1_000_000);
  expect(sound.dropped).toBe(2);
  expect(sound.filled).toBe(0);
});
