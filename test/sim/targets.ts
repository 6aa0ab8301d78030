import type { Figures } from "./measure.ts";
import type { Targets } from "./scenarios.ts";

/** Figures of which more is better. */
export const RISING: readonly string[] = ["used"];

/** Names of the targets that a run misses. */
export function missedTargets(run: Figures, targets: Targets): (keyof Targets)[] {
  return (Object.keys(targets) as (keyof Targets)[]).filter((name) =>
    RISING.includes(name) ? run[name] < targets[name]! : run[name] > targets[name]!,
  );
}
