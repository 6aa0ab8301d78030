/** What the bench found, as JSON and as a person reads it. */
import type { Floor } from "./floor-sender.ts";
import type { Ceiling, Machine } from "./machine.ts";
import type { Placement } from "./placement.ts";
import type { Found } from "./search.ts";
import type { BenchLoad } from "./source.ts";
import { type BenchStep, DELAY_MAX_MS, type LimitKind } from "./verdict.ts";

export interface BenchReport {
  readonly machine: Machine;
  readonly placement: Placement;
  readonly load: BenchLoad;
  /** us a packet of sealing and sending alone. */
  readonly floor: { readonly usPerPacket: number; readonly userUsPerPacket: number };
  /** Null when not even one viewer was served well, or no step was over in time. */
  readonly capacity: {
    readonly viewersPerCore: number;
    /** The server could carry more: something else ended the search. */
    readonly atLeast: boolean;
    readonly usPerPacket: number | null;
    readonly timesFloor: number | null;
    /** Share of the server's core. */
    readonly busy: number;
    readonly delayP50Ms: number | null;
    readonly delayP99Ms: number | null;
  } | null;
  readonly limit: {
    readonly kind: LimitKind | Ceiling["kind"] | "time";
    /** The least that was too many; null where none were tried. */
    readonly viewers: number | null;
    readonly detail: string;
  };
  /** Of all processors, while this ran: other processes, and the hypervisor. */
  readonly othersShare: number;
  readonly steps: readonly BenchStep[];
  readonly seconds: number;
}

export interface ReportParts extends Pick<BenchReport, "machine" | "placement" | "load"> {
  readonly floor: Floor;
  readonly found: Found<BenchStep>;
  readonly ceiling: Ceiling;
  readonly othersShare: number;
  readonly seconds: number;
}

/** What does not end a server, but the search for its end. */
const NOT_THE_SERVER: readonly BenchReport["limit"]["kind"][] = [
  ...(["only-core", "receivers", "others", "send-buffer", "time"] as const),
  ...(["memory", "open-files", "ports", "sessions"] as const),
];

export function makeReport(parts: ReportParts): BenchReport {
  const { machine, placement, load, floor, found } = parts;
  const limit = limitOf(parts);
  return {
    machine,
    placement,
    load,
    floor: {
      usPerPacket: round(floor.cpuUsPerPacket),
      userUsPerPacket: round(floor.userUsPerPacket),
    },
    capacity: found.held === null ? null : capacityOf(found.held, floor, limit),
    limit,
    othersShare: round(parts.othersShare),
    steps: found.steps,
    seconds: round(parts.seconds),
  };
}

function capacityOf(
  held: BenchStep,
  floor: Floor,
  limit: BenchReport["limit"],
): BenchReport["capacity"] {
  const { viewers, usPerPacket, serverBusy, delayP50Ms, delayP99Ms } = held;
  return {
    viewersPerCore: viewers,
    atLeast: NOT_THE_SERVER.includes(limit.kind),
    usPerPacket,
    timesFloor: usPerPacket === null ? null : round(usPerPacket / floor.cpuUsPerPacket),
    busy: serverBusy,
    delayP50Ms,
    delayP99Ms,
  };
}

/** The time is the limit only where no other was met. */
function limitOf({ found, ceiling }: ReportParts): BenchReport["limit"] {
  const { failed, end } = found;
  if (failed?.limit) {
    return { kind: failed.limit, viewers: failed.viewers, detail: DETAILS[failed.limit](failed) };
  }
  if (end === "ceiling") return { kind: ceiling.kind, viewers: null, detail: ceiling.detail };
  return { kind: "time", viewers: null, detail: "the time was up before any limit was met" };
}

const DETAILS: Readonly<Record<LimitKind, (step: BenchStep) => string>> = {
  "server-core": (step) => `the server's core was ${percent(step.serverBusy)} busy${delayed(step)}`,
  "only-core": (step) =>
    `the only core was full: the server took ${percent(step.serverBusy)} of it, the receivers ${percent(step.receiversBusy)}`,
  receivers: (step) =>
    `the load tool's own processors were ${percent(step.receiversBusy)} busy, the server's core ${percent(step.serverBusy)}`,
  others: (step) => `others took ${percent(step.othersShare)} of the machine${delayed(step)}`,
  "send-buffer": (step) =>
    `the server's socket was full ${step.sendBufferFull} times (net.core.wmem_max; receivers that are slow, too), its core ${percent(step.serverBusy)} busy`,
  joins: (step) => `${step.viewers - step.joined} could not join`,
  loss: (step) =>
    `${step.lost} packets were lost, the server's core was ${percent(step.serverBusy)} busy`,
  delay: (step) =>
    `the delay was too long${delayed(step)} (${DELAY_MAX_MS} allowed), the server's core ${percent(step.serverBusy)} busy`,
};

function delayed({ delayP99Ms }: BenchStep): string {
  return delayP99Ms === null ? "" : `, delay p99 ${trim(delayP99Ms)} ms`;
}

export function reportText(report: BenchReport): string {
  const { machine, load, floor, limit, othersShare } = report;
  const arrival = load.spreadMs === 0 ? "in bursts" : `spread over ${load.spreadMs} ms`;
  const many = machine.cores === 1 ? "1 core" : `${machine.cores} cores`;
  const rows: (readonly [string, string])[] = [
    ["machine", `${machine.cpu}, ${many}, ${machine.memoryGib} GiB, Linux ${machine.kernel}`],
    ["", placementText(report.placement)],
    ["load", `${trim(load.bitrate / 1e6)} Mb/s at 30 fps ${arrival}, and Opus`],
    ["floor", `${trim(floor.usPerPacket)} us a packet: to seal and send it alone`],
    ["capacity", capacityText(report)],
    [
      "limit",
      limit.viewers === null ? limit.detail : `with ${limit.viewers} viewers ${limit.detail}`,
    ],
  ];
  if (othersShare >= OTHERS_TOLD) {
    rows.push([
      "",
      `others took ${percent(othersShare)} of the machine: these figures are too low`,
    ]);
  }
  return rows.map(([name, value]) => name.padEnd(10) + value).join("\n");
}

/** Below that, what others took is no more than what the kernel does. */
const OTHERS_TOLD = 0.05;

function placementText({ pinned, server, receivers, shared, siblings }: Placement): string {
  if (!pinned) return "server and receivers run anywhere: this kernel lets nobody choose";
  if (shared) return "one core: the receivers share it with the server, which could carry more";
  const note = siblings ? " (the other thread of the same core, which slows it down)" : "";
  return `server on processor ${server.join()}, receivers on ${receivers.join()}${note}`;
}

function capacityText({ capacity, limit }: BenchReport): string {
  if (capacity === null) return NOT_THE_SERVER.includes(limit.kind) ? "not found" : fewer(limit);
  const { viewersPerCore, atLeast, usPerPacket, timesFloor, busy, delayP50Ms, delayP99Ms } =
    capacity;
  return [
    `${atLeast ? "at least " : ""}${viewersPerCore} viewers a core`,
    usPerPacket === null ? "" : `${trim(usPerPacket)} us a packet (${timesFloor} x floor)`,
    `${percent(busy)} of the core`,
    delayP99Ms === null ? "" : `delay p50 ${trim(delayP50Ms ?? 0)} ms, p99 ${trim(delayP99Ms)} ms`,
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function fewer({ viewers }: BenchReport["limit"]): string {
  return viewers === 1 ? "none" : `fewer than ${viewers} viewers a core`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Three significant digits are what these figures are worth. */
function trim(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
