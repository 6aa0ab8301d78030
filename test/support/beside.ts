/**
 * The other process of this run of tests, which has what this one leaves over (scripts/tests.ts). It
 * is not others: what it takes makes no bound of time void. Who misses one runs again without it.
 */

import { readProc } from "../../src/io/proc.ts";
import { parseProcessTime } from "../../src/io/proc-stat.ts";

/** `PID PARENT` of it; nothing where this process runs alone. */
const [pid = 0, parent = 0] = (process.env.TESTS_BESIDE ?? "").split(" ").map(Number);

/** Whose descendants are of this run of tests. */
export const RUN = parent || process.pid;

/** Whether it runs; another process that has its number since is not meant. */
export function isBeside(): boolean {
  return pid !== 0 && parseProcessTime(readProc(`/proc/${pid}/stat`))?.parent === parent;
}

/** Stands it still until the returned function is called. */
export function standStill(): () => void {
  const send = (signal: NodeJS.Signals) => void (isBeside() && process.kill(pid, signal));
  send("SIGSTOP");
  return () => send("SIGCONT");
}
