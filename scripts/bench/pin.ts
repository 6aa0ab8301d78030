/** Which core runs what: the server (or the floor's sender) on one, everything else on another. */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const possible = availableParallelism() >= 2 && Bun.which("taskset") !== null;

/** The command, bound to one core; unchanged where that is not possible. */
export function pinned(core: number | string, command: readonly string[]): string[] {
  return possible ? ["taskset", "-c", String(core), ...command] : [...command];
}

/** The same for measureFloor. */
export const FLOOR_CORES = possible ? { server: [SERVER_CORE], load: [LOAD_CORE] } : null;

export const PINNING = possible
  ? `server on core ${SERVER_CORE}, load on core ${LOAD_CORE} (taskset)`
  : "none (one core, or no taskset)";

/** The threads of a process that bear a name. */
export function threadsOf(pid: number, name: string): string[] {
  return readdirSync(`/proc/${pid}/task`).filter(
    (task) => readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim() === name,
  );
}

/** Processor time of a process's threads of a name so far, us: the kernel's count. */
export function threadTimeUs(pid: number, name: string): number {
  let us = 0;
  for (const thread of threadsOf(pid, name)) {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    us += Number(ran) / 1000;
  }
  return us;
}

/** Moves the threads of a name to a core of their own; the others stay where they are. */
export function pinThreads(pid: number, name: string, core: number): void {
  if (!possible) return;
  for (const thread of threadsOf(pid, name)) {
    Bun.spawnSync(["taskset", "-p", "-c", String(core), thread]);
  }
}
