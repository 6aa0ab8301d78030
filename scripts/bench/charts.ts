/** The charts of README.md, from scripts/bench/results/*.json: `bun run readme` writes them. */
import { relative, resolve } from "node:path";
import { type Drawing, draw, type Series } from "./chart-drawing.ts";
import type { BenchResult, Row } from "./harness.ts";
import { RESULTS, SATURATED_PERCENT, storedResult, WITHOUT_GRO } from "./results.ts";

interface Chart extends Pick<Drawing, "title" | "x" | "y" | "kind"> {
  readonly file: string;
  readonly bench: string;
  readonly series: (rows: readonly Row[]) => Series[];
}

export interface DrawnChart {
  readonly bench: string;
  readonly title: string;
  /** Of the SVG file. */
  readonly path: string;
  readonly svg: string;
}

const arrivalAndRate = ({ mbps, arrival }: Row) =>
  mbps === 0 ? "sound alone" : `${mbps} Mb/s, ${arrival}`;

/** Lines of a viewer's minute. */
const NAMES: Readonly<Record<string, string>> = {
  carries: "the network carries",
  believed: "the server's estimate",
  sent: "the layer that flows",
};

const CHARTS: readonly Chart[] = [
  {
    file: "fanout",
    bench: "fanout",
    title: "CPU a forwarded packet, 2.5 Mb/s",
    kind: "lines",
    x: "viewers",
    y: "CPU a packet, us",
    series: (rows) => [
      ...group(busy(rows, 2.5), ({ arrival }) => `spillway, ${arrival}`, "viewers", "us/packet"),
      ...group(busy(rows, 2.5), ({ arrival }) => `floor, ${arrival}`, "viewers", "floor before"),
    ],
  },
  {
    file: "fanout-viewer",
    bench: "fanout",
    title: "CPU a viewer",
    kind: "lines",
    x: "viewers",
    y: "thousandths of a core",
    series: (rows) => group(busy(rows), arrivalAndRate, "viewers", "mCPU/viewer"),
  },
  {
    file: "fanout-delay",
    bench: "fanout",
    title: "Delay through the server below its limit, one stream of 1.5 Mb/s",
    kind: "lines",
    x: "viewers",
    y: "one-way delay, ms",
    series: (rows) => [
      ...group(unsaturated(rows, 1.5), ({ arrival }) => `p50, ${arrival}`, "viewers", "delay p50"),
      ...group(unsaturated(rows, 1.5), ({ arrival }) => `p99, ${arrival}`, "viewers", "delay p99"),
    ],
  },
  {
    file: "publishers",
    bench: "publishers",
    title: "CPU by number of streams, five viewers each, 0.6 Mb/s",
    kind: "lines",
    x: "streams",
    y: "% of a core",
    series: (rows) =>
      group(
        rows.filter((row) => Number(row.viewers) === 5 * Number(row.streams)),
        (row) => String(row.arrival),
        "streams",
        "cpu %",
      ),
  },
  ...["steps", "LTE"].map(
    (network): Chart => ({
      file: `timeline-${network.toLowerCase()}`,
      bench: "timeline",
      title:
        network === "steps"
          ? "A viewer whose network falls from 4 to 0.8 Mb/s and rises again"
          : "A viewer on an LTE like network, 3 Mb/s in the mean",
      kind: "trace",
      x: "seconds since the join",
      y: "Mb/s",
      series: (rows) =>
        ["carries", "believed", "sent"].flatMap((column) =>
          group(
            rows.filter((row) => row.network === network),
            () => NAMES[column]!,
            "second",
            column,
          ),
        ),
    }),
  ),
  {
    file: "peers",
    bench: "peers",
    title: "CPU a forwarded packet, 200 viewers of 1.5 Mb/s",
    kind: "bars",
    x: "server",
    y: "CPU a packet, us",
    series: (rows) =>
      group(
        rows.filter(({ server, viewers }) => server != null && viewers != null),
        ({ arrival, srtp }) => `${arrival}, cipher ${srtp}`,
        "server",
        "us/packet",
      ),
  },
];

/** Lines of README.md that show the charts of some benchmarks. */
export function chartLines(root: string, shows: (bench: string) => boolean): string[] {
  return drawCharts()
    .filter(({ bench }) => shows(bench))
    .map(({ title, path }) => `![${title}](${relative(root, path)})`);
}

/** All whose figures are stored. */
export function drawCharts(): DrawnChart[] {
  return CHARTS.flatMap(({ file, bench, series, ...chart }) => {
    const result = storedResult(bench);
    const drawn = result === null ? [] : series(result.results);
    if (result === null || drawn.length === 0) return [];
    const svg = draw({ ...chart, series: drawn, conditions: conditionsOf(result) });
    return [{ bench, title: chart.title, path: resolve(RESULTS, `${file}.svg`), svg }];
  });
}

function conditionsOf({ machine, commit, date, conditions }: BenchResult): string {
  const { cpu, cores, kernel } = machine;
  return `${cpu}, ${cores} cores, Linux ${kernel}; commit ${commit}, ${date.slice(0, 10)}; ${conditions.pinning}`;
}

/** At few viewers the process's own housekeeping is most of the cost: those say little. */
function busy(rows: readonly Row[], mbps: number | null = null): Row[] {
  return rows.filter(
    (row) =>
      Number(row.viewers) >= 100 &&
      (mbps === null || row.mbps === mbps) &&
      row.receivers !== WITHOUT_GRO,
  );
}

/** Beyond that the delay is the length of the run. */
function unsaturated(rows: readonly Row[], mbps: number): Row[] {
  return busy(rows, mbps).filter((row) => Number(row["cpu %"]) < SATURATED_PERCENT);
}

function group(rows: readonly Row[], name: (row: Row) => string, x: string, y: string): Series[] {
  const series = new Map<string, [number | string, number][]>();
  for (const row of rows) {
    const at = row[x];
    const value = row[y];
    if ((typeof at !== "number" && typeof at !== "string") || typeof value !== "number") continue;
    const key = name(row);
    series.set(key, [...(series.get(key) ?? []), [at, value]]);
  }
  return [...series].map(([key, points]) => ({ name: key, points }));
}
