import { expect, test } from "bun:test";
import { FRAME_BYTES_MAX } from "../../../src/limits.ts";
import { FrameBuffer } from "../../../src/packager/frames/frame-buffer.ts";
import { seeded } from "../../support/random.ts";

test("frames lie one behind the other in memory that later ones do not touch", () => {
  const buffer = new FrameBuffer();
  const random = seeded(1);
  const taken: [Uint8Array, number, number][] = [];
  for (let n = 0; n < 100; n += 1) {
    const length = Math.floor(random() ** 3 * 200_000);
    const bytes = new Uint8Array(length).fill(n);
    for (let at = 0; at < length; at += 1000) {
      if (!buffer.append(bytes, at, Math.min(1000, length - at))) throw new Error("no room");
    }
    expect(buffer.length).toBe(length);
    taken.push([buffer.take(), n & 255, length]);
    expect(buffer.length).toBe(0);
  }
  for (const [frame, value, length] of taken) {
    expect(frame.length).toBe(length);
    expect(Buffer.compare(frame, new Uint8Array(length).fill(value))).toBe(0);
  }
  // Most share their memory with others.
  expect(new Set(taken.map(([frame]) => frame.buffer)).size).toBeLessThan(60);
});

test("a frame has a limit, wherever in its memory it begins", () => {
  const buffer = new FrameBuffer();
  for (const front of [0, 100_000]) {
    expect(buffer.append(new Uint8Array(front), 0, front)).toBe(true);
    buffer.take();
    const most = new Uint8Array(FRAME_BYTES_MAX);
    expect(buffer.append(most, 0, FRAME_BYTES_MAX)).toBe(true);
    expect(buffer.append(most, 0, 1)).toBe(false);
    expect(buffer.length).toBe(FRAME_BYTES_MAX);
    expect(buffer.take().buffer.byteLength).toBe(FRAME_BYTES_MAX);
  }
});
