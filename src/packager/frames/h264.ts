import { SlotFlag } from "../../ring/layout.ts";
import { BitReader } from "../../wire/bits.ts";
import { H264_LAYOUT, H264Nal } from "../../wire/h264.ts";
import type { VideoFormat } from "../format.ts";
import type { Frame, Packet } from "./frame.ts";
import { H264Sets } from "./h264-sets.ts";
import { UnitJoiner, UnitVerdict } from "./unit-joiner.ts";

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();

/**
 * Access units out of the packets of one H.264 encoder (RFC 6184). Parameter sets, delimiters and
 * filler stay out of the samples. What is malformed costs its frame and those up to the next keyframe.
 */
export class H264Frames {
  /** Frames dropped for malformed input. */
  dropped = 0;
  readonly #sets = new H264Sets();
  readonly #units = new UnitJoiner(H264_LAYOUT, (type, unit) => this.#judge(type, unit));
  #waits = true;
  /** Packets may be missing in front of the next one. */
  #hole = true;
  /** The sender has marked another packet than a frame's last: then only the next frame ends one. */
  #marksAnything = false;
  // Of the frame that comes now.
  #timestamp = -1;
  #arrivalUs = 0;
  /** Its beginning may be missing. */
  #torn = false;
  /** It comes without the parameter sets that it needs. */
  #naked = false;
  /** Nothing more of it is of use: it was malformed or left already. */
  #broken = false;
  #left = false;
  #hasSlice = false;
  #key = false;
  #ppsId = 0;

  /** `parameterSets`: those that the ring has, as one RTP payload; null for none. */
  constructor(private readonly parameterSets: () => Uint8Array | null) {}

  get waitsForKeyframe(): boolean {
    return this.#waits;
  }

  /** Takes the next packet; `out` gets a frame that it completes. */
  push(packet: Packet, out: (frame: Frame) => void): void {
    const { timestamp, flags, payload } = packet;
    if ((flags & SlotFlag.skip) !== 0) {
      // Padding stands between frames: here a packet was malformed.
      if (this.#units.open) this.#fail();
      return;
    }
    if (timestamp !== this.#timestamp) {
      this.#end(out);
      this.#begin(packet);
    }
    if (this.#broken) return;
    if ((flags & SlotFlag.needsParameterSets) !== 0) this.#naked = true;
    if (!this.#units.push(payload)) this.#fail();
    // A mark in front of the first slice, or within one, is none.
    else if ((flags & SlotFlag.marker) !== 0 && !this.#marksAnything && this.#isWhole) {
      this.#leave(out);
    }
  }

  /** Packets are missing: drops the open frame, and all up to the next keyframe. */
  reset(): void {
    this.#units.clear();
    this.#timestamp = -1;
    this.#waits = true;
    this.#hole = true;
  }

  get #isWhole(): boolean {
    return this.#hasSlice && !this.#units.open && !this.#broken;
  }

  #begin({ timestamp, arrivalUs }: Packet): void {
    this.#units.clear();
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#torn = this.#hole;
    this.#hole = false;
    this.#naked = false;
    this.#broken = false;
    this.#left = false;
    this.#hasSlice = false;
    this.#key = false;
  }

  /** Another timestamp comes. */
  #end(out: (frame: Frame) => void): void {
    if (this.#timestamp < 0 || this.#broken) return;
    if (this.#units.open) this.#fail();
    else if (this.#isWhole) this.#leave(out);
  }

  #judge(type: number, unit: Uint8Array): UnitVerdict {
    if (type === H264Nal.sps || type === H264Nal.pps) {
      this.#sets.note(type, unit);
      return UnitVerdict.omit;
    }
    if (type === H264Nal.delimiter || type === H264Nal.filler) return UnitVerdict.omit;
    const isSlice = type >= H264Nal.slice && type <= H264Nal.idr;
    if (!isSlice || this.#hasSlice) return UnitVerdict.keep;
    // What has left was not whole.
    if (this.#left) return UnitVerdict.refuse;
    this.#hasSlice = true;
    this.#key = type === H264Nal.idr;
    return this.#readSlice(unit) ? UnitVerdict.keep : UnitVerdict.refuse;
  }

  /** The first slice; false when it cannot begin a picture. */
  #readSlice(unit: Uint8Array): boolean {
    // H.264 7.3.3: first_mb_in_slice, slice_type, pic_parameter_set_id.
    bits.reset(unit, 1, unit.length - 1, true);
    const first = bits.ue();
    bits.ue();
    this.#ppsId = bits.ue();
    // Behind a hole the first slice that came need not be the picture's first.
    return !bits.overrun && (!this.#torn || first === 0);
  }

  #leave(out: (frame: Frame) => void): void {
    const format = this.#key ? this.#format() : null;
    if (this.#key && format === null) {
      this.#fail();
      return;
    }
    this.#left = true;
    this.#hasSlice = false;
    if (this.#waits && !this.#key) return;
    this.#waits = false;
    out({
      timestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
      key: this.#key,
      data: this.#units.frame.take(),
      format,
      samples: 0,
    });
  }

  /** Sets that came with pictures first, then those that came another way. */
  #format(): VideoFormat | null {
    const format = this.#naked ? null : this.#sets.format(this.#ppsId);
    if (format !== null) return format;
    const cached = this.parameterSets();
    if (cached !== null) this.#sets.notePayload(cached);
    return this.#sets.format(this.#ppsId);
  }

  #fail(): void {
    // The mark that a frame left by was none: from now on none is believed.
    if (this.#left) this.#marksAnything = true;
    // What a hole has left of one is nobody's fault.
    if (this.#left || !this.#torn) this.dropped += 1;
    this.#units.clear();
    this.#broken = true;
    this.#waits = true;
  }
}
