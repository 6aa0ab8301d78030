/**
 * A worker's rehearsal. Its code is compiled in steps while it runs: the first hundred handshakes take
 * several times as long as those after them, and so do the first packets. So that no viewer waits for
 * that, a worker makes some sessions by itself before it is ready, through the very classes that others
 * will use, and forgets them.
 */
import type { Fingerprint } from "../contract/session.ts";
import type { Home } from "../host/home.ts";
import type { MediaLogic } from "../host/media-logic.ts";
import type { SessionsGround } from "../host/sessions.ts";
import { Budget } from "./budget.ts";
import type { Role } from "./offer.ts";
import { PublisherRehearsal } from "./publishers.ts";
import { Script } from "./script.ts";
import { Stage } from "./stage.ts";
import { ViewerRehearsal } from "./viewers.ts";

/**
 * Rehearses sessions of one kind until they are done or the budget is used. `ground` and `fingerprint`:
 * of the worker and its certificate; `logicIn` makes its logic anew. Nothing stays. A rehearsal that
 * fails is told and costs nothing else. Returns the sessions that connected.
 */
export function rehearse(
  role: Role,
  fingerprint: Fingerprint,
  ground: SessionsGround,
  logicIn: (home: Home) => MediaLogic,
  budget = Budget.ofThread(),
): number {
  try {
    return perform(role, fingerprint, ground, logicIn, budget);
  } catch (error) {
    const { message: cause, stack } = error instanceof Error ? error : new Error(String(error));
    const fields = { cause, stack: stack ?? "" };
    ground.emit({ type: "log", level: "warn", message: "The worker could not warm up", fields });
    return 0;
  }
}

function perform(
  role: Role,
  fingerprint: Fingerprint,
  ground: SessionsGround,
  logicIn: (home: Home) => MediaLogic,
  budget: Budget,
): number {
  const script = new Script(role, fingerprint, ground.random);
  const stage = new Stage(ground, logicIn);
  try {
    const rehearsal =
      role === "viewer"
        ? new ViewerRehearsal(stage, script)
        : new PublisherRehearsal(stage, script);
    rehearsal.run(budget);
    return rehearsal.joins;
  } finally {
    stage.close();
  }
}
