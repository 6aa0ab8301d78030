/** Which packets wait for the end of their frame, and which do not. */
import { type Mutation, rule } from "./rule.ts";

const HOLDING = "src/feed/holding.ts";
const FEEDS = "src/feed/feeds.ts";
const URGENCY = "src/intake/urgency.ts";
const EGRESS = "src/egress/egress.ts";

export const HELD: readonly Mutation[] = [
  rule("frame-hold", HOLDING, "late || this.#isMuch", "this.#isMuch"),
  rule("frame-hold", HOLDING, "late || this.#isMuch(patience)", "late"),
  rule("frame-hold", HOLDING, "!goesOn || this.#endsBelow(sequence)", "!goesOn"),
  rule("frame-hold", HOLDING, "(top > spatialId && next > top)", "top > spatialId"),
  rule("frame-hold", HOLDING, "top < 0 || top > spatialId", "top < 0"),
  rule("frame-hold", HOLDING, "full || this.#left === 0", "this.#left === 0"),
  rule("frame-hold", HOLDING, "full || this.#left === 0", "full"),
  rule("frame-hold", HOLDING, "Math.min(patience, AUDIO_HELD_MAX_US)", "patience"),
  rule("frame-hold", HOLDING, "Math.max(oldest, busyUntil)", "Infinity"),
  rule("frame-hold", HOLDING, "this.#highest = (sequence - 1) | 0", "this.#looked = 0"),
  rule("frame-hold", FEEDS, "rider !== null && this.#waiting", "rider === feed && this.#waiting"),
  rule("frame-hold", URGENCY, "marker || end || this.#open", "marker || end"),
  rule("frame-hold", URGENCY, "marker || end || this.#open", "marker || this.#open"),
  rule("frame-hold", URGENCY, "if (late) return true;", ""),
  rule("frame-hold", EGRESS, "now - this.feeds.dueSince", "now - this.batch.receipts[0]!"),
];
