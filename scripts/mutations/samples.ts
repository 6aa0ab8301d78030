/** What the tail makes of packets: samples, what a decoder is told, and files. */
import { type Mutation, rule } from "./rule.ts";

const FRAMES = "src/packager/frames/";
const MP4 = "src/packager/mp4/";

export const SAMPLES: readonly Mutation[] = [
  rule("F10", `${FRAMES}h264-sets.ts`, "if (!same || old.width", "if (old !== null || old.width"),
  rule("F10", `${FRAMES}h264-sets.ts`, "    this.#formatOf = null;\n", ""),
  rule("F10", `${FRAMES}h264-sets.ts`, "this.#keep(this.#pps, id,", "this.#keep(this.#pps, 0,"),
  rule("F11", `${FRAMES}h264.ts`, "if (this.#waits && !this.#key) return;", ""),
  rule(
    "F11",
    `${FRAMES}h264.ts`,
    "open) this.#fail();\n    else",
    "open) this.#units.clear();\n    else",
  ),
  rule("F11", `${FRAMES}unit-joiner.ts`, "    if (this.open) return false;\n", ""),
  rule("F11", `${FRAMES}unit-joiner.ts`, " || (header & FORBIDDEN) !== 0", ""),
  rule("F11", `${FRAMES}unit-joiner.ts`, " || type >= aggregation", ""),
  rule(
    "F11",
    `${FRAMES}h264.ts`,
    "      if (this.#units.open) this.#fail();\n      return;",
    "return;",
  ),
  rule("F12", `${FRAMES}h264.ts`, "this.#sets.notePayload(cached)", "cached.fill(0)"),
  rule("F12", `${FRAMES}h264.ts`, "this.#naked ? null : ", ""),
  rule("F26", `${MP4}fragment.ts`, "time === due", "time >= due"),
  rule("L06", `${MP4}fragment.ts`, "out.u64(samples[0]!.time)", "out.u64(0)"),
  rule("L20", `${MP4}init.ts`, "iso6mp41", "mp42mp41"),
  rule("L20", `${MP4}fragment.ts`, "BASE_IS_MOOF = 0x020000", "BASE_IS_MOOF = 0"),
  rule("L20", `${MP4}init.ts`, "writeTrackExtends(out, Track.audio,", "writeTrackExtends(out, 3,"),
];
