/** Slots as rings have them, rings to write, and links that take what is sent. */
import type { Wear } from "../../src/cascade/handover.ts";
import { LINK_PAYLOAD_MAX } from "../../src/cascade/path-size.ts";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import { PAYLOAD_BYTES_MAX, SLOT_BYTES } from "../../src/limits.ts";
import type { LinkPort } from "../../src/relay/link-port.ts";
import { createRing, Slot, SlotFlag } from "../../src/ring/layout.ts";
import type { RingWriter } from "../../src/ring/writer.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import type { Dice } from "../fuzz/dice.ts";

export const READER = 0;

export function allocate(bytes: number): Region {
  return { bytes: new Uint8Array(bytes), address: 0 };
}

export function counters(): Float64Array {
  return new Float64Array(COUNTER_NAMES.length);
}

export function grantOf(kind: "audio" | "video", index = 0): RingGrant {
  return { index, buffer: createRing(kind), writer: 0 };
}

/** A slot as a writer of ours leaves it: layers and picture ids where its codec has them. */
export function randomSlot(dice: Dice, codec: CodecId): Uint8Array {
  const slot = new Uint8Array(SLOT_BYTES);
  const data = new DataView(slot.buffer);
  const length = dice.between(40, PAYLOAD_BYTES_MAX);
  data.setInt32(Slot.sequence, dice.below(2 ** 32) | 0, true);
  data.setUint32(Slot.flags, dice.below(256), true);
  data.setUint32(Slot.timestamp, dice.below(2 ** 32), true);
  data.setUint16(Slot.payloadLength, length, true);
  slot[Slot.codec] = codec;
  data.setInt32(Slot.pictureId, -1, true);
  data.setInt16(Slot.tl0PicIdx, -1, true);
  if (codec === Codec.vp8 || codec === Codec.vp9) {
    data.setInt32(Slot.pictureId, dice.below(32_768), true);
    slot[Slot.pictureIdOffset] = dice.between(1, 8);
    if (dice.chance(0.5)) {
      data.setInt16(Slot.tl0PicIdx, dice.below(256), true);
      slot[Slot.tl0PicIdxOffset] = dice.between(1, 8);
    }
  }
  if (codec !== Codec.opus && dice.chance(0.7)) {
    slot[Slot.spatialId] = dice.below(4);
    slot[Slot.temporalId] = dice.below(8);
    data.setUint16(Slot.frameNumber, dice.below(65_536), true);
    slot[Slot.frameNumberBits] = dice.pick([7, 15, 16]);
    slot[Slot.layerFlags] = dice.below(64);
    for (const at of [Slot.needed, Slot.switches, Slot.references, Slot.active]) {
      data.setUint32(at, dice.below(2 ** 32), true);
    }
    data.setUint16(Slot.targetsBit, dice.below(900), true);
    slot[Slot.targets] = dice.below(33);
    slot[Slot.targetsVersion] = dice.below(256);
  }
  let at: number = Slot.extensions;
  for (let left = dice.below(4); left > 0; left -= 1) {
    const bytes = dice.bytes(dice.between(1, 30));
    slot.set([dice.between(1, 7), bytes.length, ...bytes], at);
    at += 2 + bytes.length;
  }
  data.setUint16(Slot.extensionLength, at - Slot.extensions, true);
  slot.set(dice.bytes(length), Slot.payload);
  return slot;
}

/** Writes a packet of `length` bytes that all say its sequence. */
export function writePacket(
  writer: RingWriter,
  sequence: number,
  at: number,
  flags: number = SlotFlag.frameStart | SlotFlag.frameEnd | SlotFlag.marker,
  length = 100,
): void {
  const offset = writer.reserve(sequence);
  writer.setDescription(offset, sequence * 3000, length, at, Codec.h264, flags, null);
  writer.setPayload(offset, new Uint8Array(length).fill(sequence), 0, length);
  writer.commit(sequence, offset);
}

export const KEYFRAME: number =
  SlotFlag.keyframeStart | SlotFlag.frameStart | SlotFlag.frameEnd | SlotFlag.marker;

export const NO_WEAR: Wear = { sent: 0, received: 0, forged: 0 };

/** A link's session, which has room for so many datagrams. */
export class Port implements LinkPort {
  readonly session = 5;
  readonly buffer = new Uint8Array(LINK_PAYLOAD_MAX);
  readonly wear = NO_WEAR;
  readonly sent: Uint8Array[] = [];
  room = Number.POSITIVE_INFINITY;
  closed = false;

  transmit(length: number): boolean {
    if (this.room <= 0) return false;
    this.room -= 1;
    this.sent.push(this.buffer.slice(0, length));
    return true;
  }

  close(): void {
    this.closed = true;
  }
}
