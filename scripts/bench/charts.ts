/** Draws scripts/bench/results/*.json as SVG beside them: `bun scripts/bench/charts.ts`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BenchResult, Row } from "./harness.ts";

const RESULTS = resolve(import.meta.dir, "results");
const WIDTH = 760;
const HEIGHT = 400;
const MARGIN = { left: 64, right: 24, top: 56, bottom: 76 };
const COLOURS = ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d"];

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Chart {
  readonly file: string;
  readonly bench: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: (rows: readonly Row[]) => Series[];
}

const arrivalAndRate = (row: Row) => `${row.mbps} Mb/s, ${row.arrival}`;

const CHARTS: readonly Chart[] = [
  {
    file: "fanout",
    bench: "fanout",
    title: "CPU a forwarded packet",
    x: "viewers",
    y: "us",
    series: (rows) => [
      ...group(busy(rows), arrivalAndRate, "viewers", "us/packet").filter((each) =>
        each.name.startsWith("2.5"),
      ),
      ...group(busy(rows), (row) => `floor, ${row.arrival}`, "viewers", "floor before", 2.5),
    ],
  },
  {
    file: "fanout-viewer",
    bench: "fanout",
    title: "CPU a viewer (thousandths of a core)",
    x: "viewers",
    y: "mCPU",
    series: (rows) => group(busy(rows), arrivalAndRate, "viewers", "mCPU/viewer"),
  },
  {
    file: "fanout-delay",
    bench: "fanout",
    title: "Forwarding delay at 1.5 Mb/s",
    x: "viewers",
    y: "ms",
    series: (rows) => [
      ...group(busy(rows), (row) => `p50, ${row.arrival}`, "viewers", "delay p50", 1.5),
      ...group(busy(rows), (row) => `p99, ${row.arrival}`, "viewers", "delay p99", 1.5),
    ],
  },
  {
    file: "memory",
    bench: "memory",
    title: "Memory a viewer",
    x: "viewers",
    y: "KiB",
    series: (rows) => group(rows, () => "spillway", "viewers", "KiB/viewer"),
  },
  {
    file: "publishers",
    bench: "publishers",
    title: "CPU by number of streams, five viewers each",
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
  {
    file: "peers",
    bench: "peers",
    title: "CPU a forwarded packet, 1.5 Mb/s, burst, AES-CM",
    x: "viewers",
    y: "us",
    series: (rows) =>
      group(
        rows.filter((row) => row.srtp === "cm" && row.arrival === "burst"),
        (row) => String(row.server),
        "viewers",
        "us/packet",
      ),
  },
];

for (const chart of CHARTS) {
  const source = resolve(RESULTS, `${chart.bench}.json`);
  if (!existsSync(source)) continue;
  const result = JSON.parse(readFileSync(source, "utf8")) as BenchResult;
  const target = resolve(RESULTS, `${chart.file}.svg`);
  writeFileSync(target, draw(chart, chart.series(result.results), result));
  console.log(target);
}

/** At few viewers the process's own housekeeping is most of the cost: those say little. */
function busy(rows: readonly Row[]): Row[] {
  return rows.filter((row) => Number(row.viewers) >= 100);
}

function group(
  rows: readonly Row[],
  name: (row: Row) => string,
  x: string,
  y: string,
  mbps: number | null = null,
): Series[] {
  const series = new Map<string, [number, number][]>();
  for (const row of rows) {
    if (typeof row[x] !== "number" || typeof row[y] !== "number") continue;
    if (mbps !== null && row.mbps !== mbps) continue;
    const key = name(row);
    series.set(key, [...(series.get(key) ?? []), [row[x], row[y]]]);
  }
  return [...series].map(([key, points]) => ({ name: key, points }));
}

function draw(chart: Chart, series: readonly Series[], result: BenchResult): string {
  const points = series.flatMap((each) => each.points);
  const xMax = Math.max(1, ...points.map(([x]) => x));
  const yMax = niceCeiling(Math.max(1e-9, ...points.map(([, y]) => y)));
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const px = (x: number) => (MARGIN.left + (x / xMax) * width).toFixed(1);
  const py = (y: number) => (MARGIN.top + height - (y / yMax) * height).toFixed(1);
  const parts: string[] = [];
  for (let i = 0; i <= 4; i += 1) {
    const value = (yMax * i) / 4;
    parts.push(
      `<path d="M${MARGIN.left} ${py(value)}H${WIDTH - MARGIN.right}" stroke="#88888855"/>`,
      label(MARGIN.left - 8, Number(py(value)) + 4, number(value), "end"),
    );
  }
  for (const x of [...new Set(points.map(([value]) => value))]) {
    parts.push(label(Number(px(x)), MARGIN.top + height + 18, number(x), "middle"));
  }
  for (const [index, { name, points: line }] of series.entries()) {
    const colour = COLOURS[index % COLOURS.length]!;
    const dash = name.includes("floor") || name.includes("p50") ? ' stroke-dasharray="5 4"' : "";
    const path = line.map(([x, y], i) => `${i === 0 ? "M" : "L"}${px(x)} ${py(y)}`).join("");
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`);
    for (const [x, y] of line)
      parts.push(`<circle cx="${px(x)}" cy="${py(y)}" r="3" fill="${colour}"/>`);
    const at = MARGIN.left + 8 + (index % 4) * 170;
    const row = MARGIN.top - 18 + Math.floor(index / 4) * 14;
    parts.push(`<rect x="${at}" y="${row - 8}" width="10" height="10" fill="${colour}"/>`);
    parts.push(label(at + 15, row + 1, name, "start"));
  }
  const { machine, commit, date } = result;
  const conditions = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}; ${commit}, ${date.slice(0, 10)}`;
  parts.push(
    label(MARGIN.left, 20, `${chart.title} (${chart.y})`, "start", 15),
    label(MARGIN.left + width / 2, HEIGHT - 36, chart.x, "middle"),
    label(MARGIN.left, HEIGHT - 12, conditions, "start", 10),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${parts.join("")}</svg>\n`;
}

function label(x: number, y: number, text: string, anchor: string, size = 12): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="#333">${escaped}</text>`;
}

/** 1, 2 or 5 times a power of ten, at or above `value`. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return step * power;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
