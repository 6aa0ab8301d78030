import { assert } from "../assert.ts";
import { PAYLOAD_BYTES_MAX, RING_MARGIN, SLOT_BYTES, VIDEO_SLOTS_MAX } from "../limits.ts";
import type { CodecId } from "../wire/codecs.ts";
import type { PayloadDescription } from "../wire/payload-description.ts";
import { records } from "./guarded-record.ts";
import {
  DescriptionRecord,
  EXTENSION_BYTES_MAX,
  Guarded,
  Header,
  HeaderFloat,
  type KeyframeReason,
  KeyframeRecord,
  KeyframeWish,
  packSize,
  ReaderWord,
  RingViews,
  Slot,
  SlotFlag,
  TimingRecord,
  Want,
} from "./layout.ts";
import { GOP_HELD_MAX_US, RingNeed } from "./need.ts";
import { wantOf } from "./wants.ts";

/** What `reserve` answers when a packet has no place. */
export const NO_SLOT = -1;

const encoder = new TextEncoder();

/**
 * The one writer of a ring. Never waits for a reader.
 *
 * Use: `offset = reserve(sequence)`, fill the slot's payload and description in place (`bytes` from
 * `offset`; the setters below), `commit(sequence, offset)`. A slot may be filled late: any sequence
 * not older than the ring's reach.
 */
export class RingWriter {
  readonly views: RingViews;
  /** The whole ring; slots are byte ranges in it. */
  readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly data: DataView;
  private slots: number;
  /** From this sequence on, slots are placed by the present mask; before it, by half of it. */
  private growth = 0;
  private started = false;
  private head = 0;
  private logHead = 0;
  /** The newest keyframe, as in its record; false where none is known. */
  private grouped = false;
  private keyframe = 0;
  private keyframeArrival = 0;
  private keyframeBytes = 0;
  private keyframeTimestamp = 0;
  private readonly need = new RingNeed();

  constructor(readonly buffer: SharedArrayBuffer) {
    this.views = new RingViews(buffer);
    this.bytes = this.views.bytes;
    this.words = this.views.words;
    this.data = this.views.data;
    this.slots = this.words[Header.slots]!;
  }

  /** Writes down what the ring carries; again when the publisher changes codec. */
  describe(codec: CodecId, clockRate: number, fmtp: string, rid: string): void {
    const { text, fmtpBytesMax, ridBytesMax } = DescriptionRecord;
    const { words, bytes } = records.description;
    words[DescriptionRecord.codec] = codec;
    words[DescriptionRecord.clockRate] = clockRate;
    const fmtpEnd =
      text + encoder.encodeInto(fmtp, bytes.subarray(text, text + fmtpBytesMax)).written;
    words[DescriptionRecord.fmtpLength] = fmtpEnd - text;
    const length =
      fmtpEnd + encoder.encodeInto(rid, bytes.subarray(fmtpEnd, fmtpEnd + ridBytesMax)).written;
    records.description.store(this.words, length);
  }

  /**
   * Byte offset of the slot for this origin sequence (int32, wraps), marked empty; NO_SLOT when the
   * packet is older than the ring reaches, already there, or further ahead than any ring is long: one
   * such number would put all true ones behind the ring's reach. Who begins another numbering maps it
   * to the next number (src/media/sequence.ts); who knows of a gap resumes behind it.
   */
  reserve(sequence: number): number {
    if (!this.started) this.start(sequence);
    const ahead = (sequence - this.head) | 0;
    if (ahead > VIDEO_SLOTS_MAX) return NO_SLOT;
    if (ahead >= 0) {
      this.maybeGrow(sequence);
      if (ahead > 0) this.leap(sequence);
    } else if (-ahead >= this.reachOf(sequence) - RING_MARGIN) {
      return NO_SLOT;
    }
    const offset = this.place(sequence);
    const word = offset >> 2;
    if (ahead < 0 && Atomics.load(this.views.slotWords, word) === sequence) return NO_SLOT;
    // The slot's old content is void from here on: ~sequence never belongs in this place.
    this.store32(word, ~sequence);
    this.data.setUint32(offset + Slot.flags, 0, true);
    return offset;
  }

  /**
   * Fills the description words of a reserved slot from a parsed payload, which is received as it
   * arrives: its publisher is one of this node.
   */
  setDescription(
    offset: number,
    timestamp: number,
    payloadLength: number,
    arrival: number,
    codec: CodecId,
    flags: number,
    description: PayloadDescription | null,
  ): void {
    assert(payloadLength <= PAYLOAD_BYTES_MAX, "payload fits its slot");
    const data = this.data;
    data.setUint32(offset + Slot.flags, flags, true);
    data.setUint32(offset + Slot.timestamp, timestamp, true);
    data.setUint16(offset + Slot.payloadLength, payloadLength, true);
    data.setUint16(offset + Slot.extensionLength, 0, true);
    data.setFloat64(offset + Slot.arrival, arrival, true);
    data.setUint32(offset + Slot.late, 0, true);
    const bytes = this.bytes;
    bytes[offset + Slot.codec] = codec;
    bytes[offset + Slot.spatialId] = description === null ? 0 : description.spatialId;
    bytes[offset + Slot.temporalId] = description === null ? 0 : description.temporalId;
    bytes[offset + Slot.pictureIdOffset] =
      description === null || description.pictureId < 0 ? 0 : description.pictureIdOffset + 1;
    data.setInt32(offset + Slot.pictureId, description === null ? -1 : description.pictureId, true);
    data.setInt16(offset + Slot.tl0PicIdx, description === null ? -1 : description.tl0PicIdx, true);
    bytes[offset + Slot.tl0PicIdxOffset] =
      description === null || description.tl0PicIdx < 0 ? 0 : description.tl0PicIdxOffset + 1;
  }

