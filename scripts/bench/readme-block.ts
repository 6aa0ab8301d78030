/** What README.md says of the benchmarks, from scripts/bench/results/*.json alone. */
import { resolve } from "node:path";
import { table } from "../markdown.ts";
import { chartLines } from "./charts.ts";
import type { BenchResult, Row } from "./harness.ts";
import { storedResult, WITHOUT_GRO } from "./results.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** Points of `fanout` that the table shows; the charts show all. */
const POINTS: readonly (readonly [viewers: number, mbps: number])[] = [
  [1000, 0],
  [1000, 0.6],
  [200, 1.5],
  [500, 1.5],
  [100, 2.5],
  [500, 2.5],
];

const STORED = [
  ...["fanout", "workers", "delay", "feedback", "joins", "crowd", "memory", "relay", "tree"],
  ...["ring", "publishers"],
  ...["correctness", "profile", "hot", "soak", "peers"],
];

type Read = (bench: string) => BenchResult | null;

/** The block; `read` is replaced in tests. */
export function benchBlock(read: Read = storedResult): string {
  const results = STORED.flatMap((bench) => read(bench) ?? []);
  if (results.length === 0) {
    return "No figures are stored: `bun run bench` measures them, `bun run readme` puts them here.";
  }
  const rows = (bench: string) => read(bench)?.results ?? [];
  return [
    fanoutTable(rows("fanout")),
    figures(rows),
    peersTable(rows("peers")),
    profileTable(rows("profile")),
    hotTable(rows("hot")),
    conditions(results),
    ...chartLines(ROOT, (bench) => bench !== "timeline"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function fanoutTable(rows: readonly Row[]): string {
  const lines = POINTS.flatMap(([viewers, mbps]) =>
    rows.filter((row) => row.viewers === viewers && row.mbps === mbps),
  );
  if (lines.length === 0) return "";
  const head = ["One stream", "CPU a packet", "Floor", "Ratio", "CPU a viewer", "Delay p50, p99"];
  return table(
    [...head, "Lost"],
    lines.map((row) => [
      row.mbps === 0
        ? `${text(row.viewers)} viewers, sound alone`
        : `${text(row.viewers)} viewers, ${text(row.mbps)} Mb/s, ${text(row.arrival)}${row.receivers === WITHOUT_GRO ? ", receivers without GRO" : ""}`,
      `${text(row["us/packet"])} us`,
      `${text(row["floor before"])}, ${text(row["floor after"])} us`,
      text(row["x floor"]),
      `${text(row["mCPU/viewer"])} mCPU`,
      `${text(row["delay p50"])}, ${text(row["delay p99"])} ms`,
      text(row.lost),
    ]),
  );
}

/** One line each of what the other benchmarks found. */
function figures(rows: (bench: string) => readonly Row[]): string {
  const lines: string[][] = [];
  const add: Add = (bench, row, what, found) => {
    if (row !== undefined) lines.push([`\`${bench}\``, what, found(row)]);
  };
  for (const row of rows("workers").filter(({ arrival }) => arrival === "burst")) {
    const many = row.workers === 1 ? "1 egress worker" : `${text(row.workers)} egress workers`;
    add("workers", row, many, (at) => `${text(at["us/packet"])} us of CPU a packet`);
  }
  for (const row of rows("delay").filter(({ wanted }) => wanted === "70 %")) {
    const what = `${streamsOf(row)} to ${text(row.viewers)} viewers, ${text(row.arrival)}`;
    add("delay", row, what, delaysOf);
  }
  add("feedback", rows("feedback")[0], "500 viewers, transport-cc each 100 ms", (row) => {
    return `following the viewers' networks takes ${text(row["share %"])} % of the CPU`;
  });
  add("joins", rows("joins")[0], "200 joins a second beside 200 viewers", joinsOf);
  for (const row of rows("crowd").filter(({ run }) => run === "median")) {
    add("crowd", row, `250 joins in a second beside 200 viewers, ${text(row.cores)}`, crowdOf);
  }
  add(
    "memory",
    rows("memory").find(({ viewers }) => viewers === 1000),
    "1,000 viewers",
    (row) => {
      return `${text(row["KiB/viewer"])} KiB a viewer`;
    },
  );
  const streams = rows("publishers").find(
    (row) => row.streams === 200 && row.viewers === 1000 && row.arrival === "spread",
  );
  add("publishers", streams, "200 streams, five viewers each", (row) => {
    return `${text(row["cpu %"])} % of a core, delay p99 ${text(row["delay p99"])} ms`;
  });
  relayFigures(rows("relay"), add);
  add("tree", rows("tree").at(-1), "10,000,000 viewers of 2.5 Mb/s", treeOf);
  const waking = rows("ring").find((row) => row["packets/s"] === 2000);
  add("ring", waking, "wake-up of a reader", (row) => percentilesOf(row, "wake"));
  const wishing = rows("ring").find((row) => row["writer busy %"] === 45);
  add("ring", wishing, "a reader's wish to a writer that is busy for 45 % of its time", (row) =>
    percentilesOf(row, "wish"),
  );
  add("correctness", rows("correctness")[0], "a real clip, a sample decoded", correctnessOf);
  add("soak", rows("soak").at(-1), "20 joins and 20 leaves a second", (row) => {
    return `${text(row.joined)} joined, ${text(row.failed)} failed, ${text(row["KiB/join"])} KiB a join stay`;
  });
  return lines.length === 0 ? "" : table(["Benchmark", "Load", "Found"], lines);
}

type Add = (bench: string, row: Row | undefined, what: string, found: (row: Row) => string) => void;

function relayFigures(rows: readonly Row[], add: Add): void {
  // All children share a core: where that is too little for them they lose, whatever the parent does.
  const whole = rows.filter((each) => each["us/child"] != null && each.lost === 0);
  for (const streams of new Set(whole.map((row) => row.streams))) {
    const row = whole.findLast((each) => each.streams === streams)!;
    add("relay", row, `${streamsOf(row)} of 2.5 Mb/s to ${nodesOf(row)}`, (at) => {
      return `${text(at["us/child"])} us of CPU a packet and child; ${text(at["overhead B"])} B beside ${text(at["payload B"])} of payload; lost ${text(at.lost)}`;
    });
  }
  for (const row of rows.filter(({ chain }) => chain != null)) {
    add("relay", row, `${streamsOf(row)} through a node in the middle`, (at) => {
      return `a packet is there for ${text(at["stay p50 ms"])} ms (p99 ${text(at["stay p99 ms"])})`;
    });
  }
  const idle = rows.find(({ cores }) => cores != null);
  add("relay", idle, "no stream, 64 core nodes (extrapolated)", (row) => {
    return `${text(row["idle kB/s a node"])} kB/s and ${text(row["relay mCPU"])} mCPU a node`;
  });
}

function treeOf(row: Row): string {
  const fits = row.fits === true ? "within a cluster's limits" : "beyond a cluster's limits";
  return `${text(row.nodes)} nodes of 16 cores and 25 Gb/s, ${text(row["viewers/node"])} viewers each, ${fits}; ${text(row.path)} nodes a path, in which a packet is for ${text(row["stay p50 ms"])} ms (p99 ${text(row["stay p99 ms"])})`;
}

function percentilesOf(row: Row, what: "wake" | "wish"): string {
  return `p50 ${text(row[`${what} p50 us`])} us, p99 ${text(row[`${what} p99 us`])} us`;
}

function joinsOf(row: Row): string {
  return `${text(row["ms CPU/join"])} ms of CPU each, connected after ${text(row["connect p50"])} ms (p99 ${text(row["connect p99"])}); the others lost ${text(row["others lost"])}`;
}

function crowdOf(row: Row): string {
  return `the first keyframe after ${text(row["keyframe p50"])} ms (p95 ${text(row["keyframe p95"])}); the others lost ${text(row["others lost"])}`;
}

function correctnessOf(row: Row): string {
  return `${text(row.viewers)} viewers for ${text(row.seconds)} s: ${text(row.lost)} lost, ${text(row.duplicates)} doubled; ${text(row.pictures)} pictures of ${text(row.decoded)} viewers decoded, ${text(row.faults)} faults`;
}

function peersTable(rows: readonly Row[]): string {
  // The largest load; the chart shows the others, too.
  const most = Math.max(...rows.map((row) => Number(row.server == null ? 0 : (row.viewers ?? 0))));
  const points = rows.filter(({ server, viewers }) => server != null && viewers === most);
  const others = rows.filter(
    (row) => row.server != null && row.viewers == null && row.note != null,
  );
  const claim = rows.find((row) => row.claim !== undefined);
  if (rows.length === 0) return "";
  const head = [
    "Server",
    "Viewers of 1.5 Mb/s",
    "Cipher",
    "CPU a packet",
    "To the floor",
    "To Spillway",
  ];
  const lines = points.map((row) => [
    text(row.server),
    `${text(row.viewers)}, ${text(row.arrival)}`,
    text(row.srtp),
    `${text(row["us/packet"])} us`,
    text(row["x floor"]),
    text(row["x spillway"]),
    `${text(row["delay p50"])}, ${text(row["delay p99"])} ms`,
    `${text(row["lost %"])} %`,
    text(row.note === "" ? null : row.note),
  ]);
  const parts = [
    lines.length === 0 ? "" : table([...head, "Delay p50, p99", "Lost", "Note"], lines),
    others.length === 0 ? "" : others.map((row) => `${row.server}: ${row.note}`).join("; "),
    claim === undefined ? "" : claimOf(claim),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function claimOf({ claim, holds, "x fewer": fewer, note }: Row): string {
  const verdict = holds === true ? `holds (${text(fewer)} x)` : "cannot be made from this run";
  return `The claim "${claim}" ${verdict}${note === "" || note == null ? "" : `: ${note}`}.`;
}

function profileTable(rows: readonly Row[]): string {
  const top = rows.filter(({ rank }) => rank !== undefined);
  if (top.length === 0) return "";
  const libraries = rows
    .filter((row) => row.library !== undefined && row.rank === undefined)
    .map((row) => `${text(row.library)} ${text(row["%"])} %`);
  const lines = top.map((row) => [
    text(row.rank),
    `\`${text(row.entry)}\``,
    text(row.library),
    `${text(row["%"])} %`,
  ]);
  const head = ["", "Hottest of the egress thread", "In", "Share"];
  const split = rows
    .filter((row) => row["user %"] !== undefined)
    .map((row) => ` User ${text(row["user %"])} %, kernel ${text(row["kernel %"])} %.`);
  return `${table(head, lines)}\n\nBy library: ${libraries.join(", ")}.${split.join("")}`;
}

/** Where `fanout` is dearest a packet, and many streams; ns a packet. */
function hotTable(rows: readonly Row[]): string {
  const lines = rows.filter(
    (row) => row["ns a"] === "packet" && (row.viewers === 200 || row.streams === 200),
  );
  if (lines.length === 0) return "";
  const head = ["The egress alone, ns a packet", "All", "Walk", "Header", "Seal", "Note", "Commit"];
  return table(
    [...head, "Segments", "Packets a visit"],
    lines.map((row) => [
      `${streamsOf(row)} to ${text(row.viewers)} viewers, ${text(row.mbps)} Mb/s, ${text(row.arrival)}${row.pace === "real" ? ", in real time" : ""}`,
      ...["all", "walk", "header", "seal", "note", "commit", "segments"].map((part) =>
        text(row[part]),
      ),
      text(row["packets/visit"]),
    ]),
  );
}

function delaysOf(row: Row): string {
  const frames =
    row["frames p99 ms"] === undefined
      ? ""
      : `, of frames ${text(row["frames p50 ms"])} and ${text(row["frames p99 ms"])} ms`;
  return `p50 ${text(row["p50 ms"])} ms, p99 ${text(row["p99 ms"])} ms${frames} at ${text(row["cpu %"])} % of a core; the largest frame takes ${text(row["frame ms"])} ms`;
}

function nodesOf({ children }: Row): string {
  return children === 1 ? "one node" : `${text(children)} nodes`;
}

function streamsOf({ streams }: Row): string {
  return streams === 1 ? "1 stream" : `${text(streams)} streams`;
}

/** Who was measured where and when; benchmarks of one run share a line. */
function conditions(results: readonly BenchResult[]): string {
  const lines = new Map<string, string[]>();
  for (const { name, machine, versions, commit, date, conditions: own } of results) {
    const at = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}, ${versions.system}, Bun ${versions.bun}; commit ${commit}, ${date.slice(0, 10)}; ${own.pinning}`;
    lines.set(at, [...(lines.get(at) ?? []), `\`${name}\``]);
  }
  const fanout = results.find(({ name }) => name === "fanout")?.conditions;
  const source =
    fanout === undefined
      ? ""
      : `\n- Source: ${fanout.source}. ${fanout.arrival}. Feedback: ${fanout.feedback}. SRTP: ${fanout.srtp}. ${fanout.receiver}. Warm-up: ${fanout.warmUp}.`;
  const list = [...lines].map(([at, names]) => `- ${names.join(", ")}: ${at}.`).join("\n");
  return `${list}${source}\n- The floor: sealing and sending the same packets and nothing else, before and after. All figures and conditions: \`scripts/bench/results\`.`;
}

/** Three digits are what these figures are worth. */
function text(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return "-";
  if (typeof value !== "number") return String(value);
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US");
}
