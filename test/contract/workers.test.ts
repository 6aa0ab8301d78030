import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { countAble, WORKER_KINDS } from "../../src/contract/workers.ts";
import { WORKER_NAMES } from "../../src/io/spawn.ts";

test("every kind has a file that a thread starts with", () => {
  for (const kind in WORKER_KINDS) {
    expect(WORKER_NAMES as readonly string[]).toContain(kind);
    expect(existsSync(`${import.meta.dir}/../../workers/${kind}.ts`)).toBe(true);
  }
});

test("workers are counted by what they can do", () => {
  const can = {
    serves: null,
    readsRings: true,
    writesRings: true,
    hasSockets: true,
    hasLinks: false,
    packages: false,
  };
  const kinds = {
    relay: can,
    packager: { ...can, writesRings: false, hasSockets: false, hasLinks: false, packages: false },
  };
  const counts = { relay: 1, packager: 3 };
  expect(countAble(kinds, counts, "readsRings")).toBe(4);
  expect(countAble(kinds, counts, "writesRings")).toBe(1);
  expect(countAble(kinds, counts, "hasSockets")).toBe(1);
});
