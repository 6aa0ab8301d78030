/** Who had the processors, from /proc: a thread, this process, the machine, the processes on it. */
import type { MachineTime, ProcessTime, ThreadTime } from "../processors.ts";
import { libc } from "./libc.ts";
import { listProc, readProc } from "./proc.ts";

/** proc(5): times of `stat` files are in ticks of 1/100 s on every Linux that we run on. */
const TICK_US = 10_000;

/** Number of the calling thread, as in /proc/self/task. */
export function threadId(): number {
  return libc.gettid();
}

/** A thread of this process; null when it is gone or the kernel keeps no such account. */
export function readThreadTime(thread: number): ThreadTime | null {
  const folder = `/proc/self/task/${thread}`;
  return parseThreadTime(readProc(`${folder}/schedstat`), readProc(`${folder}/stat`));
}

/** `schedstat`: ns on a processor, ns of waiting for one, turns. `stat`: its third field is the state. */
export function parseThreadTime(schedstat: string, stat: string): ThreadTime | null {
  const [ran, waited] = schedstat.split(" ").map(Number);
  const state = fieldsOf(stat)[0];
  if (ran === undefined || waited === undefined || state === undefined) return null;
  return { ranUs: ran / 1000, waitedUs: waited / 1000, runnable: state === "R" };
}

/** How long the threads of this process together have waited for a processor, us. */
export function readOwnWaitUs(): number {
  let sum = 0;
  for (const thread of listProc("/proc/self/task")) {
    sum += Number(readProc(`/proc/self/task/${thread}/schedstat`).split(" ")[1] ?? 0) / 1000;
  }
  return sum;
}

/** Null without /proc. */
export function readMachineTime(): MachineTime | null {
  return parseMachineTime(readProc("/proc/stat"));
}

/** The lines of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice. */
export function parseMachineTime(text: string): MachineTime | null {
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.split(" ").map(Number);
  if (ticks === undefined || ticks.length < 8) return null;
  const [user, nice, system, idle, iowait, irq, softirq, steal] = ticks as number[];
  return {
    cores: [...text.matchAll(/^cpu\d/gm)].length,
    // Guests' time is within user and nice.
    busyUs: (user! + nice! + system! + irq! + softirq!) * TICK_US,
    idleUs: (idle! + iowait!) * TICK_US,
    stolenUs: steal! * TICK_US,
  };
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

/** One /proc/PID/stat. */
export function parseProcessTime(stat: string): ProcessTime | null {
  const fields = fieldsOf(stat);
  if (fields.length < 20) return null;
  return {
    name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
    parent: Number(fields[1]),
    ranUs: (Number(fields[11]) + Number(fields[12])) * TICK_US,
    childrenUs: (Number(fields[13]) + Number(fields[14])) * TICK_US,
    started: Number(fields[19]),
  };
}

/** Those from the third on: the name in parentheses may hold anything. */
function fieldsOf(stat: string): string[] {
  const end = stat.lastIndexOf(")");
  return end < 0 ? [] : stat.slice(end + 2).split(" ");
}
