/** Joins, overload, sources that leave and clocks that are set: C2, C4, C5, C10. */
import { CONTROL, type Mutation, rule } from "./rule.ts";

const EGRESS = "src/egress/";
const INGEST = "src/ingest/";

export const JOINS: readonly Mutation[] = [
  rule("C2", `${EGRESS}rounds.ts`, "context.queues.lookAtWaiting(now);", ""),
  rule("C2", `${EGRESS}track-start.ts`, "else if (!this.tryOthers(now)) this.ask", "else this.ask"),
  rule(
    "C2",
    `${EGRESS}track-start.ts`,
    "now - this.askedAt < PLI_INTERVAL_JOIN_US",
    "this.askedAt > 0",
  ),
  rule(
    "C2",
    `${EGRESS}track-start.ts`,
    "return again && !this.askedInVain(now) ? null : keyframe;",
    "return again ? null : keyframe;",
  ),
  rule(
    "C2",
    "src/feed/feed.ts",
    "if (reader.publisherIgnoresPli) return keyframe.sequence;",
    "if (reader.closed) return keyframe.sequence;",
  ),
  rule("C2", "src/feed/feed.ts", "near || (askedInVain && flows)", "near || (flows && !flows)"),
  rule("C2", `${EGRESS}layer-switch.ts`, "this.standsStill(now)) this", "false) this"),
  rule(
    "C2",
    `${EGRESS}segments.ts`,
    "return ((aligned - least) | 0) > 0 ? aligned : least;",
    "return aligned;",
  ),
  rule(
    "C2",
    `${EGRESS}repair.ts`,
    "timestampIn(segment, scratch.timestamps[0]!)",
    "(scratch.timestamps[0]! + segment.timestampOffset) >>> 0",
  ),
  rule(
    "C10",
    `${EGRESS}catch-up-queue.ts`,
    "!this.#outputFull && this.#keyframes.left === 0",
    "!this.#outputFull",
  ),
  rule(
    "6.12",
    "src/ring/reader.ts",
    "if (keyframe.load(words) !== Loaded.ok) return false;",
    "keyframe.load(words);",
  ),
  rule("6.12", "src/ring/writer.ts", "this.keyframeArrival = arrival;", ""),
  rule("6.12", "src/ring/writer.ts", "this.keyframeBytes = this.views.floats", "this.views.floats"),
  rule(
    "6.5",
    `${EGRESS}viewer-track.ts`,
    "this.output.frameOpen) this.segments.leaveGap(feed);",
    "false) return;",
  ),
  rule("6.5", `${EGRESS}track-output.ts`, "!packet.marker && mark === SentMark.none", "true"),
  rule("C10", `${EGRESS}catch-up-queue.ts`, "    this.#keyframes.next = 0;\n", ""),
  rule(
    "C10",
    `${EGRESS}viewer-track.ts`,
    "behind && this.context.queues.catchingUp.keyframes > 1",
    "behind && this.context.queues.catchingUp.keyframes < 0",
  ),
  rule(
    "C10",
    `${CONTROL}plane/overload.ts`,
    "this.busy > OVERLOAD_BUSY && this.lagUs",
    "this.busy > OVERLOAD_BUSY || this.lagUs",
  ),
  rule("C10", `${CONTROL}plane/overload.ts`, "this.#heldUs < OVERLOAD_HOLD_US", "this.#heldUs < 1"),
  rule("C10", `${CONTROL}plane/overload.ts`, "< OVERLOAD_LEAVE_BUSY", "< OVERLOAD_BUSY"),
  rule("C10", `${CONTROL}plane/overload.ts`, "(both ? since : -since)", "(both ? since : -1e9)"),
  rule("C4", `${INGEST}bye.ts`, "  setLeft(track, true);\n", ""),
  rule("C4", `${INGEST}bye.ts`, "now - byeAt <= GRACE_US", "now < byeAt"),
  rule("C4", `${INGEST}bye.ts`, "  track.keyframes.rest();\n", ""),
  rule("C4", `${INGEST}track.ts`, "this.ssrc !== -1 && !this.left &&", "this.ssrc !== -1 &&"),
  rule("C4", "src/intake/wishes.ts", "heard = !track.left", "heard = true"),
  rule("C4", "src/feed/layer-table.ts", "const flows = !left && isFresh", "const flows = isFresh"),
  rule(
    "C4",
    `${CONTROL}streams/source.ts`,
    "else if (packets > 0) return false;",
    "else return false;",
  ),
  rule("C4", `${CONTROL}streams/source.ts`, "if (this.quiet) return true;", ""),
  rule(
    "C5",
    "src/feed/source-clock.ts",
    "size >= OWN_STEP_US && Math.abs(stepUs - deviation) <= tolerance",
    "size < 0 && deviation > tolerance",
  ),
  rule("C5", "src/feed/source-clock.ts", "Math.min(CLOCK_STEP_US / 2, ", "Math.max(0, "),
  rule("C5", "src/feed/source-clock.ts", "source.ntpAt(now, this.run)", "source.ntpAt(now)"),
  rule("C10", "src/host/socket-reader.ts", "late ? READ_BUDGET_LATE_US : READ", "READ"),
  rule("C10", `${EGRESS}egress.ts`, "return this.liveLeft && this.hasWork", "return this.hasWork"),
  rule("C10", `${EGRESS}egress.ts`, "return this.liveLeft && this.hasWork", "return this.liveLeft"),
];
