import type { WorkerAbilities } from "../../contract/workers.ts";

/** A worker as far as its place among others goes. */
export interface Candidate {
  readonly abilities: WorkerAbilities;
  readonly ready: boolean;
  readonly overloaded: boolean;
  readonly sessions: { readonly size: number };
}

/**
 * The worker with the fewest sessions among those that serve a role and are ready; one that is
 * overloaded only where all are. Null when none is ready.
 */
export function leastLoaded<Worker extends Candidate>(
  workers: readonly Worker[],
  role: "publisher" | "viewer",
): Worker | null {
  let best: Worker | null = null;
  for (const worker of workers) {
    if (worker.abilities.serves !== role || !worker.ready) continue;
    if (best !== null && best.overloaded !== worker.overloaded) {
      if (best.overloaded) best = worker;
    } else if (best === null || worker.sessions.size < best.sessions.size) best = worker;
  }
  return best;
}
