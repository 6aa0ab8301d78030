/** Who had the processors, as the kernel accounts for it. Read by src/io/processor-time.ts. */

/** What a thread had since it began. */
export interface ThreadTime {
  readonly ranUs: number;
  /** Ready to run, and waiting for a processor. A wait that goes on is counted when it ends. */
  readonly waitedUs: number;
  /** Running, or waiting for a processor at this moment; else it sleeps or is blocked. */
  readonly runnable: boolean;
}

/** All processors of the machine together since it started. */
export interface MachineTime {
  readonly cores: number;
  readonly busyUs: number;
  readonly idleUs: number;
  /** Taken by the hypervisor for other guests. */
  readonly stolenUs: number;
}

export interface ProcessTime {
  readonly name: string;
  readonly parent: number;
  /** In ticks since boot: tells a process from a later one of the same number. */
  readonly started: number;
  readonly ranUs: number;
  /** What its children that have ended had, theirs included. */
  readonly childrenUs: number;
}

/** What the kernel tells; or a test in its place. */
export interface ProcessorReader {
  /** This process, among `processes`. */
  readonly pid: number;
  thread(id: number): ThreadTime | null;
  machine(): MachineTime | null;
  processes(): Map<number, ProcessTime>;
}

/** Running totals of what others than a process have of the machine. */
export interface Reading {
  readonly at: number;
  readonly cores: number;
  /** Processor time of others, and time stolen, us. */
  readonly othersUs: number;
}

/** Whose children are the kernel's own threads: they work for everybody. */
const KERNEL_THREADS = 2;

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

/** What they took between two readings, as a share of all processors. */
export function shareTaken(from: Reading, to: Reading): number {
  const all = (to.at - from.at) * to.cores;
  // What a process has is booked in ticks, so a second may seem to hold more than there is.
  return all <= 0 ? 0 : Math.min(1, Math.max(0, to.othersUs - from.othersUs) / all);
}
