import { expect, test } from "bun:test";
import { CatchUpWindow } from "../../src/media/catch-up-window.ts";

/**
 * Sends a backlog of `bytes` in packets of 1,200 over a path of so many bits a second, with feedback
 * each 50 ms. Returns when it was through, ms, and the longest queue that stood before the path, ms.
 */
function send(bytes: number, capacity: number): { readonly ms: number; readonly queueMs: number } {
  const window = new CatchUpWindow();
  window.begin(0);
  let [left, inFlight, queue, longest, arrived] = [bytes, 0, 0, 0, 0];
  for (let ms = 0; ms < 20_000; ms += 1) {
    const now = ms * 1000;
    while (left > 0 && window.mayLeave(now, inFlight)) {
      left -= 1200;
      inFlight += 1200;
      queue += 1200;
    }
    longest = Math.max(longest, queue);
    const through = Math.min(queue, capacity / 8000);
    queue -= through;
    arrived += through;
    if (ms % 50 === 49) {
      inFlight -= arrived;
      window.noteReported(now, arrived, (queue * 8e6) / capacity);
      arrived = 0;
    }
    if (left <= 0 && queue < 1) return { ms, queueMs: (longest * 8000) / capacity };
  }
  return { ms: Number.POSITIVE_INFINITY, queueMs: (longest * 8000) / capacity };
}

test("a second of 2.5 Mb/s goes through a path that just carries it without a long queue", () => {
  const { ms, queueMs } = send(310_000, 3.3e6);
  expect(queueMs).toBeLessThan(250);
  expect(ms).toBeLessThan(1000);
});

test("a wide path is not kept waiting", () => {
  expect(send(310_000, 50e6).ms).toBeLessThan(250);
  expect(send(80_000, 50e6).ms).toBeLessThan(20);
});

test("without feedback everything may leave after half a second", () => {
  const window = new CatchUpWindow();
  window.begin(0);
  expect(window.mayLeave(0, 79_999)).toBe(true);
  expect(window.mayLeave(400_000, 80_000)).toBe(false);
  expect(window.mayLeave(500_001, 80_000)).toBe(true);
});

test("a path that never catches up gets everything in the end", () => {
  const window = new CatchUpWindow();
  window.begin(0);
  for (let now = 0; now < 6e6; now += 50_000) window.noteReported(now, 10_000, 200_000);
  expect(window.mayLeave(5.9e6, 20_000)).toBe(false);
  expect(window.mayLeave(6.1e6, 9e9)).toBe(true);
});
