/** Who had the processors, from /proc: a thread, this process, the machine, the processes on it. */
import {
  type MachineTime,
  type ProcessTime,
  type Reading,
  reading,
  type ThreadTime,
} from "../processors.ts";
import { monotonicUs } from "./clock.ts";
import { libc } from "./libc.ts";
import { listProc, readProc } from "./proc.ts";
import { parseMachineTime, parseProcessTime, parseThreadTime } from "./proc-stat.ts";

/** Number of the calling thread, as in /proc/self/task. */
export function threadId(): number {
  return libc.gettid();
}

/** A thread of this process; null when it is gone or the kernel keeps no such account. */
export function readThreadTime(thread: number): ThreadTime | null {
  const folder = `/proc/self/task/${thread}`;
  return parseThreadTime(readProc(`${folder}/schedstat`), readProc(`${folder}/stat`));
}

/** Null without /proc. */
export function readMachineTime(): MachineTime | null {
  return parseMachineTime(readProc("/proc/stat"));
}

/** All processes that this one may see (with hidepid those of its own user), by number. */
export function readProcessTimes(): Map<number, ProcessTime> {
  const processes = new Map<number, ProcessTime>();
  for (const name of listProc("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const process = parseProcessTime(readProc(`/proc/${name}/stat`));
    if (process !== null) processes.set(Number(name), process);
  }
  return processes;
}

/** What others than this process and its descendants have had of the machine so far. */
export function readOthers(): Reading {
  return reading(monotonicUs(), readMachineTime(), readProcessTimes(), process.pid);
}
