import { beforeEach, expect, test } from "bun:test";
import { createLogger } from "../../src/log.ts";
import { Budget } from "../../src/rehearsal/budget.ts";
import { rehearseControl } from "../../src/rehearsal/control.ts";

const lines: string[] = [];
const log = createLogger({
  level: "debug",
  format: "json",
  sink: (line) => lines.push(line),
  wall: () => 0,
});
let turns = 0;

beforeEach(() => {
  lines.length = 0;
  turns = 0;
});

async function turn(): Promise<void> {
  turns += 1;
}

/** That is left for so many looks. */
function looks(count: number): Budget {
  let looked = 0;
  return new Budget({ clock: () => (looked += 1), us: count });
}

test("clients come and go, others have their turn, and nothing is told", async () => {
  expect(await rehearseControl(log, turn, looks(40))).toBe(38);
  // Each joins, those behind the twentieth make another leave, and the rest is the publisher's and
  // of those who ask for what is not live.
  expect(turns).toBe(38 + 19 + 1 + 3);
  expect(lines).toEqual([]);
});

test("without a budget nobody comes", async () => {
  expect(await rehearseControl(log, turn, looks(0))).toBe(0);
  expect(turns).toBe(0);
});

test("it has an end of its own", async () => {
  expect(await rehearseControl(log, turn, looks(1e6))).toBe(150);
  expect(lines).toEqual([]);
});

test("one that fails is told, and that is all", async () => {
  const broken = () => Promise.reject(new Error("no turn"));
  expect(await rehearseControl(log, broken)).toBe(0);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("no turn");
});
