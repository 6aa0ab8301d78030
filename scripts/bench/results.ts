/** The stored figures of full runs, one file a benchmark. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BenchResult } from "./harness.ts";

export const RESULTS = resolve(import.meta.dir, "results");

/** A server this busy is at its end: more viewers would only queue. */
export const SATURATED_PERCENT = 92;

/** Rows of `fanout` whose receivers took each datagram by itself. */
export const WITHOUT_GRO = "no GRO";

/** Null when the benchmark's figures were never stored. */
export function storedResult(bench: string): BenchResult | null {
  const path = resolve(RESULTS, `${bench}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as BenchResult) : null;
}
