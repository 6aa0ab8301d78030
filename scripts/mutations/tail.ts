/** The tail: parts, segments and playlists (RFC 8216bis), and what players of the field broke on. */
import { type Mutation, rule } from "./rule.ts";

const PACKAGER = "src/packager/";
const PLAYLIST = `${PACKAGER}playlist.ts`;
const RENDITION = `${PACKAGER}rendition.ts`;

export const TAIL: readonly Mutation[] = [
  rule("L02", RENDITION, "while (us > this.#part.limitUs) {", "while (us < 0) {"),
  rule("L03", `${PACKAGER}open-part.ts`, "const SHARE_MIN = 0.85;", "const SHARE_MIN = 0.5;"),
  rule("L04", `${PACKAGER}segments.ts`, "pictures.some(({ key }) => key)", "false"),
  rule(
    "L05",
    PLAYLIST,
    "text += this.#headOf(entry,",
    "if (entry.complete) text += this.#headOf(entry,",
  ),
  rule("L06", PLAYLIST, "const last = entry.parts.at(-1)!.number;", "const last = entry.part;"),
  rule("L07", RENDITION, "this.#closeLate(nowUs);\n", "\n"),
  rule("L07", RENDITION, "this.#freeze(endUs);", ""),
  rule("L07", `${PACKAGER}ordered-reader.ts`, "Math.min(now, glance.receiptUs)", "now"),
  rule("L08", PLAYLIST, "if (at >= withParts) for", "if (at >= 0) for"),
  rule("L09", PLAYLIST, "this.#entries.length > SEGMENTS_MIN", "this.#entries.length > 0"),
  rule("L10", RENDITION, "mayCut && age + partTargetUs > targetDurationUs", "false"),
  rule("L11", PLAYLIST, "plain(HOLD_BACK * partTargetUs)", "plain(2.5 * partTargetUs)"),
  rule("L12", PLAYLIST, "plain(HOLD_BACK * targetDurationUs)", "plain(2 * targetDurationUs)"),
  rule("L16", PLAYLIST, "this.#nextPart = part.number + 1;", "this.#nextPart = part.number + 2;"),
  rule("L17", `${PACKAGER}edition.ts`, "() => this.#reportsBut(output)", "() => []"),
  rule("R02", PLAYLIST, "first.era - first.breaks", "first.breaks - first.breaks"),
  rule(
    "R01",
    RENDITION,
    "this.#beginSegment(true, !goesOn, nowUs);",
    "this.#beginSegment(true, false, nowUs);",
  ),
  rule("R05", "src/control/streams/tails.ts", 'state === "ended" && ', "false && "),
  rule("V03", RENDITION, "this.#part.samples.length > 0 ? SLIVER_US : 0)", "0)"),
  rule("V04", `${PACKAGER}ensemble.ts`, "this.#breaks ||= this.beganUs !== null;", ""),
  rule("V04", `${PACKAGER}ensemble.ts`, "Math.abs(us - cutUs) <= SAME_US", "false"),
  rule("V06", "src/control/http/tail-master.ts", "averageBandwidth <= START_BPS", "true"),
  rule("V07", RENDITION, "newestUs - this.shownUs > MISSED_US", "false"),
  rule("V07", `${PACKAGER}gap.ts`, "if (!this.#open && wasThere", "if (false && wasThere"),
  rule("V07", PLAYLIST, 'entry.gap ? "#EXT-X-GAP\\n"', 'false ? ""'),
  rule("F05", "src/control/http/hls.ts", "!file.startsWith(", "false && file.startsWith("),
  rule("F06", "src/control/http/tail-link.ts", '"../".repeat(path.split("/").length)', '"/"'),
  rule("F09", `${PACKAGER}timeline.ts`, "Math.min(ticks, now)", "ticks"),
  rule(
    "F09",
    `${PACKAGER}gap.ts`,
    "return us > this.reachedUs - (this.#open ? 0 : OVERLAP_US);",
    "return true;",
  ),
  rule(
    "V03",
    `${PACKAGER}gap.ts`,
    "nowUs - us > targetDurationUs",
    "us > Infinity && nowUs > targetDurationUs",
  ),
  rule("F10", `${PACKAGER}segments.ts`, "video !== this.#initOf.video ||", "true ||"),
  rule("F14", `${PACKAGER}bandwidth.ts`, "Math.max(0, Math.ceil(Math.log", "(Math.ceil(Math.log"),
  rule("F26", PLAYLIST, '.padStart(6, "0")', ""),
  rule("ST1", `${PACKAGER}still.ts`, "pixels(one) - pixels(other)", "pixels(other) - pixels(one)"),
  rule("ST2", `${PACKAGER}packager.ts`, "if (!this.#editions.has(stream)) still.release();", ""),
  rule("ST3", "src/control/http/still.ts", 'await askHook(c, services, "viewer", name)', "null"),
  rule("ST4", "src/control/http/still.ts", "!isWithin(", "false && !isWithin("),
  rule("ST5", "src/control/streams/stills.ts", "stream.audiences.add(still);", ""),
];
