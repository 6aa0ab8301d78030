/**
 * The matrix of WHIP and WHEP conformance: every line of references/whip-whep.md sections 1 and 2
 * has a test with its id in the title, or a reason here why there is none. `bun run mutate` shows
 * that those tests fail when the rule is switched off.
 */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MUTATIONS, UNMUTATED } from "../scripts/mutations.ts";

/** Ranges of the reference; both ends exist. */
const REFERENCE = [
  ["W", [1, 14], [20, 25], [30, 36], [40, 48], [50, 55], [60, 72]],
  ["E", [1, 13], [20, 30], [40, 47]],
  ["X", [1, 8], [20, 22]],
] as const;

/** Lines without a test. */
const WITHOUT_TEST: Readonly<Record<string, string>> = {
  E04: "optional, not built: the server never counters an offer with one of its own (406)",
  E05: "belongs to E04: there is never a counter-offer to answer",
};

const QUIRKS = [
  ["Q-O", 11],
  ["Q-F", 7],
  ["Q-G", 4],
  ["Q-C", 12],
  ["Q-S", 2],
  ["Q-B", 15],
] as const;

/** Quirks that ask nothing of the server, or that another suite shows. */
const QUIRKS_WITHOUT_TEST: Readonly<Record<string, string>> = {
  "Q-O10": "B-frames are the encoder's business; they are forwarded like all pictures",
  "Q-G3": "counter-offers (406) are not built",
  "Q-C2": "the reference numbers it Q-M2",
  "Q-C3": "the reference numbers it Q-M3: only for servers that are clients",
  "Q-B15": "Chrome's ICE against full ICE; the server is ICE-lite (W55)",
};

const ROOT = join(import.meta.dir);
const titles = testTitles();

test("every line of the reference has a test or a reason", () => {
  const wanted = REFERENCE.flatMap(([letter, ...ranges]) =>
    ranges.flatMap(([from, to]) => {
      const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      return numbers.map((number) => letter + String(number).padStart(2, "0"));
    }),
  );
  expect(wanted.filter((id) => !isCovered(id) && WITHOUT_TEST[id] === undefined)).toEqual([]);
  // A reason beside a test, or of a line that does not exist, is out of date.
  for (const id of Object.keys(WITHOUT_TEST)) {
    expect(wanted).toContain(id);
    expect(isCovered(id), id).toBe(false);
  }
  // And the other way round: no title claims an id that the reference lacks.
  const known = new Set(wanted);
  const claimed = titles.flatMap((title) => title.match(/\b[WEX]\d\d\b/g) ?? []);
  expect([...new Set(claimed)].filter((id) => !known.has(id))).toEqual([]);
});

test("every quirk of a real client has a test or a reason", () => {
  const wanted = QUIRKS.flatMap(([prefix, count]) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`),
  );
  const missing = wanted.filter((id) => !isCovered(id) && QUIRKS_WITHOUT_TEST[id] === undefined);
  expect(missing).toEqual([]);
  expect(isCovered("Q-M2")).toBe(true);
  for (const id of Object.keys(QUIRKS_WITHOUT_TEST)) expect(isCovered(id), id).toBe(false);
});

test("every covered id has a mutation that must break its tests, or a reason", () => {
  const mutated = new Set(MUTATIONS.flatMap(({ ids }) => ids));
  const covered = new Set(titles.flatMap((title) => title.match(/\b[WEX]\d\d\b/g) ?? []));
  const without = [...covered].filter((id) => !mutated.has(id) && UNMUTATED[id] === undefined);
  expect(without.sort()).toEqual([]);
  for (const id of Object.keys(UNMUTATED)) expect(mutated.has(id), id).toBe(false);
});

function isCovered(id: string): boolean {
  const pattern = new RegExp(`(^|[^\\w-])${id}(?!\\d)`);
  return titles.some((title) => pattern.test(title));
}

/** The titles of all tests and describes, as the sources have them. */
function testTitles(): string[] {
  const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" });
  return files
    .filter((name) => name.endsWith(".test.ts") && name !== "conformance.test.ts")
    .flatMap((name) => {
      const text = readFileSync(join(ROOT, name), "utf8");
      const calls = /\b(?:test|describe)(?:\.\w+)*(?:\([^()"`]*\))?\(\s*(["`])(.*?)\1/g;
      return [...text.matchAll(calls)].map((match) => match[2]!);
    });
}
