import { expect, test } from "bun:test";
import { DroppedNumbers } from "../../src/media/dropped-numbers.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

const WINDOW = 2048;

/** The same, remembered plainly. */
class Model {
  readonly dropped: boolean[] = [];

  place(at: number): number {
    let place = 0;
    for (let i = 0; i < at; i += 1) if (!this.dropped[i]) place += 1;
    return place;
  }
}

for (const start of WRAP_STARTS_32) {
  test(`counts kept numbers without gaps from ${start}`, () => {
    const seed = start ^ 77;
    const random = seeded(seed);
    const numbers = new DroppedNumbers();
    const model = new Model();
    numbers.reset(start);
    let mode = 0.5;
    while (model.dropped.length < 6000) {
      if (random() < 0.01) mode = random();
      const jump = random() < 0.05 ? Math.floor(random() * 70) : 0;
      for (let i = 0; i < jump; i += 1) model.dropped.push(false);
      const number = (start + model.dropped.length) | 0;
      expect(numbers.undecided(number)).toBe(true);
      const drop = random() < mode;
      model.dropped.push(drop);
      if (drop) numbers.drop(number);
      else numbers.keep(number);
      expect(numbers.undecided(number)).toBe(false);
    }
    const end = model.dropped.length;
    let previous = -1;
    for (let at = end - WINDOW + 64; at < end; at += 1) {
      const number = (start + at) | 0;
      expect(numbers.isDropped(number)).toBe(model.dropped[at]!);
      const place = numbers.placeOf(number);
      if (at % 97 === 0) expect(place).toBe(model.place(at));
      if (model.dropped[at]) continue;
      // Monotonic, one by one, and back again.
      if (previous !== -1) expect(place).toBe(previous + 1);
      previous = place;
      expect(numbers.numberAt(place)).toBe(number);
    }
    expect(numbers.total).toBe(model.dropped.filter((dropped) => dropped).length);
    expect(numbers.placeOf((start + end + 5) | 0)).toBe(model.place(end) + 5);
    expect(numbers.numberAt(model.place(end) + 5)).toBe((start + end + 5) | 0);
    // Out of memory, and before the start.
    expect(numbers.placeOf((start + end - WINDOW - 64) | 0)).toBe(-1);
    expect(numbers.placeOf((start - 1) | 0)).toBe(-1);
    expect(numbers.numberAt(0)).toBeNull();
    expect(numbers.numberAt(-1)).toBeNull();
  });
}

test("a number that was jumped over keeps its place for its late packet", () => {
  const numbers = new DroppedNumbers();
  numbers.reset(10);
  numbers.keep(10);
  numbers.drop(11);
  numbers.keep(14);
  expect(numbers.placeOf(12)).toBe(1);
  expect(numbers.placeOf(13)).toBe(2);
  expect(numbers.placeOf(14)).toBe(3);
  expect(numbers.isDropped(12)).toBe(false);
  // It can no longer be taken out.
  expect(numbers.undecided(12)).toBe(false);
  expect(() => numbers.drop(12)).toThrow();
});

test("drops what is missing inside a dropped frame", () => {
  const numbers = new DroppedNumbers();
  numbers.reset(0);
  numbers.drop(0);
  numbers.dropThrough(5);
  expect(numbers.total).toBe(6);
  expect(numbers.placeOf(6)).toBe(0);
  expect(numbers.numberAt(0)).toBe(6);
});

test("leaps over more than it remembers", () => {
  const numbers = new DroppedNumbers();
  numbers.reset(0x7ffffff0);
  numbers.drop(0x7ffffff0);
  numbers.keep((0x7ffffff0 + 1_000_000) | 0);
  expect(numbers.placeOf((0x7ffffff0 + 1_000_000) | 0)).toBe(999_999);
  expect(numbers.isDropped((0x7ffffff0 + 999_000) | 0)).toBe(false);
  expect(numbers.isDropped(0x7ffffff0)).toBe(false);
  expect(numbers.numberAt(999_998)).toBe((0x7ffffff0 + 999_999) | 0);
});

test.each([2 ** 31, 2 ** 32 - 5, 2 ** 32 + 7, 2 ** 37])(
  "house 6.18: nothing comes back from the start after %d numbers",
  (distance) => {
    const numbers = new DroppedNumbers();
    const start = 12_345;
    numbers.reset(start);
    for (let left = distance; left > 0; left -= 2 ** 30) {
      numbers.keep((numbers.next + Math.min(left, 2 ** 30) - 1) | 0);
    }
    numbers.drop(numbers.next);
    const end = numbers.next;
    expect(numbers.isDropped((end - 1) | 0)).toBe(true);
    expect(numbers.placeOf((end - 2) | 0)).toBe(distance - 1);
    expect(numbers.numberAt(distance - 1)).toBe((end - 2) | 0);
    for (const forgotten of [WINDOW + 64, 100_000, 2 ** 31 - 1]) {
      expect(numbers.placeOf((end - forgotten) | 0)).toBe(-1);
      expect(numbers.isDropped((end - forgotten) | 0)).toBe(false);
    }
  },
);
