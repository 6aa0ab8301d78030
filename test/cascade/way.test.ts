import { expect, test } from "bun:test";
import { Way } from "../../src/cascade/way.ts";
import { idOf } from "./ends.ts";

const SECOND = 1_000_000;
const PATH = [idOf(1), idOf(2)];
const OTHER = [idOf(1), idOf(3)];

test("it is had by somebody's yes, and given from the first of use on", () => {
  const way = new Way();
  expect([way.fresh, way.given, way.path]).toEqual([true, false, null]);
  expect(way.take(PATH, false, 0)).toBe(true);
  expect([way.fresh, way.given, way.path]).toEqual([false, false, PATH]);
  expect(way.take(PATH, true, 0)).toBe(false);
  expect([way.given, way.path]).toEqual([true, PATH]);
  expect(way.take([...PATH], true, 5)).toBe(false);
});

test("another is hoped for so long after the last of use", () => {
  const way = new Way();
  way.take(PATH, true, SECOND);
  expect(way.take(null, false, 2 * SECOND)).toBe(true);
  expect([way.given, way.path]).toEqual([true, null]);
  expect(way.take(null, false, 2 * SECOND + 1)).toBe(true);
  expect(way.given).toBe(false);
  expect(way.take(null, false, 9 * SECOND)).toBe(false);
});

test("cascade-hope: a yes alone is no hope for longer, whoever says it and how often", () => {
  const way = new Way();
  way.take(PATH, true, SECOND);
  for (let at = 1.1 * SECOND; at <= 2 * SECOND; at += 0.1 * SECOND) {
    way.take(Math.round(at / 100_000) % 2 === 0 ? OTHER : PATH, false, at);
    expect(way.given).toBe(true);
  }
  expect(way.take(OTHER, false, 2 * SECOND + 1)).toBe(true);
  expect([way.given, way.path]).toEqual([false, OTHER]);
  // Something of use makes it one again.
  way.take(OTHER, true, 3 * SECOND);
  expect(way.given).toBe(true);
});

test("cascade-hope: what its owner has no more nobody hopes for", () => {
  const way = new Way();
  way.take(PATH, true, SECOND);
  way.despair();
  expect(way.given).toBe(false);
  way.take(PATH, true, SECOND);
  expect(way.given).toBe(false);
});
