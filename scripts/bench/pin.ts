/** Which core runs what: the server (or the floor's sender) on one, everything else on another. */
import { availableParallelism } from "node:os";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const possible = availableParallelism() >= 2 && Bun.which("taskset") !== null;

/** The command, bound to one core; unchanged where that is not possible. */
export function pinned(core: number | string, command: readonly string[]): string[] {
  return possible ? ["taskset", "-c", String(core), ...command] : [...command];
}

export const PINNING = possible
  ? `server on core ${SERVER_CORE}, load on core ${LOAD_CORE} (taskset)`
  : "none (one core, or no taskset)";
