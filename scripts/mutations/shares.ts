/** Shares of a worker, of a publisher's keyframes and of its bit rate; reports; paths without
 * transport-cc. */
import { type Mutation, rule } from "./rule.ts";

const EGRESS = "src/egress/";
const STUDIED = "src/media/";

export const SHARES: readonly Mutation[] = [
  rule("S9", `${STUDIED}keyframe-budget.ts`, "this.#owed = !this.#tokens.take(now, 1);", ""),
  rule("S9", `${STUDIED}keyframe-budget.ts`, "if (now < this.#onItsWayUntil) return null;", ""),
  rule(
    "S9",
    `${STUDIED}keyframe-requests.ts`,
    "Math.min(PLI_INTERVAL_JOIN_US, grown)",
    "PLI_INTERVAL_FAILURE_US",
  ),
  rule(
    "S9",
    `${EGRESS}layer-switch.ts`,
    "track.link.mediaAllowed ? track.link.switches.ask(now) : null",
    '"failure"',
  ),
  rule("S9", `${STUDIED}rtcp-share.ts`, "if (this.#time.left(now) <= 0) return false;", ""),
  rule(
    "S9",
    `${EGRESS}repair-budget.ts`,
    "const cost = Math.max(REPAIR_BYTES_MIN, bytes);",
    "const cost = bytes + 0 * REPAIR_BYTES_MIN;",
  ),
  rule(
    "S9",
    "src/peer/inbound-budget.ts",
    "if ((rtp ? this.#rtp : this.#rtcp).left(now) >= 1) return false;",
    "if (now > 0) return false;",
  ),
  rule(
    "S9",
    "src/peer/inbound-budget.ts",
    "this.#check = here ? this.#checks : this.#otherChecks;",
    "this.#check = here ? this.#checks : this.#checks;",
  ),
  rule("S10", `${STUDIED}bitrate-police.ts`, "else this.#beyond += PART_US;", ""),
  rule("S10", `${STUDIED}bitrate-police.ts`, "beyond && this.#rateOfLate() > this.limit", "beyond"),
  rule(
    "S10",
    `${STUDIED}bitrate-police.ts`,
    "now - this.#withinSince < BITRATE_LAYER_BACK_US",
    "now < BITRATE_LAYER_BACK_US * 0",
  ),
  rule("S10", "src/ingest/bitrate-limit.ts", "return track !== this.#dropped;", "return true;"),
  rule("S10", "src/ingest/bitrate-limit.ts", "if (flowing.length < 2) return;", ""),
  rule("S10", `${STUDIED}virtual-link.ts`, "return this.#freeAt;", "return arrival;"),
  rule(
    "S10",
    "src/control/http/session-resource.ts",
    '  bitrate: "The publisher sent more bits a second than it may. Lower the bit rate and start again.",',
    "",
  ),
  rule("C7", `${EGRESS}sender-reports.ts`, ".encode(cname)", '.encode("spillway")'),
  rule("C7", "src/control/streams/registry.ts", "cname: fresh.local.cname,", 'cname: "spillway",'),
  rule(
    "C8",
    `${EGRESS}sender-reports.ts`,
    "length += writeSdes(region.bytes, at + length, ssrc, this.#cname);",
    "",
  ),
  rule(
    "C9",
    `${STUDIED}eager-growth.ts`,
    "const GROWTH_PER_SECOND = 2;",
    "const GROWTH_PER_SECOND = 1;",
  ),
  rule("C9", `${STUDIED}eager-growth.ts`, "now - this.#startedAt < REMB_FROM_US", "now < 0"),
];
