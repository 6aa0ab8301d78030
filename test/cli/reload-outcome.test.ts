import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetOutcome, keepOutcome, takeOutcome } from "../../src/cli/reload-outcome.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-outcome-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what came of a reload is told once, and nothing of it stays", () => {
  const state = join(folder, "state");
  expect(takeOutcome(state)).toBeNull();
  const outcome = { problem: null, later: ["takeover"] };
  keepOutcome(state, { problem: "of an earlier one", later: [] });
  keepOutcome(state, outcome);
  expect(readdirSync(state).map((name) => statSync(join(state, name)).mode & 0o777)).toEqual([
    0o600,
  ]);
  expect(takeOutcome(state)).toEqual(outcome);
  expect(takeOutcome(state)).toBeNull();
  expect(readdirSync(state)).toEqual([]);
});

test("what nobody has asked for is not taken for the next one's", () => {
  const state = join(folder, "other");
  keepOutcome(state, { problem: "of an earlier one", later: [] });
  forgetOutcome(state);
  expect(takeOutcome(state)).toBeNull();
  forgetOutcome(join(folder, "nowhere"));
});
