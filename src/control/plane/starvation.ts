/** Who had the processors of this machine, and who had them while a worker waited for one. */
import type { LogFields } from "../../log.ts";
import type { MachineTime, ProcessorReader, ProcessTime, ThreadTime } from "../../processors.ts";
import type { Pressure } from "./heartbeat.ts";

/** Shares of all processors, 0 to 1. Null where the kernel does not tell. */
export interface ProcessorShares {
  readonly server: number;
  readonly others: number;
  readonly stolen: number;
}

/** A machine of which nothing is known is taken for a calm one. */
const UNKNOWN: Pressure = { waiting: 0, stolen: 0 };
/** Processes that a log line names. */
const NAMED_MAX = 3;
/** A process below this share of the machine starves nobody. */
const NAMED_SHARE = 0.02;

/** While a worker is late, so often is seen who runs: who has ended by then is blamed as well. */
const SEEN_EVERY_US = 1_000_000;

interface Snapshot {
  readonly at: number;
  readonly machine: MachineTime | null;
  readonly processes: ReadonlyMap<number, ProcessTime>;
}

/** Measures from one round of looks to the next, and keeps what is needed to say who it was. */
export class Starvation {
  #machine: MachineTime | null = null;
  #waitedUs = 0;
  #at = 0;
  #before: Snapshot | null = null;
  /** The last that was seen of each process since, and when. */
  #seen = new Map<number, ProcessTime>();
  #seenAt = 0;

  constructor(private readonly reader: ProcessorReader) {}

  /** `threads`: all of ours that may have waited. The machine since the last round. */
  round(now: number, threads: readonly (ThreadTime | null)[]): Pressure {
    const machine = this.reader.machine();
    const waitedUs = threads.reduce((sum, thread) => sum + (thread?.waitedUs ?? 0), 0);
    const pressure = this.#pressure(now - this.#at, machine, waitedUs - this.#waitedUs);
    this.#machine = machine;
    this.#waitedUs = waitedUs;
    this.#at = now;
    return pressure;
  }

  /** A worker is late, be it still: what happens since it began to be is told by `blame`. */
  suspect(now: number): void {
    if (this.#before === null) {
      this.#before = this.#snapshot(now);
      this.#seen = new Map();
      this.#seenAt = now;
    } else if (now - this.#seenAt >= SEEN_EVERY_US) {
      this.#seenAt = now;
      this.#see(this.reader.processes());
    }
  }

  /** No worker is late. */
  calm(): void {
    this.#before = null;
  }

  /** Who had the processors since `suspect`. */
  blame(now: number): LogFields {
    if (this.#before === null) return {};
    const { at, machine, processes } = this.#snapshot(now);
    this.#see(processes);
    return blame(this.#before, { at, machine, processes: this.#seen }, this.reader.pid);
  }

  #see(processes: ReadonlyMap<number, ProcessTime>): void {
    for (const [id, process] of processes) this.#seen.set(id, process);
  }

  #pressure(elapsed: number, machine: MachineTime | null, waitedUs: number): Pressure {
    // Without a round before there is nothing to compare with; a replaced thread begins again at 0.
    if (this.#at === 0 || elapsed <= 0) return UNKNOWN;
    const waiting = Math.max(0, waitedUs / elapsed);
    return { waiting, stolen: processorShares(this.#machine, machine, 0)?.stolen ?? 0 };
  }

  #snapshot(now: number): Snapshot {
    return { at: now, machine: this.reader.machine(), processes: this.reader.processes() };
  }
}

/** The machine between two readings; `serverUs`: what this process had of it. */
export function processorShares(
  before: MachineTime | null,
  after: MachineTime | null,
  serverUs: number,
): ProcessorShares | null {
  if (before === null || after === null) return null;
  const busy = after.busyUs - before.busyUs;
  const stolen = after.stolenUs - before.stolenUs;
  const all = busy + stolen + after.idleUs - before.idleUs;
  if (all <= 0) return null;
  const server = Math.min(busy, serverUs);
  return { server: server / all, others: (busy - server) / all, stolen: stolen / all };
}

function blame(before: Snapshot, after: Snapshot, pid: number): LogFields {
  const used: { readonly name: string; readonly us: number }[] = [];
  let serverUs = 0;
  for (const [id, process] of after.processes) {
    const earlier = before.processes.get(id);
    // One that began in between has all its time from there.
    const known = earlier?.started === process.started ? earlier.ranUs : 0;
    const us = process.ranUs - known;
    if (id === pid) serverUs = us;
    else used.push({ name: `${process.name} (${id})`, us });
  }
  const shares = processorShares(before.machine, after.machine, serverUs);
  if (shares === null) return {};
  const all = (after.at - before.at) * after.machine!.cores;
  const named = used
    .filter(({ us }) => us >= NAMED_SHARE * all)
    .sort((a, b) => b.us - a.us)
    .slice(0, NAMED_MAX)
    .map(({ name, us }) => `${name} ${percent(us / all)}`);
  return {
    server: percent(shares.server),
    others: percent(shares.others),
    stolen: percent(shares.stolen),
    ...(named.length === 0 ? {} : { most: named.join(", ") }),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
