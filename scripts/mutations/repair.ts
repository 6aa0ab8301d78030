/**
 * What is missing of a pulled stream: when it is asked for again, how fast it leaves, and
 * where a ring goes on that is wanted again; and what gives way.
 */
import { type Mutation, rule } from "./rule.ts";

const TIME = "src/cascade/link-time.ts";
const STREAM = "src/relay/pulled-stream.ts";
const STRAIN = "src/relay/strain.ts";
const PACE = "src/relay/pace.ts";
const PULLED = "src/relay/pulled-ring.ts";
const SHEDDING = "src/cascade/shedding.ts";
const RESUMPTION = "src/relay/resumption.ts";
const ASKINGS = "src/relay/askings.ts";
const FILLS = "src/relay/fills.ts";
const OUTLET = "src/relay/outlet.ts";

export const REPAIRS: readonly Mutation[] = [
  rule("cascade-again", TIME, "this.#answers.known ?", "!this.#answers.known ?"),
  rule("cascade-again", TIME, "if (us < this.#shortest) return;", ""),
  rule("cascade-again", TIME, "    this.#answers.note(roundTrip);\n", ""),
  rule("cascade-again", STREAM, "if (isNew && answerUs > 0)", "if (isNew && answerUs < 0)"),
  rule("cascade-again", "src/media/missing.ts", " || this.#of[at] !== of", ""),
  rule("cascade-again", "src/media/missing.ts", "this.#tries[at] !== 1 || ", ""),
  rule("cascade-twice", ASKINGS, "if (flows(ring)) link.sendLoose(fill);", ";"),
  rule("cascade-twice", ASKINGS, "if (flows(ring)) link", "link"),
  rule("cascade-twice", ASKINGS, "other === from ? 0 : missing", "true ? 0 : missing"),
  rule("cascade-twice", ASKINGS, "(this.#number + 1) & FILL_NUMBER_MAX", "this.#number + 1"),
  rule("cascade-twice", FILLS, "number !== null && this.#isKnown(number)", "false"),
  rule("cascade-twice", FILLS, "number !== null && this", "this"),
  rule("cascade-twice", "src/media/missing.ts", " || this.#tries[i]! < 2", ""),
  rule("cascade-twice", "src/media/missing.ts", "this.#askedAt[i] !== now || ", ""),
  rule("cascade-pace", PACE, "this.#times * Math.max", "0 * Math.max"),
  rule("cascade-pace", PACE, "this.group > 0 && ", ""),
  rule("cascade-pace", PACE, "this.#asked > LOST_SHARE * this.#left", "false"),
  rule("cascade-pace", FILLS, "      this.#pace.asked(count);\n", ""),
  rule("cascade-pace", PACE, "Math.max(this.measured, this.group)", "this.measured"),
  rule("cascade-pace", PACE, "Math.max(CATCH_UP_BITS_MIN, ", "Math.max(1_000, "),
  rule(
    "cascade-pace",
    OUTLET,
    "this.#next !== null && this.#pace.dueAt <= now",
    "this.#next !== null",
  ),
  rule("cascade-pace", OUTLET, "if (bytes > 0) this.#pace.left(bytes, now);", ""),
  rule("cascade-pace", FILLS, " && this.#pace.dueAt <= now", ""),
  rule(
    "pulled-again",
    PULLED,
    "if (this.#holdsGroup && !narrow) this.#resume();\n    else this",
    "this",
  ),
  rule("pulled-again", PULLED, "if (this.#resumption.awaited) return;\n    if (due", "if (due"),
  rule("pulled-again", PULLED, "(this.#resumption.awaited && ahead > 0)", "false"),
  rule("pulled-again", PULLED, "if (sequence === this.#next) this", "if (false) this"),
  rule("pulled-again", RESUMPTION, "behind && keyframe", "behind"),
  rule("pulled-again", RESUMPTION, "    if (!behind) this.#at = null;\n", ""),
  rule("pulled-again", OUTLET, " && !this.#isPassed(have, now)", ""),
  rule(
    "cascade-offers",
    SHEDDING,
    "cut.offered = !cut.offered && this.#fitsInstead(cut);",
    "cut.offered = false;",
  ),
  rule("cascade-offers", SHEDDING, "burden.come >= insteadOf(burden, ring, kept)", "true"),
  rule("cascade-offers", SHEDDING, "this.#waitUs < WAIT_MAX_US ? beside : 0", "0"),
  rule("cascade-offers", SHEDDING, "this.#waitUs < WAIT_MAX_US ? beside : 0", "beside"),
  rule("cascade-offers", STREAM, "now >= this.#narrowUntil", "true"),
  rule("cascade-offers", STREAM, ", has(tried | offered));", ");"),
  rule("cascade-old", OUTLET, "this.#isOfUse(ageUs) && ", ""),
  rule("cascade-old", OUTLET, " || isLate", ""),
  rule("cascade-old", OUTLET, " && !this.#isTooOld(at)", ""),
  rule("cascade-old", OUTLET, "ageUs + this.#wayUs <=", "ageUs <="),
  rule("cascade-wish", PULLED, "!canAsk || ", ""),
  rule("cascade-wish", PULLED, "(this.#begins(now) && !isFailure) || ", ""),
  rule("cascade-layers", STRAIN, "links.length > 1 && queueUs > QUEUED_US", "false"),
  rule("cascade-layers", STRAIN, " && links.at(-1)!.gray.isGray", ""),
  rule("cascade-layers", STRAIN, "!links.every(({ gray }) => gray.isGray)", "false"),
];
