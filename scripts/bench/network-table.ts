/** What README.md says of real browsers on changing networks, from the stored figures alone. */
import type { Row } from "./harness.ts";
import { storedResult } from "./results.ts";

/** Head and lines of a table with a row a scenario; null when nothing is stored. */
export function networkTable(
  rows: readonly Row[] = storedResult("network")?.results ?? [],
): { readonly head: readonly string[]; readonly lines: readonly (readonly string[])[] } | null {
  const scenarios = [...new Set(rows.map(({ scenario }) => String(scenario)))];
  if (scenarios.length === 0) return null;
  const head = [
    ...[
      "Stream and network",
      "Width",
      "From cold",
      "Down",
      "Longest gap then, allowed",
      "Up again",
    ],
    "Missed",
  ];
  const lines = scenarios.map((scenario) => {
    const of = (phase: string): Row =>
      rows.find((row) => row.scenario === scenario && row.phase === phase) ?? {};
    const [cold, down, up] = [of("cold"), of("down"), of("up")];
    return [
      scenario,
      [cold, down, up].map(({ width }) => String(width)).join(", "),
      ...[cold, down].map(settled),
      `${down["gap ms"]}, ${down["gap allowed"]} ms`,
      settled(up),
      [cold, down, up].flatMap(({ missed }) => (missed ? [String(missed)] : [])).join("; "),
    ];
  });
  return { head, lines };
}

function settled(row: Row): string {
  const ms = row["settled ms"];
  return typeof ms === "number" ? `${(ms / 1000).toFixed(1)} s` : "never";
}
