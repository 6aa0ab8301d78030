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
