import { PARAMETER_SETS_BYTES_MAX } from "../../limits.ts";
import { ObuType } from "../../wire/av1.ts";
import { readSequenceFormat } from "../../wire/av1-sequence.ts";
import { isPictureSize } from "../../wire/picture-size.ts";
import { keptFormat, type VideoFormat } from "../format.ts";
import type { Assembly } from "./assembly.ts";
import { av1Codecs, writeAv1Config } from "./av1-config.ts";
import { type JoinedObu, ObuJoiner } from "./obu-joiner.ts";

/** AV1 5.9.2: show_existing_frame (1), frame_type (2), show_frame (1): a keyframe that is shown. */
const SHOWN_KEY = 0b0001;
const SHOWN_KEY_SHIFT = 4;

/** Temporal units of AV1 (RTP Payload Format for AV1). */
export class Av1Assembly implements Assembly {
  unfit: string | null = null;
  hasPicture = false;
  readonly #obus = new ObuJoiner((obu) => this.#judge(obu));
  /** By the newest sequence header. */
  #format: VideoFormat | null = null;
  // Of this temporal unit.
  /** A sequence header stands in front of the first picture. */
  #hasSequence = false;
  #beginsWithKey = false;
  #hasLayers = false;

  get open(): boolean {
    return this.#obus.open;
  }

  /** AV1 in ISOBMFF 2.4: a sample at which to begin has a sequence header in front of its keyframe. */
  get key(): boolean {
    return this.#hasSequence && this.#beginsWithKey;
  }

  begin(): void {
    this.#obus.clear();
    this.hasPicture = false;
    this.#hasSequence = false;
    this.#beginsWithKey = false;
    this.#hasLayers = false;
  }

  push(payload: Uint8Array): boolean {
    return this.#obus.push(payload);
  }

  take(): Uint8Array {
    this.hasPicture = false;
    return this.#obus.frame.take();
  }

  format(): VideoFormat | null {
    this.unfit = this.#hasLayers ? "its AV1 has several spatial layers" : null;
    return this.#hasLayers ? null : this.#format;
  }

  #judge({ type, spatialId, bytes, payload }: JoinedObu): boolean {
    if (spatialId > 0) this.#hasLayers = true;
    if (type === ObuType.sequenceHeader && !this.hasPicture) this.#noteSequence(bytes, payload);
    if (!this.hasPicture && (type === ObuType.frame || type === ObuType.frameHeader)) {
      this.hasPicture = true;
      this.#beginsWithKey = (payload[0] ?? 0xff) >> SHOWN_KEY_SHIFT === SHOWN_KEY;
    }
    // Layers begin between keyframes, too: the next of those tells of them.
    return !this.#hasLayers || !this.hasPicture || this.key;
  }

  #noteSequence(bytes: Uint8Array, payload: Uint8Array): void {
    const sequence = readSequenceFormat(payload);
    if (sequence === null || !isPictureSize(sequence.width, sequence.height)) return;
    if (bytes.length > PARAMETER_SETS_BYTES_MAX) return;
    const { width, height } = sequence;
    this.#hasSequence = true;
    if (sequence.spatialLayers > 1) this.#hasLayers = true;
    this.#format = keptFormat(this.#format, {
      codec: "av1",
      codecs: av1Codecs(sequence),
      width,
      height,
      config: writeAv1Config(sequence, bytes),
    });
  }
}
