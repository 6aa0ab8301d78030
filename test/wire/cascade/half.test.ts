import { expect, test } from "bun:test";
import { DataFrame } from "../../../src/wire/cascade/data.ts";
import { Halves, readHalf, writeHalf } from "../../../src/wire/cascade/half.ts";
import { DATA, dataBytes, dataOf } from "./data-frames.ts";
import { checkFrame } from "./frames.ts";

const PAYLOAD = Uint8Array.from({ length: 1500 }, (_, i) => i);

function halvesOf(number: number, payload = PAYLOAD) {
  const bytes = dataBytes({ payload });
  const middle = bytes.length >> 1;
  return [
    { number, second: false, bytes: bytes.slice(0, middle) },
    { number, second: true, bytes: bytes.slice(middle) },
  ] as const;
}

test("HALF comes back as it was written", () => {
  const half = { number: 0xffff, second: true, bytes: Uint8Array.of(1, 2) };
  checkFrame(writeHalf(half), readHalf, half);
});

test("two halves are a frame, whichever comes first and whatever comes between", () => {
  const halves = new Halves();
  const frame = new DataFrame();
  const [a1, a2] = halvesOf(1);
  const [b1, b2] = halvesOf(2, Uint8Array.of(9));
  for (const half of [a1, b2, b2]) expect(halves.join(half, frame)).toBeNull();
  const b = halves.join(b1, frame)!;
  expect(dataOf(frame, b)).toEqual({ ...DATA, payload: Uint8Array.of(9) });
  const a = halves.join(a2, frame)!;
  expect(dataOf(frame, a)).toEqual({ ...DATA, payload: PAYLOAD });
});

test("a half that waits is its own: what it was read from is written over", () => {
  const halves = new Halves();
  const frame = new DataFrame();
  const [first, second] = halvesOf(1);
  const reused = first.bytes.slice();
  halves.join({ ...first, bytes: reused }, frame);
  reused.fill(0);
  expect(dataOf(frame, halves.join(second, frame)!)).toEqual({ ...DATA, payload: PAYLOAD });
});

test("halves of two frames are none, and a half waits while 32 others come", () => {
  const frame = new DataFrame();
  const halves = new Halves();
  const [, second] = halvesOf(1);
  halves.join({ number: 1, second: false, bytes: Uint8Array.of(0x9a, 10, 1) }, frame);
  expect(halves.join(second, frame)).toBeNull();
  for (const others of [31, 32]) {
    const waiting = new Halves();
    const [early, late] = halvesOf(1);
    waiting.join(early, frame);
    for (let i = 0; i < others; i += 1) waiting.join(halvesOf(100 + i)[0], frame);
    expect(waiting.join(late, frame) !== null).toBe(others < 32);
  }
});
