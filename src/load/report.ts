/** What a load found, as JSON and as a table. */
import type { ProcessUsage } from "../io/process-usage.ts";
import type { LoadTotals } from "./counters.ts";
import type { LoadDistributions } from "./distributions.ts";
import type { Histogram } from "./histogram.ts";
import type { LoadPlan } from "./plan.ts";
import type { Recorded } from "./recording.ts";
import type { TimelineData } from "./timeline.ts";

/** Milliseconds (or the unit that the name of the field says); null without samples. */
export interface Percentiles {
  readonly samples: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadReport {
  readonly viewers: number;
  readonly join: {
    readonly attempted: number;
    readonly connected: number;
    readonly failed: number;
    readonly failures: Readonly<Record<string, number>>;
    readonly connectMs: Percentiles | null;
    readonly firstPacketMs: Percentiles | null;
    readonly firstKeyframeMs: Percentiles | null;
  };
  readonly publishers: {
    readonly live: number;
    readonly failed: number;
    readonly packets: number;
    readonly repeated: number;
    readonly failures: Readonly<Record<string, number>>;
  };
  /** Over `seconds`, the measured time. */
  readonly traffic: {
    readonly seconds: number;
    readonly packets: number;
    readonly packetsPerSecond: number;
    readonly megabitsPerSecond: number;
    readonly viewerKbps: Percentiles | null;
    readonly delayMs: Percentiles | null;
    /** Of frames of video: from the send call of the last packet to its coming. */
    readonly frameDelayMs: Percentiles | null;
    readonly captureDelayMs: Percentiles | null;
    /** Each viewer's longest pause: between packets of its picture, and between whole frames. */
    readonly longestGapMs: Percentiles | null;
    readonly longestFreezeMs: Percentiles | null;
    readonly jitterMs: Percentiles | null;
  };
  /** Over the whole run. */
  readonly quality: {
    readonly lost: number;
    readonly lossPercent: number;
    readonly simulatedLoss: number;
    readonly recovered: number;
    readonly retransmitted: number;
    readonly duplicates: number;
    readonly reordered: number;
    readonly authFailures: number;
    readonly malformed: number;
    readonly nacksSent: number;
    readonly plisSent: number;
  };
  /** Every n-th viewer, opened and checked frame by frame. */
  readonly sample: {
    readonly every: number;
    readonly packets: number;
    readonly framesComplete: number;
    readonly framesBroken: number;
    readonly stampBreaks: number;
  };
  /** By second, over the whole run; null without viewers. */
  readonly timeline: {
    /** The first second, since 1970. */
    readonly since: number;
    /** Any viewer's longest pause that ended in the second, as in `traffic`; 0 where none was measured. */
    readonly gapMs: readonly number[];
    readonly freezeMs: readonly number[];
    /** Packets that were given up. */
    readonly lost: readonly number[];
  } | null;
  /** Files of --record. */
  readonly recordings: readonly Recorded[];
  readonly server: ServerReport | null;
  /** This tool's own CPU over the measured time. */
  readonly tool: { readonly cpuPercent: number; readonly cpuUsPerPacket: number | null };
}

export interface ServerReport {
  readonly pid: number;
  readonly cpuPercent: number;
  readonly cpuUsPerPacket: number | null;
  /** Thousandths of a core. */
  readonly milliCpuPerViewer: number | null;
  /** From the first POST to the last connection, without what media cost meanwhile. */
  readonly cpuMsPerJoin: number | null;
  readonly rssBeforeMib: number;
  readonly rssMib: number;
  readonly rssKibPerViewer: number | null;
}

/** Everything that a finished run leaves behind. */
export interface LoadResult {
  readonly plan: LoadPlan;
  readonly totals: LoadTotals;
  /** `measured`: differences over the measured time. */
  readonly measured: LoadTotals;
  readonly seconds: number;
  readonly viewerFailures: Readonly<Record<string, number>>;
  readonly publisherFailures: Readonly<Record<string, number>>;
  readonly distributions: LoadDistributions;
  /** Null without viewers. */
  readonly timeline: TimelineData | null;
  readonly recordings: readonly Recorded[];
  readonly toolCpuSeconds: number;
  readonly server: ServerUsage | null;
}

/** The server's usage before any viewer, when all were in, and around the measured time. */
export interface ServerUsage {
  readonly before: ProcessUsage;
  readonly joined: ProcessUsage;
  readonly start: ProcessUsage;
  readonly end: ProcessUsage;
  /** Packets that reached viewers while they joined: their cost is taken off the joins'. */
  readonly joinPackets: number;
}

export function makeReport(result: LoadResult): LoadReport {
  const { plan, totals, measured, seconds } = result;
  return {
    viewers: plan.viewers,
    join: joinsOf(result),
    publishers: {
      live: totals.publishersLive,
      failed: totals.publishersFailed,
      packets: totals.published,
      repeated: totals.publishedAgain,
      failures: result.publisherFailures,
    },
    traffic: trafficOf(result),
    quality: qualityOf(totals),
    sample: {
      every: plan.sample,
      packets: totals.opened,
      framesComplete: totals.framesComplete,
      framesBroken: totals.framesBroken,
      stampBreaks: totals.stampBreaks,
    },
    timeline: timelineOf(result),
    recordings: result.recordings,
    server: plan.serverPid === null ? null : serverReport(plan.serverPid, result),
    tool: {
      cpuPercent: round((100 * result.toolCpuSeconds) / seconds),
      cpuUsPerPacket: perPacket(result.toolCpuSeconds, measured.packets),
    },
  };
}

function joinsOf({ totals, viewerFailures, distributions }: LoadResult): LoadReport["join"] {
  return {
    attempted: totals.joinsStarted,
    connected: totals.joinsConnected,
    failed: totals.joinsFailed,
    failures: viewerFailures,
    connectMs: percentiles(distributions.connectUs, 1000),
    firstPacketMs: percentiles(distributions.firstPacketUs, 1000),
    firstKeyframeMs: percentiles(distributions.keyframeUs, 1000),
  };
}

function trafficOf({ measured, seconds, distributions }: LoadResult): LoadReport["traffic"] {
  return {
    seconds: round(seconds),
    packets: measured.packets,
    packetsPerSecond: Math.round(measured.packets / seconds),
    megabitsPerSecond: round((measured.bytes * 8) / 1e6 / seconds),
    viewerKbps: percentiles(distributions.bitrateKbps, 1),
    delayMs: percentiles(distributions.delayUs, 1000),
    frameDelayMs: percentiles(distributions.frameDelayUs, 1000),
    captureDelayMs: percentiles(distributions.captureDelayUs, 1000),
    longestGapMs: percentiles(distributions.longestGapUs, 1000),
    longestFreezeMs: percentiles(distributions.longestFreezeUs, 1000),
    jitterMs: percentiles(distributions.jitterUs, 1000),
  };
}

function qualityOf(totals: LoadTotals): LoadReport["quality"] {
  const expected = totals.packets - totals.simulatedLoss + totals.lost;
  return {
    lost: totals.lost,
    lossPercent: expected === 0 ? 0 : round((100 * totals.lost) / expected),
    simulatedLoss: totals.simulatedLoss,
    recovered: totals.recovered,
    retransmitted: totals.retransmitted,
    duplicates: totals.duplicates,
    reordered: totals.reordered,
    authFailures: totals.authFailures,
    malformed: totals.malformed,
    nacksSent: totals.nacksSent,
    plisSent: totals.plisSent,
  };
}

function timelineOf({ timeline }: LoadResult): LoadReport["timeline"] {
  if (timeline === null) return null;
  const { since, gapUs, freezeUs, lost } = timeline;
  const inMs = (values: readonly number[]) => values.map((us) => round(us / 1000));
  return { since, gapMs: inMs(gapUs), freezeMs: inMs(freezeUs), lost };
}

function serverReport(pid: number, result: LoadResult): ServerReport | null {
  const { server, measured, seconds, totals } = result;
  if (server === null) return null;
  const cpu = server.end.cpuSeconds - server.start.cpuSeconds;
  const live = totals.joinsConnected - totals.left;
  const usPerPacket = perPacket(cpu, measured.packets);
  const joinCpu = server.joined.cpuSeconds - server.before.cpuSeconds;
  const mediaCpu = ((usPerPacket ?? 0) * server.joinPackets) / 1e6;
  const grown = server.end.rssBytes - server.before.rssBytes;
  return {
    pid,
    cpuPercent: round((100 * cpu) / seconds),
    cpuUsPerPacket: usPerPacket,
    milliCpuPerViewer: live === 0 ? null : round((1000 * cpu) / seconds / live),
    cpuMsPerJoin:
      totals.joinsConnected === 0
        ? null
        : round((1000 * Math.max(0, joinCpu - mediaCpu)) / totals.joinsConnected),
    rssBeforeMib: round(server.before.rssBytes / 2 ** 20),
    rssMib: round(server.end.rssBytes / 2 ** 20),
    rssKibPerViewer: live === 0 ? null : round(grown / 1024 / live),
  };
}

/** Percentiles of a distribution, divided by `unit`; null without samples. */
function percentiles(histogram: Histogram, unit: number): Percentiles | null {
  if (histogram.count === 0) return null;
  const at = (p: number) => round(histogram.percentile(p)! / unit);
  return {
    samples: histogram.count,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: round(histogram.max / unit),
  };
}

function perPacket(cpuSeconds: number, packets: number): number | null {
  return packets === 0 ? null : round((cpuSeconds * 1e6) / packets);
}

/** Three digits behind the point are more than any of these figures deserves. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
