import { expect, test } from "bun:test";
import { WORKER_KINDS } from "../../../src/contract/workers.ts";
import { createRoster } from "../../../src/control/plane/roster.ts";
import { READER_THREADS_MAX } from "../../../src/limits.ts";

/** A relay and a packager as they will be: one more writer and two more readers. */
const KINDS = {
  ...WORKER_KINDS,
  packager: { serves: null, readsRings: true, writesRings: false, hasSockets: false },
  relay: { serves: null, readsRings: true, writesRings: true, hasSockets: true },
} as const;

test("every worker that reads rings has a reader number, every one with sockets a port", () => {
  const roster = createRoster(KINDS, { ingest: 2, egress: 2, packager: 1, relay: 1 });
  const shown = roster.map(({ kind, index, reader, port }) => [`${kind}-${index}`, reader, port]);
  expect(shown).toEqual([
    ["ingest-0", -1, 0],
    ["ingest-1", -1, 1],
    ["egress-0", 0, 2],
    ["egress-1", 1, 3],
    ["packager-0", 2, -1],
    ["relay-0", 3, 4],
  ]);
  expect(roster.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a ring has words for so many readers, whatever their kinds", () => {
  const counts = { ingest: 32, egress: READER_THREADS_MAX - 3, packager: 2, relay: 1 };
  const readers = createRoster(KINDS, counts).map(({ reader }) => reader);
  expect(Math.max(...readers)).toBe(READER_THREADS_MAX - 1);
  expect(() => createRoster(KINDS, { ...counts, relay: 2 })).toThrow("every reader has its words");
});
