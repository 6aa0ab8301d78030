import { expect, test } from "bun:test";
import { ConfigError } from "../../src/config/file.ts";
import { checkReaders } from "../../src/config/workers.ts";
import type { WorkerAbilities } from "../../src/contract/workers.ts";
import { READER_THREADS_MAX } from "../../src/limits.ts";

const EGRESS: WorkerAbilities = {
  serves: "viewer",
  readsRings: true,
  writesRings: false,
  hasSockets: true,
  hasLinks: false,
  packages: false,
};
/** Kinds that are not there yet. */
const KINDS = {
  ingest: { ...EGRESS, serves: "publisher", readsRings: false, writesRings: true },
  egress: EGRESS,
  packager: { ...EGRESS, serves: null, hasSockets: false, packages: true },
} as const;

function refusal(counts: Record<keyof typeof KINDS, number>): string | null {
  try {
    checkReaders(KINDS, counts);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

test("all readers together fit a ring's words, and who reads none does not count", () => {
  const egress = READER_THREADS_MAX - 2;
  expect(refusal({ ingest: 32, egress, packager: 2 })).toBeNull();
});

test("one reader too many is refused in one line that names the key of the largest kind", () => {
  const egress = READER_THREADS_MAX - 2;
  expect(refusal({ ingest: 1, egress, packager: 3 })).toBe(
    "egress-workers: 65 workers would read rings (egress, packager), 64 can",
  );
  expect(refusal({ ingest: 1, egress: 1, packager: READER_THREADS_MAX })).toBe(
    "packager-workers: 65 workers would read rings (egress, packager), 64 can",
  );
});
