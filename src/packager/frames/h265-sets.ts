import { BitReader } from "../../wire/bits.ts";
import { H265Nal } from "../../wire/h265.ts";
import { type H265Sps, readH265Sps } from "../../wire/h265-sps.ts";
import { isPictureSize } from "../../wire/picture-size.ts";
import { keptFormat, type VideoFormat } from "../format.ts";
import { hevcCodecs, writeHevcConfig } from "./hevc-config.ts";
import { inOrder, type KnownSet, SetStore } from "./set-store.ts";

const HEADER_BYTES = 2;
/** H.265 7.4.3.3.1. */
const PPS_ID_MAX = 63;

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();

interface KnownSps extends H265Sps, KnownSet {}

interface KnownPps extends KnownSet {
  readonly spsId: number;
}

/** The parameter sets of one H.265 encoder by their ids, and the format they come to. */
export class H265Sets {
  readonly #vps = new Map<number, KnownSet>();
  readonly #sps = new Map<number, KnownSps>();
  readonly #pps = new Map<number, KnownPps>();
  readonly #store = new SetStore([this.#vps, this.#sps, this.#pps]);
  #format: VideoFormat | null = null;
  /** What `#format` was made for; null when the sets have changed since. */
  #formatOf: KnownSps | null = null;

  /** Takes a VPS, SPS or PPS; one that cannot be read changes nothing. */
  note(type: number, unit: Uint8Array): void {
    if (this.#keep(type, unit)) this.#formatOf = null;
  }

  /** The format of a picture that names this PPS; null when its sets are not known. */
  format(ppsId: number): VideoFormat | null {
    const pps = this.#pps.get(ppsId);
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId);
    if (sps === undefined || !this.#vps.has(sps.vpsId)) return null;
    if (this.#formatOf === sps) return this.#format;
    const { width, height } = sps;
    this.#formatOf = sps;
    this.#format = keptFormat(this.#format, {
      codec: "h265",
      codecs: hevcCodecs(sps),
      width,
      height,
      config: writeHevcConfig(sps, [this.#vps, this.#sps, this.#pps].map(inOrder)),
    });
    return this.#format;
  }

  #keep(type: number, unit: Uint8Array): boolean {
    bits.reset(unit, HEADER_BYTES, unit.length - HEADER_BYTES, true);
    if (type === H265Nal.vps) {
      const id = bits.bits(4);
      return !bits.overrun && this.#store.keep(this.#vps, id, { unit });
    }
    if (type === H265Nal.pps) {
      const id = bits.ue();
      const spsId = bits.ue();
      if (bits.overrun || id > PPS_ID_MAX) return false;
      return this.#store.keep(this.#pps, id, { spsId, unit });
    }
    const sps = readH265Sps(unit);
    if (sps === null || !isPictureSize(sps.width, sps.height)) return false;
    return this.#store.keep(this.#sps, sps.id, { ...sps, unit });
  }
}
