/** What the `stat` files of /proc say of processor time. */
import type { MachineTime, ProcessTime, ThreadTime } from "../processors.ts";

/** proc(5): times of `stat` files are in ticks of 1/100 s on every Linux that we run on. */
const TICK_US = 10_000;

/** `schedstat`: ns on a processor, ns of waiting for one, turns. `stat`: its third field is the state. */
export function parseThreadTime(schedstat: string, stat: string): ThreadTime | null {
  const [ran, waited] = schedstat.split(" ").map(Number);
  const state = fieldsOf(stat)[0];
  if (ran === undefined || waited === undefined || state === undefined) return null;
  return { ranUs: ran / 1000, waitedUs: waited / 1000, runnable: state === "R" };
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
