/**
 * What others took of this machine beside a test: the processor time of processes that are not of
 * this test run, and what the hypervisor gave to other guests.
 */
import { dlopen, FFIType } from "bun:ffi";
import { monotonicUs } from "../../src/io/clock.ts";
import { readMachineTime, readProcessTimes } from "../../src/io/processor-time.ts";
import { type Reading, reading, shareTaken } from "../../src/processors.ts";
import { RUN } from "./beside.ts";

/** Others who take this share of all processors make a missed time bound void ... */
export const TAKEN_SHARE = 0.1;
/** ... or this share of them in the worst second. */
export const TAKEN_SHARE_PEAK = 0.3;
const PR_SET_CHILD_SUBREAPER = 36;

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

/** What others than this run of tests have had of the machine so far. */
function readOthers(): Reading {
  return reading(monotonicUs(), readMachineTime(), readProcessTimes(), RUN);
}

/** Of readings in the order of time, about a second apart. */
export function taken(readings: readonly Reading[]): Taken {
  let peak = 0;
  for (let i = 1; i < readings.length; i += 1) {
    peak = Math.max(peak, shareTaken(readings[i - 1]!, readings[i]!));
  }
  const [first, last] = [readings[0], readings.at(-1)];
  return { mean: first === undefined || last === undefined ? 0 : shareTaken(first, last), peak };
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
