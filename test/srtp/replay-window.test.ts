import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { LINK_REPLAY_WINDOW, REPLAY_WINDOW } from "../../src/limits.ts";
import { ReplayVerdict, ReplayWindow } from "../../src/srtp/replay-window.ts";
import { seeded } from "../support/random.ts";

const { fresh, seen, tooOld } = ReplayVerdict;

for (const width of [32, REPLAY_WINDOW, LINK_REPLAY_WINDOW]) {
  for (const start of [0, 2 ** 31 - 20, 2 ** 32 - 20, 2 ** 48 - 4 * width]) {
    test(`LK3: a window of ${width} from ${start} on takes each index once, and none behind it`, () => {
      const window = new ReplayWindow(width);
      window.commit(start + width - 1);
      for (let index = start + width - 2; index >= start; index -= 1) {
        expect(window.check(index)).toBe(fresh);
        window.commit(index);
        expect(window.check(index)).toBe(seen);
      }
      expect(window.check(start - 1)).toBe(tooOld);
      window.commit(start + width + 9);
      expect(window.check(start + 9)).toBe(tooOld);
      expect(window.check(start + 10)).toBe(seen);
      expect(window.check(start + width + 8)).toBe(fresh);
      // So far ahead that nothing of before is left.
      window.commit(start + 3 * width);
      expect(window.check(start + 2 * width)).toBe(tooOld);
      expect(window.check(start + 2 * width + 1)).toBe(fresh);
    });
  }
}

test("LK3: it agrees with a list of all that has come, in any order", () => {
  const random = seeded(20_261_130);
  const window = new ReplayWindow(64);
  const come = new Set<number>();
  let highest = -1;
  for (let i = 0; i < 20_000; i += 1) {
    const index = Math.max(0, highest + 20 - Math.floor(random() * 120));
    const old = index <= highest - 64;
    expect(window.check(index)).toBe(old ? tooOld : come.has(index) ? seen : fresh);
    if (old || come.has(index)) continue;
    window.commit(index);
    come.add(index);
    highest = Math.max(highest, index);
  }
});

test("a width is a power of two", () => {
  for (const width of [0, 16, 33, 1000])
    expect(() => new ReplayWindow(width)).toThrow(AssertionError);
});
