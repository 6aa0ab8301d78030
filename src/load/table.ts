/** The report as a person reads it, and the line shown while it runs. */
import type { LoadTotals } from "./counters.ts";
import type { LoadReport, Percentiles } from "./report.ts";

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

export function reportTable(report: LoadReport): string {
  const { join, traffic, quality, sample, server, tool, publishers } = report;
  const rows: [string, string][] = [];
  if (publishers.live + publishers.failed > 0) {
    rows.push(["publishers", `${publishers.live} live, ${publishers.failed} failed`]);
  }
  if (join.attempted > 0) {
    const percent = (100 * join.connected) / join.attempted;
    rows.push(["joined", `${join.connected} of ${join.attempted} (${trim(percent)} %)`]);
    for (const [reason, count] of Object.entries(join.failures)) {
      rows.push(["  failed", `${count} x ${reason}`]);
    }
    rows.push(["connected after", spread(join.connectMs, "ms")]);
    rows.push(["first packet after", spread(join.firstPacketMs, "ms")]);
    rows.push(["first keyframe after", spread(join.firstKeyframeMs, "ms")]);
    rows.push([
      "traffic",
      `${trim(traffic.megabitsPerSecond)} Mb/s, ${traffic.packetsPerSecond} packets/s over ${trim(traffic.seconds)} s`,
    ]);
    rows.push(["per viewer", spread(traffic.viewerKbps, "kb/s")]);
    rows.push(["lost", `${quality.lost} (${trim(quality.lossPercent)} %)`]);
    rows.push([
      "repair",
      `${quality.recovered} recovered, ${quality.nacksSent} NACKs, ${quality.plisSent} PLIs`,
    ]);
    rows.push(["duplicates, reordered", `${quality.duplicates}, ${quality.reordered}`]);
    rows.push(["jitter", spread(traffic.jitterMs, "ms")]);
    if (traffic.delayMs !== null) rows.push(["one-way delay", spread(traffic.delayMs, "ms")]);
    if (traffic.captureDelayMs !== null) {
      rows.push(["delay from capture", spread(traffic.captureDelayMs, "ms")]);
    }
    rows.push([
      "frames checked",
      `${sample.framesComplete} whole, ${sample.framesBroken} broken (every ${ordinal(sample.every)} viewer)`,
    ]);
    const wrong = quality.authFailures + quality.malformed + sample.stampBreaks;
    if (wrong > 0) {
      rows.push([
        "wrong packets",
        `${quality.authFailures} forged, ${quality.malformed} malformed, ${sample.stampBreaks} out of line`,
      ]);
    }
  }
  if (report.recordings.length > 0) {
    const frames = report.recordings.reduce((sum, each) => sum + each.frames, 0);
    rows.push(["recorded", `${frames} frames in ${report.recordings.length} files`]);
  }
  if (server !== null) {
    rows.push([
      "server CPU",
      `${trim(server.cpuPercent)} % of a core, ${orDash(server.cpuUsPerPacket)} us a packet, ${orDash(server.milliCpuPerViewer)} mCPU a viewer`,
    ]);
    rows.push([
      "server memory",
      `${trim(server.rssMib)} MiB, ${orDash(server.rssKibPerViewer)} KiB a viewer`,
    ]);
    rows.push(["server CPU a join", `${orDash(server.cpuMsPerJoin)} ms`]);
  }
  rows.push([
    "this tool's CPU",
    `${trim(tool.cpuPercent)} % of a core, ${orDash(tool.cpuUsPerPacket)} us a packet`,
  ]);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => name.padEnd(width) + value).join("\n");
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
