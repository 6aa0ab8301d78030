/**
 * The Dependency Descriptor header extension (AV1 RTP specification, appendix A.8). Used with AV1,
 * and by Chromium with VP8 and VP9 as well.
 *
 *  |S|E| template id (6) | frame number (16) | and, when longer than three bytes:
 *  |structure|active targets|custom dtis|custom fdiffs|custom chains| then what these announce
 */
import { BitReader } from "./bits.ts";
import { difference16 } from "./bytes.ts";
import {
  DECODE_TARGETS_MAX,
  DependencyStructure,
  indications,
  readIndications,
} from "./dependency-structure.ts";

export const MANDATORY_BYTES = 3;
/** Where the active decode targets stand, or would, without a structure: 24 + 5 flags. */
const MASK_BIT_PLAIN = 29;
/** A keyframe that is older by more is not late: its sender has begun to count anew. */
const LATE_FRAMES_MAX = 1000;

const bits = new BitReader();

/**
 * Reads the descriptors of one RTP stream, in about the order of arrival. The fields say what the
 * descriptor last read says; the structure of a keyframe is kept for the frames that follow.
 */
export class DependencyDescriptorReader {
  startOfFrame = false;
  endOfFrame = false;
  frameNumber = 0;
  spatialId = 0;
  temporalId = 0;
  /** A structure is attached: a coded video sequence begins with this packet (A.8.3). */
  keyframe = false;
  /** One bit a decode target: the frame is part of it; may be switched to. */
  present = 0;
  switching = 0;
  /** Bit d - 1 for each referred frame that lies d (1..32) frames back. */
  references = 0;
  /** A referred frame lies further back than `references` tells. */
  farReference = false;
  /** By chain: frames back to the chain's previous frame. */
  readonly chainDiffs = new Uint8Array(DECODE_TARGETS_MAX);
  /** Of the frame's spatial layer; 0 when the structure does not tell. */
  width = 0;
  height = 0;
  /** The set in force, from this descriptor or an earlier one, one bit a decode target. */
  activeTargets = 0;
  /** Bit offset where the active decode targets stand, or where they would be inserted. */
  maskBit = 0;
  /** Counts the structures taken over. */
  version = 0;
  #structure = new DependencyStructure();
  #spare = new DependencyStructure();
  #known = false;
  #structureFrame = 0;
  #activeFrame = 0;
  #template = 0;
  #shown = this.#structure;

  /** The structure that the descriptor last read belongs to; void at the next keyframe. */
  get structure(): DependencyStructure {
    return this.#shown;
  }

  /** Nothing before the next structure means anything: another encoder begins. */
  reset(): void {
    this.#known = false;
  }

  /** False when it breaks its format, or needs a structure that is not here (lost, or replaced). */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < MANDATORY_BYTES) return false;
    bits.reset(bytes, offset, length, false);
    this.startOfFrame = bits.bit() === 1;
    this.endOfFrame = bits.bit() === 1;
    const templateId = bits.bits(6);
    this.frameNumber = bits.bits(16);
    const flags = length > MANDATORY_BYTES ? bits.bits(5) : 0;
    this.keyframe = (flags & 16) !== 0;
    let end = MASK_BIT_PLAIN;
    if (this.keyframe) {
      // A.8.3: only the first packet of a sequence has one; libwebrtc drops any other.
      if (!this.startOfFrame || !this.#spare.read(bits)) return false;
      end = offsetOf(offset);
    } else if (!this.#known) return false;
    const structure = this.keyframe ? this.#spare : this.#structure;
    const hasActive = (flags & 8) !== 0;
    const active = hasActive ? bits.bits(structure.targets) >>> 0 : structure.allTargets;
    this.#template = structure.templateOf(templateId);
    if (this.#template === -1) return false;
    this.#readFrame(structure, flags);
    if (bits.overrun) return false;
    this.maskBit = end;
    this.#shown = structure;
    this.#adopt(active, hasActive);
    return true;
  }

  /** A.8.2 frame_dependency_definition. */
  #readFrame(structure: DependencyStructure, flags: number): void {
    const template = this.#template;
    this.spatialId = structure.spatialIds[template]!;
    this.temporalId = structure.temporalIds[template]!;
    this.present = structure.present[template]!;
    this.switching = structure.switching[template]!;
    if ((flags & 4) !== 0) {
      readIndications(bits, structure.targets);
      this.present = indications.present;
      this.switching = indications.switching;
    }
    this.references = structure.references[template]!;
    this.farReference = false;
    if ((flags & 2) !== 0) this.#readReferences();
    const custom = (flags & 1) !== 0;
    for (let chain = 0; chain < structure.chains; chain += 1) {
      this.chainDiffs[chain] = custom
        ? bits.bits(8)
        : structure.chainDiffs[template * DECODE_TARGETS_MAX + chain]!;
    }
    const sized = structure.hasResolutions;
    this.width = sized ? structure.widths[this.spatialId]! : 0;
    this.height = sized ? structure.heights[this.spatialId]! : 0;
  }

  /** A.8.2 frame_fdiffs: 4, 8 or 12 bits each. */
  #readReferences(): void {
    let references = 0;
    for (let size = bits.bits(2); size !== 0 && !bits.overrun; size = bits.bits(2)) {
      const back = bits.bits(4 * size);
      if (back < 32) references |= 1 << back;
      else this.farReference = true;
    }
    this.references = references >>> 0;
  }

  /** Takes over a structure and active targets, unless the packet is older than those in force. */
  #adopt(active: number, hasActive: boolean): void {
    if (this.keyframe) {
      const ahead = difference16(this.frameNumber, this.#structureFrame);
      if (this.#known && ahead <= 0 && ahead > -LATE_FRAMES_MAX) return;
      this.#known = true;
      const former = this.#structure;
      this.#structure = this.#spare;
      this.#spare = former;
      this.#structureFrame = this.frameNumber;
      this.version += 1;
    } else if (!hasActive || difference16(this.frameNumber, this.#activeFrame) < 0) {
      return;
    }
    this.#activeFrame = this.frameNumber;
    this.activeTargets = active;
  }
}

/** Bits read so far, from the start of the descriptor. */
function offsetOf(offset: number): number {
  return bits.position - offset * 8;
}
