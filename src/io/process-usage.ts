/** CPU time and memory of a process and its threads, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessUsage {
  /** User and system time of all its threads, seconds. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** The part of it that is no file's: heaps and stacks. Pages of the executable come and go. */
  readonly heapBytes: number;
}

/** Null when there is no such process. */
export function readProcessUsage(pid: number): ProcessUsage | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) =>
      1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return {
      cpuSeconds: cpuSeconds(pid),
      rssBytes: bytes("VmRSS"),
      heapBytes: bytes("RssAnon"),
    };
  } catch {
    return null;
  }
}

/**
 * The process and every process that it started, added up: servers of several processes. Null when
 * the process is gone.
 */
export function readTreeUsage(pid: number): ProcessUsage | null {
  const own = readProcessUsage(pid);
  if (own === null) return null;
  let { cpuSeconds: cpu, rssBytes: rss, heapBytes: heap } = own;
  for (const child of childrenOf(pid)) {
    const usage = readTreeUsage(child);
    cpu += usage?.cpuSeconds ?? 0;
    rss += usage?.rssBytes ?? 0;
    heap += usage?.heapBytes ?? 0;
  }
  return { cpuSeconds: cpu, rssBytes: rss, heapBytes: heap };
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
      )
      .map(Number);
  } catch {
    return [];
  }
}

/** stat counts in ticks of 10 ms; over a window of seconds that is exact enough. */
const TICKS_PER_SECOND = 100;

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
