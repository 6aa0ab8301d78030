/** Whether so many viewers were served well, and what stood in the way where they were not. */
import type { LoadReport } from "../load/report.ts";
import type { Placement } from "./placement.ts";
import type { Step } from "./search.ts";

/** Packets may be on their way through the server for so long, 99 of 100 of them. */
export const DELAY_MAX_MS = 50;
/** A core of which so much is taken is at its end: more viewers would only queue. */
const FULL = 0.92;
/** Others who take so much of the machine are blamed for what went wrong meanwhile. */
const TAKEN = 0.1;

/** What ended the growth; the machine's own ceilings beside what a step can tell. */
export type LimitKind =
  | "server-core"
  | "only-core"
  | "receivers"
  | "others"
  | "send-buffer"
  | "joins"
  | "loss"
  | "delay";

export interface BenchStep extends Step, Seen {
  /** Null when it held. */
  readonly limit: LimitKind | null;
  readonly joined: number;
  readonly lost: number;
  readonly usPerPacket: number | null;
  /** Shares of their processors, 0 to 1. */
  readonly serverBusy: number;
  readonly receiversBusy: number;
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
}

/** What else was seen during a step. */
export interface Seen {
  /** How often the server's socket was full. */
  readonly sendBufferFull: number;
  /** What others took of all processors. */
  readonly othersShare: number;
}

export function judge(report: LoadReport, placement: Placement, seen: Seen): BenchStep {
  const { join, quality, traffic, server, tool } = report;
  const serverBusy = (server?.cpuPercent ?? 0) / 100 / placement.server.length;
  const receiversBusy = tool.cpuPercent / 100 / placement.receivers.length;
  const measured = {
    viewers: report.viewers,
    joined: join.connected,
    lost: quality.lost,
    usPerPacket: server?.cpuUsPerPacket ?? null,
    serverBusy: round(serverBusy),
    receiversBusy: round(receiversBusy),
    busy: round(
      placement.shared ? serverBusy + receiversBusy : Math.max(serverBusy, receiversBusy),
    ),
    delayP50Ms: traffic.delayMs?.p50 ?? null,
    delayP99Ms: traffic.delayMs?.p99 ?? null,
    sendBufferFull: seen.sendBufferFull,
    othersShare: round(seen.othersShare),
  };
  const limit = limitOf(measured, placement);
  return { ...measured, held: limit === null, limit };
}

type Measured = Omit<BenchStep, "held" | "limit">;

/** The cause rather than its symptom: a full core also delays, loses and refuses. */
function limitOf(step: Measured, placement: Placement): LimitKind | null {
  const symptom = symptomOf(step);
  if (placement.shared && step.busy >= FULL) return "only-core";
  if (step.serverBusy >= FULL) return "server-core";
  // A busy receiver alone harms nobody.
  if (symptom !== null && step.receiversBusy >= FULL) return "receivers";
  if (symptom !== null && step.othersShare >= TAKEN) return "others";
  if (symptom !== null && symptom !== "joins" && step.sendBufferFull > 0) return "send-buffer";
  return symptom;
}

function symptomOf({ viewers, joined, lost, delayP99Ms }: Measured): LimitKind | null {
  if (joined < viewers) return "joins";
  if (lost > 0) return "loss";
  return delayP99Ms === null || delayP99Ms > DELAY_MAX_MS ? "delay" : null;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
