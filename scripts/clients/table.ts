/** What README.md says of real clients, from the stored figures alone. */
import type { Row } from "../bench/harness.ts";
import { storedResult } from "../bench/results.ts";

interface Table {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

const HEAD = ["Client", "", "Connected", "First picture", "Lost", "Pictures a second"];

/** A line a client and direction; null when nothing is stored. */
export function clientsTable(
  rows: readonly Row[] = storedResult("clients")?.results ?? [],
): Table | null {
  if (rows.length === 0) return null;
  const lines = rows.map((row) => {
    const named = [`${row.client} ${row.version}`, row.role === "view" ? "watches" : "publishes"];
    // It did not come that far: what was said then.
    if (row.note !== undefined) return [...named, "-", "-", "-", "-", "-", String(row.note)];
    return [
      ...named,
      unit(row["connect ms"], "ms"),
      unit(row["media ms"], "ms"),
      unit(row["lost %"], "%"),
      unit(row["frames/s"], ""),
      unit(row["top layer s"], "s"),
      String(row.end),
    ];
  });
  return { head: [...HEAD, "Top layer after", "End"], lines };
}

function unit(value: Row[string] | undefined, name: string): string {
  return value === null || value === undefined ? "-" : `${value} ${name}`.trim();
}
