/**
 * What others took of this machine beside a test: the processor time of processes that are not of
 * this test run, and what the hypervisor gave to other guests.
 */
import { dlopen, FFIType } from "bun:ffi";
import { monotonicUs } from "../../src/io/clock.ts";
import { readMachineTime, readProcessTimes } from "../../src/io/processor-time.ts";
import type { MachineTime, ProcessTime } from "../../src/processors.ts";

/** Others who take this share of all processors make a missed time bound void ... */
export const TAKEN_SHARE = 0.1;
/** ... or this share of them in the worst second. */
export const TAKEN_SHARE_PEAK = 0.3;
/** Whose children are the kernel's own threads: they work for everybody, this test included. */
const KERNEL_THREADS = 2;
const PR_SET_CHILD_SUBREAPER = 36;

/** Running totals. */
export interface Reading {
  readonly at: number;
  readonly cores: number;
  /** Processor time of others, and time stolen, us. */
  readonly othersUs: number;
}

/** Shares of all processors, 0 to 1. */
export interface Taken {
  readonly mean: number;
  readonly peak: number;
}

// A server whose parent ends becomes a child of this process, not of init: it stays one of ours.
const libc = dlopen("libc.so.6", {
  prctl: { args: [FFIType.i32, FFIType.u64], returns: FFIType.i32 },
});
libc.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1);

export function readOthers(): Reading {
  const machine = readMachineTime();
  return reading(monotonicUs(), machine, readProcessTimes(), process.pid);
}

/**
 * `self` and whatever descends from it is not others. A process that has ended counts with its parent,
 * which has waited for it: so the sum of others never falls, and one that came and went is in it.
 */
export function reading(
  at: number,
  machine: MachineTime | null,
  processes: ReadonlyMap<number, ProcessTime>,
  self: number,
): Reading {
  let othersUs = machine?.stolenUs ?? 0;
  for (const [id, { ranUs, childrenUs }] of processes) {
    if (!descends(id, processes, [self, KERNEL_THREADS])) othersUs += ranUs + childrenUs;
  }
  return { at, cores: machine?.cores ?? 1, othersUs };
}

function descends(
  id: number,
  processes: ReadonlyMap<number, ProcessTime>,
  from: readonly number[],
): boolean {
  // Numbers are read one after the other, so a parent's may be another's by now: no endless walk.
  let next = id;
  for (let depth = 0; depth < processes.size; depth += 1) {
    if (from.includes(next)) return true;
    const process = processes.get(next);
    if (process === undefined || process.parent === 0) return false;
    next = process.parent;
  }
  return false;
}

/** Of readings in the order of time, about a second apart. */
export function taken(readings: readonly Reading[]): Taken {
  let peak = 0;
  for (let i = 1; i < readings.length; i += 1) {
    peak = Math.max(peak, share(readings[i - 1]!, readings[i]!));
  }
  const [first, last] = [readings[0], readings.at(-1)];
  return { mean: first === undefined || last === undefined ? 0 : share(first, last), peak };
}

function share(from: Reading, to: Reading): number {
  const all = (to.at - from.at) * to.cores;
  // What a process has is booked in ticks, so a second may seem to hold more than there is.
  return all <= 0 ? 0 : Math.min(1, Math.max(0, to.othersUs - from.othersUs) / all);
}

/** Whether a time bound that was missed meanwhile says anything of what is tested. */
export function machineWasTaken({ mean, peak }: Taken): boolean {
  return mean >= TAKEN_SHARE || peak >= TAKEN_SHARE_PEAK;
}

/** `others took 63 % of the machine (71 % in the worst second)` */
export function told({ mean, peak }: Taken): string {
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  return `others took ${percent(mean)} of the machine (${percent(peak)} in the worst second)`;
}

const INTERVAL_MS = 1_000;
/** A part of a second says little: the kernel counts in ticks of 10 ms. */
const LAST_US = 500_000;

/** Measures from now until the returned function is called. */
export function watchOthers(read: () => Reading = readOthers): () => Taken {
  const readings = [read()];
  const timer = setInterval(() => readings.push(read()), INTERVAL_MS);
  return () => {
    clearInterval(timer);
    const last = read();
    if (readings.length > 1 && last.at - readings.at(-1)!.at < LAST_US) readings.pop();
    readings.push(last);
    return taken(readings);
  };
}
