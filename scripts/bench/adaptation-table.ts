/** What README.md says of the adaptation to viewers' networks, from its stored figures alone. */
import type { Row } from "./harness.ts";
import { storedResult } from "./results.ts";

const NAMES: Readonly<Record<string, string>> = {
  fixed: "0.2 to 5 Mb/s, constant",
  "step down": "steps down",
  "step up": "steps up",
  loss: "2, 5, 10 % loss and bursts",
  "round trip": "round trips of 20 to 300 ms",
  radio: "LTE and Wi-Fi like traces",
  shared: "two viewers, or a bulk transfer, on one link",
  queue: "queues of 30, 60 and 1,000 ms",
  svc: "VP9 SVC, L3T3",
  temporal: "VP8 simulcast with L1T3",
  join: "join behind a keyframe, one layer",
};

const NEVER = "never";
const COLUMNS = ["settled s", "switches/min", "used %", "queue p95 ms", "gap ms", "audio lost %"];

/** Head and lines of a table with a row a suite; null when nothing is stored. */
export function adaptationTable(
  rows: readonly Row[] = storedResult("adaptation")?.results ?? [],
): { readonly head: readonly string[]; readonly lines: readonly (readonly string[])[] } | null {
  const suites = rows.filter((row) => row.case === "all");
  if (suites.length === 0) return null;
  return {
    head: [
      "Network",
      "Runs, all targets held",
      ...["Best layer after", "Switches a minute", "Of the best layer", "Queue, p95"],
      ...["Longest gap", "Sound lost"],
    ],
    lines: suites.map((row) => [
      NAMES[String(row.suite)] ?? String(row.suite),
      `${row.runs}, ${row.held}`,
      ...COLUMNS.map((column) => figure(row, column)),
    ]),
  };
}

/** Median and worst, with the column's unit. */
function figure(row: Row, column: string): string {
  const unit = [" %", " ms", " s"].find((each) => column.endsWith(each)) ?? "";
  const [median, worst] = [value(row[column]), value(row[`${column}, worst`])];
  return `${median}, ${worst}${worst === NEVER ? "" : unit}`;
}

function value(of: Row[string] | undefined): string {
  return of === null || of === undefined ? NEVER : String(of);
}
