import { expect, test } from "bun:test";
import {
  cutFrames,
  FRAME_HEADER_BYTES,
  frameLength,
  NO_FRAME,
  writeFrameHeader,
} from "../../src/wire/framing.ts";

/** A stream of frames of these lengths, each filled with its number. */
function streamOf(lengths: readonly number[]): Uint8Array {
  const parts = lengths.map((length, number) => {
    const frame = new Uint8Array(FRAME_HEADER_BYTES + length).fill(number + 1, FRAME_HEADER_BYTES);
    writeFrameHeader(frame, 0, length);
    return frame;
  });
  return new Uint8Array(Buffer.concat(parts));
}

function cut(bytes: Uint8Array, at: number, end: number, lengthMax = 100, most = 9) {
  const taken: (readonly [offset: number, length: number])[] = [];
  const next = cutFrames(bytes, at, end, lengthMax, (offset, length) => {
    if (taken.length === most) return false;
    taken.push([offset, length]);
    return true;
  });
  return { next, taken };
}

test("a header is the frame's length, big-endian (RFC 4571 2)", () => {
  expect([...streamOf([0x102]).subarray(0, 3)]).toEqual([1, 2, 1]);
  expect(frameLength(streamOf([0x102]), 0, 2)).toBe(0x102);
  expect(frameLength(streamOf([0x102]), 0, 1)).toBe(NO_FRAME);
});

test("whole frames are taken, what follows them is kept", () => {
  const bytes = streamOf([3, 0, 5]);
  expect(cut(bytes, 0, bytes.length)).toEqual({
    next: bytes.length,
    taken: [
      [2, 3],
      [7, 0],
      [9, 5],
    ],
  });
  // Up to any byte: the frames before it, and the place of the one that it cuts.
  for (let end = 0; end <= bytes.length; end += 1) {
    const whole = [5, 7, 14].filter((each) => each <= end);
    const { next, taken } = cut(bytes, 0, end);
    expect([next, taken.length]).toEqual([whole.at(-1) ?? 0, whole.length]);
  }
  expect(cut(bytes, 5, bytes.length).taken).toEqual([
    [7, 0],
    [9, 5],
  ]);
});

test("one that is not taken stops the others, one that is too long ends all", () => {
  const bytes = streamOf([3, 4, 5]);
  expect(cut(bytes, 0, bytes.length, 100, 1)).toEqual({ next: 5, taken: [[2, 3]] });
  expect(cut(bytes, 0, bytes.length, 4)).toEqual({
    next: -1,
    taken: [
      [2, 3],
      [7, 4],
    ],
  });
  // It need not have come whole.
  expect(cut(bytes, 0, 13, 4).next).toBe(-1);
});
