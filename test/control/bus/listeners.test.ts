import { expect, test } from "bun:test";
import { EventStream } from "../../../src/control/bus/event-stream.ts";
import { Listeners } from "../../../src/control/bus/listeners.ts";
import type { Remark } from "../../../src/control/streams/remark.ts";
import { EVENT_LISTENER_US, EVENT_LISTENERS_AT_ONCE } from "../../../src/limits.ts";

const decoder = new TextDecoder();

function remark(id: number): Remark {
  return { id, type: "chat", at: 1, from: null, data: { text: "x" } };
}

/** The ids in each piece that goes to one of these. */
function heardBy(events: EventStream): number[][] {
  const pieces: number[][] = [];
  events.push = (bytes) => {
    const ids = [...decoder.decode(bytes).matchAll(/^id: (\d+)$/gm)];
    pieces.push(ids.map((match) => Number(match[1])));
  };
  return pieces;
}

function listeners(count: number): { all: Listeners; pieces: number[][] } {
  const all = new Listeners();
  const streams = Array.from({ length: count }, () => new EventStream());
  const heard = streams.map(heardBy);
  for (const events of streams) all.add(events);
  return { all, pieces: heard[0]! };
}

test("few hear each event at once", () => {
  const { all, pieces } = listeners(EVENT_LISTENERS_AT_ONCE);
  for (const id of [1, 2, 3]) all.push(remark(id), 1_000);
  expect(pieces).toEqual([[1], [2], [3]]);
});

test("EV7 many hear them together, as often as a tenth of the thread allows", () => {
  const { all, pieces } = listeners(1_000);
  const everyUs = 1_000 * EVENT_LISTENER_US;
  for (let us = 0; us <= 1_000_000; us += 10_000) all.push(remark(1 + us / 10_000), us);
  all.tick(1_000_000 + everyUs);
  expect(pieces.length).toBeWithin(10, 13);
  expect(pieces.flat()).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
  // None comes late when none comes behind it.
  all.push(remark(200), 9_000_000);
  all.push(remark(201), 9_000_010);
  all.tick(9_000_000 + 0.9 * everyUs);
  expect(pieces.at(-1)).toEqual([200]);
  all.tick(9_000_000 + 1.1 * everyUs);
  expect(pieces.at(-1)).toEqual([201]);
});

test("who comes while something waits hears it once", () => {
  const { all } = listeners(1_000);
  all.push(remark(1), 0);
  all.push(remark(2), 10);
  const kept = [remark(1), remark(2)];
  expect(all.told(kept)).toEqual([remark(1)]);
  const late = new EventStream();
  const pieces = heardBy(late);
  all.add(late);
  all.tick(1_000_000);
  expect(pieces).toEqual([[2]]);
  expect(all.told(kept)).toEqual(kept);
});
