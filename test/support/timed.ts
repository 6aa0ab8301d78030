/**
 * Tests whose verdict hangs on time. A bound that is missed while others took the machine says
 * nothing: the test is repeated, and void after three such runs. On a machine of its own it has
 * failed. What is no bound of time fails at once, whoever took what.
 */
import { test } from "bun:test";
import { appendFileSync } from "node:fs";
import { isBeside, standStill } from "./beside.ts";
import { machineWasTaken, type Taken, told, watchOthers } from "./others.ts";

export const RUNS = 3;
/** The runner's own limit only ends what hangs; bounds of time are those of the test. */
const HANGS_FACTOR = 4;
/** Characters of a missed bound that are shown. */
const SHOWN_MAX = 200;
/** Where scripts/test.sh collects what was void. */
const VOID_FILE = process.env.VOID_TESTS;

/** A bound of time was missed. */
export class Late extends Error {
  override readonly name = "Late";
}

/** Runs a check that depends on how fast things went; what it throws is a missed bound. */
export function inTime<T>(check: () => Promise<T>): Promise<T>;
export function inTime<T>(check: () => T): T;
export function inTime(check: () => unknown): unknown {
  const late = (error: unknown): never => {
    throw new Late(error instanceof Error ? error.message : String(error), { cause: error });
  };
  try {
    const result = check();
    return result instanceof Promise ? result.catch(late) : result;
  } catch (error) {
    return late(error);
  }
}

/** How a run ended. */
export type Verdict = "passed" | "failed" | "repeat" | "void";

/**
 * The verdict on run `number`, 1 for the first; `error` is null when it passed. `beside`: the other
 * half of this run of tests was there, which no repeated one meets.
 */
export function judge(error: unknown, others: Taken, number: number, beside = false): Verdict {
  if (error === null) return "passed";
  if (!(error instanceof Late)) return "failed";
  if (!machineWasTaken(others)) return beside ? "repeat" : "failed";
  return number < RUNS ? "repeat" : "void";
}

/** As `test` of bun:test. `timeoutMs`: what one run needs on a machine of its own, with room. */
export function timed(name: string, body: () => void | Promise<void>, timeoutMs = 20_000): void {
  let run = 0;
  let failed: unknown = null;
  // The runner repeats what throws, hooks and all; what has failed is not tried again.
  const attempt = async (): Promise<void> => {
    if (failed !== null) throw failed;
    run += 1;
    const beside = run === 1 && isBeside();
    const goOn = run > 1 ? standStill() : () => {};
    const stop = watchOthers();
    const error = await outcome(body);
    const others = stop();
    goOn();
    const verdict = judge(error, others, run, beside);
    if (verdict === "passed") return;
    if (verdict === "void") {
      tellVoid(name, others, (error as Late).message);
      return;
    }
    if (verdict === "failed") failed = error;
    else console.log(`repeated: ${name} (${told(others)})`);
    throw error;
  };
  test(name, attempt, { timeout: timeoutMs * HANGS_FACTOR, retry: RUNS - 1 });
}

async function outcome(body: () => void | Promise<void>): Promise<unknown> {
  try {
    await body();
    return null;
  } catch (error) {
    return error ?? new Error("it threw nothing");
  }
}

function tellVoid(name: string, others: Taken, missed: string): void {
  const line = `void: ${name} (${told(others)})`;
  console.log(`${line}: ${missed.split("\n")[0]!.slice(0, SHOWN_MAX)}`);
  if (VOID_FILE !== undefined) appendFileSync(VOID_FILE, `${line}\n`);
}
