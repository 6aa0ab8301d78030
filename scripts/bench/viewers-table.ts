/** README.md's first table: viewers a core, from the stored figures alone. */
import { table } from "../markdown.ts";
import type { BenchResult, Row } from "./harness.ts";
import { storedResult } from "./results.ts";

/** `result` is replaced in tests. */
export function viewersBlock(result: BenchResult | null = storedResult("viewers")): string {
  if (result === null || result.results.length === 0) {
    return "No figures are stored: `npm run bench -- viewers` measures them.";
  }
  const { results, machine, versions, commit, date } = result;
  const rates = [...new Set(results.map(({ mbps }) => Number(mbps)))];
  const head = ["Viewers a core", ...rates.map((rate) => `${rate} Mb/s`)];
  const lines = ARRIVALS.map(([arrival, told]) => [
    told,
    ...rates.map((rate) =>
      cell(results.find((row) => row.mbps === rate && row.arrival === arrival)),
    ),
  ]);
  const at = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ${versions.system}; commit ${commit}, ${date.slice(0, 10)}`;
  return `${table(head, lines)}\n\nMeasured by \`npm run bench -- viewers\`, that is \`spillway bench\` six times, on ${at}.`;
}

const ARRIVALS = [
  ["burst", "packets of a frame at once"],
  ["spread", "packets of a frame over 15 ms"],
] as const;

function cell(row: Row | undefined): string {
  if (row === undefined || typeof row.viewers !== "number") return "-";
  return `${row["at least"] === true ? "at least " : ""}${row.viewers.toLocaleString("en-US")}`;
}
