/** The player: which tier plays, what lives, and what is kept near the live edge. */
import { type Mutation, rule } from "./rule.ts";

const TIERS = "src/web/tiers.ts";
const STALENESS = "src/web/staleness.ts";
const LIVENESS = "src/web/liveness.ts";
const START = "src/web/tailstart.ts";
const CHANGE = "src/web/segmentchange.ts";
const KEEPER = "src/web/tailkeeper.ts";

export const TIER_RULES: readonly Mutation[] = [
  rule("F17", KEEPER, "targetS > holdBackS && nowMs", "targetS < holdBackS && nowMs"),
  rule("F18", KEEPER, "> SLEPT_MS) this.#slept = true;", "> SLEPT_MS) this.#slept = false;"),
  rule("F15", CHANGE, "parts[at + 1]?.fragment.sn !== sn", "true"),
  rule("F15", CHANGE, "isSame && other.lastPartIndex >= present.lastPartIndex", "false"),
  rule("F17", KEEPER, "if (wasSteady) this.#raisedAt", "this.#raisedAt"),
  rule("F17", START, "Math.min(syncS, timeS + aheadS - (holdBackS - partS))", "syncS"),
  rule("F17", KEEPER, "aheadS > behindS", "true"),
  rule("F19", TIERS, "if (dryMs >= limitMs)", "if (dryMs < 0)"),
  rule("F20", TIERS, "realtime.refusal === 0 && !realtime.connected", "false"),
  rule("F21", TIERS, "if (realtime.waits) {", "if (false) {"),
  rule("F21", TIERS, "realtime.flows || realtime.waits", "realtime.flows"),
  rule("F21", STALENESS, "const STALE_MS = 10_000;", "const STALE_MS = 100_000;"),
  rule("F21", STALENESS, "!back.isBehind &&", ""),
  rule("F22", TIERS, 'if (this.#hasFlowed && connected) return "falling";\n', ""),
  rule("F22", START, "timeS + aheadS > this.#endS", "true"),
  rule("F22", LIVENESS, "return isFresh && (", "return ("),
  rule("F22", LIVENESS, "nowMs - this.#pictureAt < this.#limits.picturesMs;", "true;"),
];
