import { expect, test } from "bun:test";
import { WORKER_KINDS } from "../../../src/contract/workers.ts";
import { createRoster } from "../../../src/control/plane/roster.ts";
import { READER_THREADS_MAX } from "../../../src/limits.ts";

/** Beside those that there are two of a test's own: a reader, and one that writes and has sockets. */
const KINDS = {
  ...WORKER_KINDS,
  rtmp: {
    serves: null,
    readsRings: true,
    writesRings: true,
    hasSockets: true,
    hasLinks: false,
    packages: false,
  },
} as const;

test("every worker that reads rings has a reader number, every one with sockets a port", () => {
  const roster = createRoster(KINDS, { ingest: 2, egress: 2, relay: 1, packager: 1, rtmp: 1 });
  const shown = roster.map(({ kind, index, reader, port }) => [`${kind}-${index}`, reader, port]);
  expect(shown).toEqual([
    ["ingest-0", -1, 0],
    ["ingest-1", -1, 1],
    ["egress-0", 0, 2],
    ["egress-1", 1, 3],
    ["relay-0", 2, -1],
    ["packager-0", 3, -1],
    ["rtmp-0", 4, 4],
  ]);
  expect(roster.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("a ring has words for so many readers, whatever their kinds", () => {
  const counts = { ingest: 32, egress: READER_THREADS_MAX - 4, relay: 1, packager: 2, rtmp: 1 };
  const readers = createRoster(KINDS, counts).map(({ reader }) => reader);
  expect(Math.max(...readers)).toBe(READER_THREADS_MAX - 1);
  expect(() => createRoster(KINDS, { ...counts, rtmp: 2 })).toThrow("every reader has its words");
});
