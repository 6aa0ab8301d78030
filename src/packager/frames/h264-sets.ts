import { PARAMETER_SETS_BYTES_MAX } from "../../limits.ts";
import { BitReader } from "../../wire/bits.ts";
import { sameBytes } from "../../wire/bytes.ts";
import { H264_LAYOUT, H264Nal } from "../../wire/h264.ts";
import { type H264Sps, readH264Sps } from "../../wire/h264-sps.ts";
import { NalUnits } from "../../wire/nal-units.ts";
import { isPictureSize } from "../../wire/picture-size.ts";
import type { VideoFormat } from "../format.ts";
import { writeAvcConfig } from "./avc-config.ts";

/** Sets of one kind: more SPS than an avcC can count (31). */
const SETS_MAX = 31;
/** H.264 7.4.2.2. */
const PPS_ID_MAX = 255;

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();
const walker = new NalUnits();

interface KnownSps extends H264Sps {
  readonly unit: Uint8Array;
}

interface KnownPps {
  readonly spsId: number;
  readonly unit: Uint8Array;
}

/**
 * The parameter sets of one H.264 encoder by their ids, and the format they come to. Those of all ids
 * are kept: an encoder that sends them by turns has one configuration, not several.
 */
export class H264Sets {
  readonly #sps = new Map<number, KnownSps>();
  readonly #pps = new Map<number, KnownPps>();
  #bytes = 0;
  #format: VideoFormat | null = null;
  /** What `#format` was made for; null when the sets have changed since. */
  #formatOf: KnownSps | null = null;

  /** Takes an SPS or PPS; one that cannot be read changes nothing. */
  note(type: number, unit: Uint8Array): void {
    if (type === H264Nal.sps) this.#noteSps(unit);
    else this.#notePps(unit);
  }

  /** Takes the sets out of one RTP payload. */
  notePayload(payload: Uint8Array): void {
    walker.reset(H264_LAYOUT, payload, 0, payload.length);
    while (walker.next(H264_LAYOUT)) {
      const { type, offset, length, complete } = walker;
      if (!complete || (type !== H264Nal.sps && type !== H264Nal.pps)) continue;
      this.note(type, payload.subarray(offset, offset + length));
    }
  }

  /**
   * The format of a picture that names this PPS, the same object as before unless something has
   * changed; null when its sets are not known.
   */
  format(ppsId: number): VideoFormat | null {
    const pps = this.#pps.get(ppsId);
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId);
    if (sps === undefined) return null;
    if (this.#formatOf === sps) return this.#format;
    const config = writeAvcConfig(sps.unit, sps, inOrder(this.#sps), inOrder(this.#pps));
    const { width, height } = sps;
    const old = this.#format;
    const same = old !== null && sameBytes(old.config, config);
    if (!same || old.width !== width || old.height !== height) {
      const codecs = `avc1.${sps.unit.subarray(1, 4).toHex()}`;
      this.#format = { codec: "h264", codecs, width, height, config };
    }
    this.#formatOf = sps;
    return this.#format;
  }

  #noteSps(unit: Uint8Array): void {
    const sps = readH264Sps(unit);
    if (sps === null || !isPictureSize(sps.width, sps.height)) return;
    this.#keep(this.#sps, sps.id, { ...sps, unit });
  }

  #notePps(unit: Uint8Array): void {
    bits.reset(unit, 1, unit.length - 1, true);
    const id = bits.ue();
    const spsId = bits.ue();
    if (bits.overrun || id > PPS_ID_MAX) return;
    this.#keep(this.#pps, id, { spsId, unit });
  }

  /** As a copy of its bytes, which are another's. Where too many are known, this one alone is left. */
  #keep<Known extends { readonly unit: Uint8Array }>(
    sets: Map<number, Known>,
    id: number,
    known: Known,
  ): void {
    const old = sets.get(id)?.unit ?? null;
    if (sameBytes(old, known.unit) || known.unit.length > PARAMETER_SETS_BYTES_MAX) return;
    this.#bytes += known.unit.length - (old?.length ?? 0);
    if (this.#bytes > PARAMETER_SETS_BYTES_MAX || (old === null && sets.size === SETS_MAX)) {
      this.#sps.clear();
      this.#pps.clear();
      this.#bytes = known.unit.length;
    }
    sets.set(id, { ...known, unit: known.unit.slice() });
    this.#formatOf = null;
  }
}

/** By their ids, so that the order in which they came makes no other configuration. */
function inOrder(sets: ReadonlyMap<number, { readonly unit: Uint8Array }>): Uint8Array[] {
  return [...sets].toSorted(([a], [b]) => a - b).map(([, { unit }]) => unit);
}