  /** Copies the payload; its length is the one given to `setDescription`. */
  setPayload(offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    assert(length <= PAYLOAD_BYTES_MAX, "payload fits its slot");
    // A view would end with its array, and the slot's old bytes would stand for the rest.
    assert(
      sourceOffset >= 0 && sourceOffset + length <= source.length,
      "a payload lies in its source",
    );
    this.bytes.set(source.subarray(sourceOffset, sourceOffset + length), offset + Slot.payload);
  }

  /** Appends one header extension element (internal id); false when the area is full. */
  addExtension(
    offset: number,
    id: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
  ): boolean {
    const used = this.data.getUint16(offset + Slot.extensionLength, true);
    if (used + 2 + length > EXTENSION_BYTES_MAX) return false;
    let at = offset + Slot.extensions + used;
    this.bytes[at] = id;
    this.bytes[at + 1] = length;
    at += 2;
    for (let i = 0; i < length; i += 1) this.bytes[at + i] = source[sourceOffset + i]!;
    this.data.setUint16(offset + Slot.extensionLength, used + 2 + length, true);
    return true;
  }

  /** Publishes a filled slot: sequence word, keyframe words, log, cursors. */
  commit(sequence: number, offset: number): void {
    const words = this.words;
    const floats = this.views.floats;
    const flags = this.data.getUint32(offset + Slot.flags, true);
    const timestamp = this.data.getUint32(offset + Slot.timestamp, true);
    const arrival = this.data.getFloat64(offset + Slot.arrival, true);
    const length = this.data.getUint16(offset + Slot.payloadLength, true);
    this.store32(offset >> 2, sequence);
    floats[HeaderFloat.bytes] = floats[HeaderFloat.bytes]! + length;
    floats[HeaderFloat.packets] = floats[HeaderFloat.packets]! + 1;
    floats[HeaderFloat.lastReceipt] = arrival + this.data.getUint32(offset + Slot.late, true);
    // What is filled late from elsewhere may have arrived there long before.
    if (arrival > floats[HeaderFloat.lastArrival]!) floats[HeaderFloat.lastArrival] = arrival;
    // Before it lies another source: a join must not run from one into the other.
    if ((flags & SlotFlag.discontinuity) !== 0) Atomics.store(words, Header.keyframeValid, 0);
    const keyframe = (flags & SlotFlag.keyframeStart) !== 0;
    if (keyframe) this.noteKeyframe(sequence, timestamp, arrival, length);
    this.views.log[this.logHead & (this.views.slotsMax - 1)] = sequence;
    this.logHead = (this.logHead + 1) | 0;
    if (((sequence - this.head) | 0) >= 0) {
      this.head = (sequence + 1) | 0;
      Atomics.store(words, Header.head, this.head);
      // Keep the last doubling within half the number space, or old and new would change places.
      if (((this.head - this.growth) | 0) > 1 << 30) this.growth = (this.head - this.slots) | 0;
      this.checkKeyframeReach();
    }
    this.need.notePacket(arrival);
    words[Header.slotsWanted] = this.need.slots;
    Atomics.store(words, Header.logHead, this.logHead);
  }

  /**
   * Parameter sets for IDRs that come without: a whole RTP payload (H.264 STAP-A, H.265 AP) of at
   * most Guarded.parameterSets.bytes; empty for none.
   */
  setParameterSets(payload: Uint8Array): void {
    records.parameterSets.bytes.set(payload);
    records.parameterSets.store(this.words, payload.length);
  }

  /** The publisher's newest sender report: RTP time, NTP time (us since 1900), when it arrived (us). */
  setTiming(rtpTimestamp: number, ntpUs: number, localUs: number): void {
    const { floats } = records.timing;
    floats[TimingRecord.rtp] = rtpTimestamp;
    floats[TimingRecord.ntp] = ntpUs;
    floats[TimingRecord.local] = localUs;
    records.timing.store(this.words, Guarded.timing.bytes);
  }

  setSize(width: number, height: number): void {
    this.words[Header.size] = packSize(width, height);
  }

  /** A plain word: Header.pliIgnored, inactive or keyframeWanted, or KEYFRAME_INTERVAL. */
  setWord(word: number, value: number): void {
    this.words[word] = value | 0;
  }

