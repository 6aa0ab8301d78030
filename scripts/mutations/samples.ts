/** What the tail makes of packets: samples, what a decoder is told, and files. */
import { type Mutation, rule } from "./rule.ts";

const FRAMES = "src/packager/frames/";
const FORMAT = "src/packager/format.ts";
const MP4 = "src/packager/mp4/";

export const SAMPLES: readonly Mutation[] = [
  rule("F10", FORMAT, "return same ? present : next;", "return next;"),
  rule(
    "F10",
    `${FRAMES}h264-sets.ts`,
    "{ spsId, unit })) this.#formatOf = null",
    "{ spsId, unit })) return",
  ),
  rule("F10", `${FRAMES}h264-sets.ts`, "keep(this.#pps, id,", "keep(this.#pps, 0,"),
  rule("F11", `${FRAMES}video-frames.ts`, "if (this.#waits && !key) return;", ""),
  rule(
    "F11",
    `${FRAMES}video-frames.ts`,
    "open) this.#fail();\n    else",
    "open) this.#assembly.begin(false);\n    else",
  ),
  rule("F10", `${FRAMES}h265-sets.ts`, "unit)) this.#formatOf = null;", "unit)) return;"),
  rule("F11", `${FRAMES}unit-joiner.ts`, "    if (this.open) return false;\n", ""),
  rule("F11", `${FRAMES}obu-joiner.ts`, " || ((header & CONTINUES) !== 0) !== this.open", ""),
  rule("F11", `${FRAMES}obu-joiner.ts`, "(first & FORBIDDEN) !== 0 || ", ""),
  rule("F11", `${FRAMES}obu-joiner.ts`, " || from + size.value > raw.length", ""),
  rule("F11", `${FRAMES}vp9.ts`, "    if (frameStart === this.open) return false;\n", ""),
  rule("F11", `${FRAMES}unit-joiner.ts`, " || (header & FORBIDDEN) !== 0", ""),
  rule("F11", `${FRAMES}unit-joiner.ts`, " || type >= aggregation", ""),
  rule(
    "F11",
    `${FRAMES}video-frames.ts`,
    "      if (this.#assembly.open) this.#fail();\n      return;",
    "return;",
  ),
  rule("F12", `${FRAMES}nal-assembly.ts`, "this.#noteCached(cached)", "cached.fill(0)"),
  rule("F12", `${FRAMES}nal-assembly.ts`, "this.#naked ? null : ", ""),
  rule("F12", `${FRAMES}h265-sets.ts`, " || !this.#vps.has(sps.vpsId)", ""),
  rule("F26", `${MP4}fragment.ts`, "time === due", "time >= due"),
  rule("L06", `${MP4}fragment.ts`, "out.u64(samples[0]!.time)", "out.u64(0)"),
  rule("V02", `${FRAMES}hevc-config.ts`, "while (constraints.at(-1) === 0)", "while (false)"),
  rule("V02", `${FRAMES}hevc-config.ts`, "let i = 31; i >= 0", "let i = 31; i > 1"),
  rule("V02", `${FRAMES}av1-config.ts`, 'tier === 0 ? "M"', 'tier === 1 ? "M"'),
  rule("V02", `${FRAMES}vpc-config.ts`, "area * PICTURES_A_SECOND <= second", "area <= second"),
  rule("L20", `${MP4}init.ts`, "iso6mp41", "mp42mp41"),
  rule("L20", `${MP4}fragment.ts`, "BASE_IS_MOOF = 0x020000", "BASE_IS_MOOF = 0"),
  rule("L20", `${MP4}init.ts`, "writeTrackExtends(out, Track.audio,", "writeTrackExtends(out, 3,"),
];
