import { expect, test } from "bun:test";
import { TailViewers } from "../../../src/control/streams/tail-viewers.ts";

/** Players from `startUs` on, each asking once a part. */
function play(viewers: TailViewers, startUs: number, seconds: number, players: number): void {
  for (let us = 0; us < seconds * 1e6; us += 500_000) {
    for (let i = 0; i < players; i += 1) viewers.note(startUs + us + i * 1000, 500_000);
  }
}

test("players are counted by what they ask for", () => {
  for (const start of [1_000_000, 123_456_789, 987_654_321_000]) {
    const viewers = new TailViewers();
    expect(viewers.count(start)).toBe(0);
    play(viewers, start, 30, 7);
    expect(viewers.count(start + 30e6)).toBe(7);
  }
});

test("one that asks for whole segments counts as one that asks for parts", () => {
  const viewers = new TailViewers();
  for (let second = 0; second < 30; second += 2) viewers.note(second * 1e6, 2_000_000);
  expect(viewers.count(30e6)).toBe(1);
});

test("those who went are forgotten within some seconds, however long nobody asks", () => {
  const viewers = new TailViewers();
  play(viewers, 0, 20, 100);
  expect(viewers.count(25e6)).toBeWithin(40, 61);
  expect(viewers.count(31.5e6)).toBe(0);
  play(viewers, 40e6, 20, 3);
  expect(viewers.count(60e6)).toBe(3);
  expect(viewers.count(1e12)).toBe(0);
  play(viewers, 2e12, 20, 2);
  expect(viewers.count(2e12 + 20e6)).toBe(2);
});
