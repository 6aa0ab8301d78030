/** The report as a person reads it, and the line shown while it runs. */
import type { LoadTotals } from "./counters.ts";
import type { LoadReport, Percentiles, ServerReport } from "./report.ts";

/** One line, below 100 characters for usual figures. `bitrate`: since the line before, b/s. */
export function progressLine(
  phase: string,
  viewers: number,
  totals: LoadTotals,
  bitrate: number,
): string {
  const parts = [
    phase,
    `${totals.joinsConnected}/${viewers} joined`,
    `${(bitrate / 1e6).toFixed(1)} Mb/s`,
    `lost ${totals.lost}`,
  ];
  if (totals.joinsFailed > 0) parts.splice(2, 0, `${totals.joinsFailed} failed`);
  return parts.join("  ");
}

type Row = readonly [name: string, value: string];

export function reportTable(report: LoadReport): string {
  const { publishers, recordings, tool } = report;
  const rows: Row[] = [];
  if (publishers.live + publishers.failed > 0) {
    rows.push(["publishers", `${publishers.live} live, ${publishers.failed} failed`]);
  }
  if (report.join.attempted > 0) {
    rows.push(...joinRows(report.join), ...trafficRows(report), ...sampleRows(report));
  }
  if (recordings.length > 0) {
    const frames = recordings.reduce((sum, each) => sum + each.frames, 0);
    rows.push(["recorded", `${frames} frames in ${recordings.length} files`]);
  }
  if (report.server !== null) rows.push(...serverRows(report.server));
  rows.push([
    "this tool's CPU",
    `${trim(tool.cpuPercent)} % of a core, ${orDash(tool.cpuUsPerPacket)} us a packet`,
  ]);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => name.padEnd(width) + value).join("\n");
}

function joinRows(join: LoadReport["join"]): Row[] {
  const percent = (100 * join.connected) / join.attempted;
  const failures = Object.entries(join.failures);
  return [
    ["joined", `${join.connected} of ${join.attempted} (${trim(percent)} %)`],
    ...failures.map(([reason, count]): Row => ["  failed", `${count} x ${reason}`]),
    ["connected after", spread(join.connectMs, "ms")],
    ["first packet after", spread(join.firstPacketMs, "ms")],
    ["first keyframe after", spread(join.firstKeyframeMs, "ms")],
  ];
}

function trafficRows({ traffic, quality }: LoadReport): Row[] {
  const { megabitsPerSecond, packetsPerSecond, seconds } = traffic;
  const rows: Row[] = [
    [
      "traffic",
      `${trim(megabitsPerSecond)} Mb/s, ${packetsPerSecond} packets/s over ${trim(seconds)} s`,
    ],
    ["per viewer", spread(traffic.viewerKbps, "kb/s")],
    ["lost", `${quality.lost} (${trim(quality.lossPercent)} %)`],
    [
      "repair",
      `${quality.recovered} recovered, ${quality.nacksSent} NACKs, ${quality.plisSent} PLIs`,
    ],
    ["duplicates, reordered", `${quality.duplicates}, ${quality.reordered}`],
    ["jitter", spread(traffic.jitterMs, "ms")],
  ];
  if (traffic.delayMs !== null) rows.push(["one-way delay", spread(traffic.delayMs, "ms")]);
  if (traffic.frameDelayMs !== null) {
    rows.push(["delay of frames", spread(traffic.frameDelayMs, "ms")]);
  }
  if (traffic.longestGapMs !== null) {
    rows.push(["longest gap", spread(traffic.longestGapMs, "ms")]);
  }
  if (traffic.captureDelayMs !== null) {
    rows.push(["delay from capture", spread(traffic.captureDelayMs, "ms")]);
  }
  return rows;
}

function sampleRows({ quality, sample }: LoadReport): Row[] {
  const { every, framesComplete, framesBroken, stampBreaks } = sample;
  const rows: Row[] = [
    [
      "frames checked",
      `${framesComplete} whole, ${framesBroken} broken (every ${ordinal(every)} viewer)`,
    ],
  ];
  const { authFailures, malformed } = quality;
  if (authFailures + malformed + stampBreaks > 0) {
    rows.push([
      "wrong packets",
      `${authFailures} forged, ${malformed} malformed, ${stampBreaks} out of line`,
    ]);
  }
  return rows;
}

function serverRows(server: ServerReport): Row[] {
  const aPacket = `${orDash(server.cpuUsPerPacket)} us a packet`;
  const aViewer = `${orDash(server.milliCpuPerViewer)} mCPU a viewer`;
  return [
    ["server CPU", `${trim(server.cpuPercent)} % of a core, ${aPacket}, ${aViewer}`],
    ["server memory", `${trim(server.rssMib)} MiB, ${orDash(server.rssKibPerViewer)} KiB a viewer`],
    ["server CPU a join", `${orDash(server.cpuMsPerJoin)} ms`],
  ];
}

function spread(values: Percentiles | null, unit: string): string {
  if (values === null) return "-";
  const { p50, p90, p99, max } = values;
  return `p50 ${trim(p50)}  p90 ${trim(p90)}  p99 ${trim(p99)}  max ${trim(max)} ${unit}`;
}

function orDash(value: number | null): string {
  return value === null ? "-" : trim(value);
}

/** Three significant digits are what these figures are worth. */
function trim(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

function ordinal(n: number): string {
  const last = n % 10;
  const teen = Math.floor(n / 10) % 10 === 1;
  if (n === 1) return "";
  const suffix = teen ? "th" : last === 1 ? "st" : last === 2 ? "nd" : last === 3 ? "rd" : "th";
  return `${n}${suffix}`;
}
