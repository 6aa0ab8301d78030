/**
 * Rewrites the blocks of README.md that are made from the sources and from the benchmarks' stored
 * figures, and draws the charts: `bun scripts/readme.ts`. A block stands between `<!-- NAME -->` and `<!-- /NAME -->`. test/readme.test.ts checks that they are
 * current.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { optionTable } from "../src/config.ts";
import { Metrics } from "../src/control/bus/metrics.ts";
import * as limits from "../src/limits.ts";
import { adaptationTable } from "./bench/adaptation-table.ts";
import { chartLines, drawCharts } from "./bench/charts.ts";
import { networkTable } from "./bench/network-table.ts";
import { benchBlock } from "./bench/readme-block.ts";
import { viewersBlock } from "./bench/viewers-table.ts";
import { clientsTable } from "./clients/table.ts";
import { table } from "./markdown.ts";

const ROOT = resolve(import.meta.dir, "..");
export const README_PATH = resolve(ROOT, "README.md");

const BLOCKS: Readonly<Record<string, () => string>> = {
  viewers: () => viewersBlock(),
  options: optionsTable,
  limits: limitsTable,
  metrics: metricsTable,
  adaptation: () => measured("npm run bench -- adaptation", adaptationTable()),
  network: () => measured("npm run bench -- network", networkTable()),
  clients: () => measured("npm run clients", clientsTable()),
  timeline: () => chartLines(ROOT, (bench) => bench === "timeline").join("\n\n"),
  nginx: () => fenced("nginx", "scripts/proxy/nginx.conf"),
  varnish: () => fenced("vcl", "scripts/proxy/hls.vcl"),
  caddy: () => fenced("text", "scripts/proxy/Caddyfile"),
  bench: () => benchBlock(),
  "proxy-options": () => fenced("toml", "scripts/proxy/spillway.toml"),
};

/** The text with every block made anew. Throws when a block is missing. */
export function refreshed(readme: string): string {
  let text = readme;
  for (const [name, make] of Object.entries(BLOCKS)) {
    const block = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!block.test(text)) throw new Error(`README.md has no block "${name}"`);
    text = text.replace(block, (_all, start: string, end: string) => `${start}${make()}\n${end}`);
  }
  return text;
}

function optionsTable(): string {
  const rows = optionTable
    .filter((option) => !option.hidden)
    .map(({ flag, value, key, default: standard, help }) => [
      code(value === "" ? flag : `${flag} ${value}`),
      key === "config" ? "" : code(key),
      standard === "" ? "" : code(standard),
      help,
    ]);
  return table(["Flag", "In the file", "Default", "Meaning"], rows);
}

/** Every number that src/limits.ts exports, with the comment in front of it. */
function limitsTable(): string {
  const rooms = [...read("src/limits.ts").matchAll(/^export \* from "\.\/(\S+)";$/gm)];
  const source = rooms.map((room) => read(`src/${room[1]}`)).join("");
  const values: Readonly<Record<string, unknown>> = limits;
  const rows: string[][] = [];
  for (const match of source.matchAll(
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export const (\w+) =/g,
  )) {
    const name = match[2]!;
    const comment = (match[1] ?? "").replace(/\n \*/g, "").replace(/\s+/g, " ").trim();
    rows.push([code(name), grouped(Number(values[name])), comment]);
  }
  return table(["Limit", "Value", "Why"], rows);
}

function metricsTable(): string {
  const families = metricFamilies();
  const general = families.filter(({ name }) => !name.startsWith("spillway_worker_"));
  const workers = families.filter(({ name }) => name.startsWith("spillway_worker_"));
  const rows = general.map(({ name, type, help }) => [code(name), type, help]);
  const names = workers.map(({ name }) => code(name.replace("spillway_worker_", "")));
  return `${table(["Metric", "Type", "Meaning"], rows)}

And of each media worker, as \`spillway_worker_NAME{worker="ingest-0"}\`: ${names.join(", ")}.`;
}

/** A table of stored figures, or how to come by them. */
function measured(command: string, made: ReturnType<typeof networkTable>): string {
  if (made === null) return `No figures are stored: \`${command}\` measures them.`;
  return table(made.head, made.lines);
}

/** What an idle server without workers would print: names, types and meanings are all there. */
function metricFamilies(): { name: string; type: string; help: string }[] {
  const idle = {
    plane: { rings: () => ({ inUse: 0, bytes: 0 }), loads: () => [], tcpRefusals: new Map() },
    registry: { streams: new Map(), sessions: { all: () => [] }, count: () => 0 },
    sampler: {},
    rssBytes: 0,
    cpuSeconds: 0,
    hookDropped: 0,
    tails: null,
    discussions: { kept: 0, listening: 0 },
    cluster: { accepts: [], links: [], pulls: [], published: [], failures: [] },
    names: { owned: 0, trouble: null, verdicts: {}, lost: 0 },
  } as unknown as Parameters<Metrics["text"]>[0];
  const text = new Metrics().text(idle);
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map((match) => ({
    name: match[1]!,
    help: match[2]!,
    type: match[3]!,
  }));
}

function fenced(language: string, path: string): string {
  return `\`\`\`${language}\n${read(path).trimEnd()}\n\`\`\``;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** 4194304 as 4,194,304. */
function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

function read(path: string): string {
  return readFileSync(resolve(ROOT, path), "utf8");
}

if (import.meta.main) {
  for (const { path, svg } of drawCharts()) await Bun.write(path, svg);
  const before = readFileSync(README_PATH, "utf8");
  const after = refreshed(before);
  if (after !== before) await Bun.write(README_PATH, after);
  console.log(after === before ? "README.md is current" : "README.md rewritten");
}
