import { BitReader } from "../../wire/bits.ts";
import { H264Nal } from "../../wire/h264.ts";
import { type H264Sps, readH264Sps } from "../../wire/h264-sps.ts";
import { isPictureSize } from "../../wire/picture-size.ts";
import { keptFormat, type VideoFormat } from "../format.ts";
import { writeAvcConfig } from "./avc-config.ts";
import { inOrder, type KnownSet, SetStore } from "./set-store.ts";

/** H.264 7.4.2.2. */
const PPS_ID_MAX = 255;

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();

interface KnownSps extends H264Sps, KnownSet {}

interface KnownPps extends KnownSet {
  readonly spsId: number;
}

/** The parameter sets of one H.264 encoder by their ids, and the format they come to. */
export class H264Sets {
  readonly #sps = new Map<number, KnownSps>();
  readonly #pps = new Map<number, KnownPps>();
  readonly #store = new SetStore([this.#sps, this.#pps]);
  #format: VideoFormat | null = null;
  /** What `#format` was made for; null when the sets have changed since. */
  #formatOf: KnownSps | null = null;

  /** Takes an SPS or PPS; one that cannot be read changes nothing. */
  note(type: number, unit: Uint8Array): void {
    if (type === H264Nal.sps) this.#noteSps(unit);
    else this.#notePps(unit);
  }

  /** The format of a picture that names this PPS; null when its sets are not known. */
  format(ppsId: number): VideoFormat | null {
    const pps = this.#pps.get(ppsId);
    const sps = pps === undefined ? undefined : this.#sps.get(pps.spsId);
    if (sps === undefined) return null;
    if (this.#formatOf === sps) return this.#format;
    const { width, height } = sps;
    this.#formatOf = sps;
    this.#format = keptFormat(this.#format, {
      codec: "h264",
      codecs: `avc1.${sps.unit.subarray(1, 4).toHex()}`,
      width,
      height,
      config: writeAvcConfig(sps.unit, sps, inOrder(this.#sps), inOrder(this.#pps)),
    });
    return this.#format;
  }

  #noteSps(unit: Uint8Array): void {
    const sps = readH264Sps(unit);
    if (sps === null || !isPictureSize(sps.width, sps.height)) return;
    if (this.#store.keep(this.#sps, sps.id, { ...sps, unit })) this.#formatOf = null;
  }

  #notePps(unit: Uint8Array): void {
    bits.reset(unit, 1, unit.length - 1, true);
    const id = bits.ue();
    const spsId = bits.ue();
    if (bits.overrun || id > PPS_ID_MAX) return;
    if (this.#store.keep(this.#pps, id, { spsId, unit })) this.#formatOf = null;
  }
}