  /**
   * The ring goes on at this number: what lies before it was not pulled while nobody wanted it. Joins
   * wait for a keyframe from here on.
   */
  resume(sequence: number): void {
    this.grouped = false;
    Atomics.store(this.words, Header.keyframeValid, 0);
    if (this.started && ((sequence - this.head) | 0) > 0) this.leap(sequence);
  }

  /** True while reader thread `reader` wants this ring. */
  wantedBy(reader: number): boolean {
    return wantOf(this.views, reader) !== Want.nothing;
  }

  /** Whether it is to be woken for news; `each`: for each packet, also while it dozes. */
  wakes(reader: number, each = false): boolean {
    const want = wantOf(this.views, reader);
    return want === Want.each || (!each && want === Want.ends);
  }

  /** Keyframe requests of all reader threads so far for this reason. */
  keyframeRequests(readers: number, why: KeyframeReason): number {
    let sum = 0;
    for (let reader = 0; reader < readers; reader += 1) {
      const word = this.views.readerWord(reader, ReaderWord[why]);
      sum = (sum + Atomics.load(this.words, word)) | 0;
    }
    return sum;
  }

  /** The writer leaves: readers keep what is there, and need not ring for what they wish. */
  close(): void {
    Atomics.store(this.words, Header.keyframeWanted, KeyframeWish.all);
    Atomics.store(this.words, Header.closed, 1);
  }

  private start(sequence: number): void {
    this.started = true;
    this.head = sequence;
    this.growth = (sequence - this.slots) | 0;
    Atomics.store(this.words, Header.head, sequence);
  }

  /**
   * Moves the head over a gap before the slot behind it is overwritten: the distance to the head is
   * what readers trust, so a writer is never more than one slot ahead of it.
   */
  private leap(sequence: number): void {
    this.head = sequence;
    Atomics.store(this.words, Header.head, sequence);
  }

  /** Slots among which a sequence is placed: half of them if it is older than the last doubling. */
  private reachOf(sequence: number): number {
    return ((sequence - this.growth) | 0) < 0 ? this.slots >> 1 : this.slots;
  }

  /** Byte offset of the place of a sequence. */
  private place(sequence: number): number {
    return this.views.base + (sequence & (this.reachOf(sequence) - 1)) * SLOT_BYTES;
  }

  /**
   * Doubles the ring in place when control grants it and the content needs it. Only where the first
   * new sequence is a multiple of the new size: then every earlier sequence still in reach keeps its
   * old place until the new numbering overwrites exactly that place in the old order.
   */
  private maybeGrow(sequence: number): void {
    const doubled = this.slots * 2;
    if (this.need.slots <= this.slots || doubled > this.words[Header.slotsGranted]!) return;
    const boundary = sequence & ~(doubled - 1);
    if (((boundary - this.head) | 0) < 0) return;
    this.growth = boundary;
    this.slots = doubled;
    Atomics.store(this.words, Header.slots, doubled);
  }

  private noteKeyframe(sequence: number, timestamp: number, arrival: number, length: number): void {
    const { words } = this;
    const { grouped } = this;
    const ahead = (sequence - this.keyframe) | 0;
    if (grouped && timestamp === this.keyframeTimestamp) {
      // Another packet that can begin the same keyframe: the earliest one is its start.
      if (ahead < 0) this.storeKeyframe(sequence);
      return;
    }
    if (grouped && ahead < 0) return;
    if (grouped) this.need.noteGroup(ahead, arrival - this.keyframeArrival);
    this.grouped = true;
    this.keyframeTimestamp = timestamp;
    this.keyframeArrival = arrival;
    this.keyframeBytes = this.views.floats[HeaderFloat.bytes]! - length;
    this.storeKeyframe(sequence);
    Atomics.store(words, Header.keyframeValid, 1);
    Atomics.store(words, Header.keyframeCount, words[Header.keyframeCount]! + 1);
  }

  /** One record: with the time of the new keyframe the place of the old one would look fresh. */
  private storeKeyframe(sequence: number): void {
    this.keyframe = sequence;
    const { words, floats } = records.keyframe;
    words[KeyframeRecord.sequence] = sequence;
    floats[KeyframeRecord.arrival] = this.keyframeArrival;
    floats[KeyframeRecord.bytesBefore] = this.keyframeBytes;
    records.keyframe.store(this.words, Guarded.keyframe.bytes);
  }

  /** Marks a group of pictures that no longer fits, and remembers how much room it needs. */
  private checkKeyframeReach(): void {
    if (!this.grouped) return;
    const age = (this.head - this.keyframe) | 0;
    // A keyframe from before the last doubling is overwritten at half the reach.
    const reach = this.reachOf(this.keyframe);
    if (age < reach - RING_MARGIN * 2) return;
    const keyframeAgeUs = this.views.floats[HeaderFloat.lastArrival]! - this.keyframeArrival;
    if (keyframeAgeUs < GOP_HELD_MAX_US) this.need.noteLonger(this.slots);
    if (age >= reach - RING_MARGIN) Atomics.store(this.words, Header.keyframeValid, 0);
  }

  private store32(word: number, value: number): void {
    Atomics.store(this.views.slotWords, word, value);
  }
}
