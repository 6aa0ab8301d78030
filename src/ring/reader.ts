import { RING_MARGIN, SLOT_BYTES } from "../limits.ts";
import { CODEC_NAMES, type CodecId, type CodecName } from "../wire/codecs.ts";
import type { Glance } from "./glance.ts";
import { Loaded, records } from "./guarded-record.ts";
import {
  DescriptionRecord,
  DescriptionWord,
  Header,
  HeaderFloat,
  Inactive,
  KEYFRAME_INTERVAL,
  type KeyframeReason,
  KeyframeRecord,
  KeyframeWish,
  ReaderWord,
  type RingDescription,
  RingViews,
  Slot,
  SlotFlag,
  TimingRecord,
  Want,
} from "./layout.ts";
import { NextLayer } from "./packet-layers.ts";
import { tellWant } from "./wants.ts";

export const ReadResult = { ok: 0, hole: 1, lapped: 2 } as const;

/** While such a wish stands, another one for that reason is nothing new to the writer. */
const COVERS: Readonly<Record<KeyframeReason, number>> = {
  join: KeyframeWish.join | KeyframeWish.failure,
  failure: KeyframeWish.failure,
  segment: KeyframeWish.segment,
};

const decoder = new TextDecoder();

/** What a writer says of its ring at once. */
type Content = Pick<RingDescription, "codec" | "fmtp" | "rid">;

const NOTHING: Content = { codec: null, fmtp: "", rid: "" };

/**
 * One reader thread's view of a ring. It walks the arrival log with its own cursor and copies slots
 * out: check the sequence word, copy, check it again together with the distance to the head. The
 * distance is the authority, since JavaScript has no fence between plain and atomic access.
 */
export class RingReader {
  readonly views: RingViews;
  /** Arrivals that this reader has seen, modulo 2^32. */
  private cursor: number;
  /** Bytes that `read` copied last. */
  copied = 0;
  /** Of the slot located last. */
  private reach = 0;
  /** As described last; holds while a writer is in the middle of describing anew. */
  private content = NOTHING;

  constructor(
    readonly buffer: SharedArrayBuffer,
    /** Reader-thread number, or -1 for an onlooker (control) that writes nothing into the ring. */
    readonly reader: number,
    /** Rings the bell of the ring's writer: a new wish stands here. Null for an onlooker. */
    private readonly ringWriter: (() => void) | null = null,
  ) {
    this.views = new RingViews(buffer);
    this.cursor = Atomics.load(this.views.words, Header.logHead);
  }

  /** Arrivals not yet taken from the log. */
  get backlog(): number {
    return (Atomics.load(this.views.words, Header.logHead) - this.cursor) | 0;
  }

  /**
   * Writes up to `out.length` origin sequences, in order of arrival, and returns how many; -1 when
   * the log has run over this reader, which then stands at the log's head again.
   */
  takeArrivals(out: Int32Array, max: number): number {
    const { words, log, slotsMax } = this.views;
    const head = Atomics.load(words, Header.logHead);
    let count = (head - this.cursor) | 0;
    if (count > slotsMax - RING_MARGIN) return this.skipToHead(head);
    if (count > max) count = max;
    for (let i = 0; i < count; i += 1) out[i] = log[(this.cursor + i) & (slotsMax - 1)]!;
    const headAfter = Atomics.load(words, Header.logHead);
    if (((headAfter - this.cursor) | 0) > slotsMax - RING_MARGIN) return this.skipToHead(headAfter);
    this.cursor = (this.cursor + count) | 0;
    return count;
  }

  /** Origin sequence of the `i`-th arrival not yet taken: less than `backlog`. */
  untaken(i: number): number {
    const { log, slotsMax } = this.views;
    return log[(this.cursor + i) & (slotsMax - 1)]!;
  }

  /** The arrival taken last is to be taken again. */
  putBack(): void {
    this.cursor = (this.cursor - 1) | 0;
  }

  /** Passes over everything that was written so far. */
  skip(): void {
    this.skipToHead(Atomics.load(this.views.words, Header.logHead));
  }

  /** Nothing was ever written. */
  get empty(): boolean {
    return this.views.floats[HeaderFloat.packets] === 0;
  }

  private skipToHead(head: number): number {
    this.cursor = head;
    return -1;
  }

  /**
   * Copies the slot of an origin sequence (description, extensions and payload: SLOT_BYTES at most)
   * to `target[targetOffset..]`; `copied` says how much. Anything but `ok` leaves garbage there.
   */
  read(sequence: number, target: Uint8Array, targetOffset: number): number {
    const views = this.views;
    const offset = this.locate(sequence);
    if (offset < 0) {
      const behind = this.distance(sequence) >= this.slots - RING_MARGIN;
      return behind ? ReadResult.lapped : ReadResult.hole;
    }
    const { reach } = this;
    const used = Slot.payload + views.data.getUint16(offset + Slot.payloadLength, true);
    this.copied = Math.min(used, SLOT_BYTES);
    target.set(views.bytes.subarray(offset, offset + this.copied), targetOffset);
    if (Atomics.load(views.slotWords, offset >> 2) !== sequence) return ReadResult.lapped;
    return this.distance(sequence) < reach - RING_MARGIN ? ReadResult.ok : ReadResult.lapped;
  }

  /**
   * Byte offset of the slot that holds a sequence, -1 when none does. `reach` is then the number of
   * slots after which it is overwritten: what came before the ring last doubled is placed by half the
   * mask, and overwritten at half the reach.
   */
  private locate(sequence: number): number {
    const { words, slotWords, base } = this.views;
    const slots = Atomics.load(words, Header.slots);
    for (let reach = slots; reach >= slots >> 1; reach >>= 1) {
      const offset = base + (sequence & (reach - 1)) * SLOT_BYTES;
      if (Atomics.load(slotWords, offset >> 2) !== sequence) continue;
      this.reach = reach;
      return offset;
    }
    return -1;
  }

  /**
   * Spatial layer of a packet of the picture with this timestamp; NextLayer.unknown where it is not there
   * (yet, any more, or a reserved number), NextLayer.otherPicture where it belongs to another one.
   */
  spatialAt(sequence: number, timestamp: number): number {
    const { views } = this;
    const offset = this.locate(sequence);
    if (offset < 0) return NextLayer.unknown;
    const flags = views.data.getUint32(offset + Slot.flags, true);
    const same = views.data.getUint32(offset + Slot.timestamp, true) === timestamp;
    const spatialId = views.bytes[offset + Slot.spatialId]!;
    if (Atomics.load(views.slotWords, offset >> 2) !== sequence) return NextLayer.unknown;
    if ((flags & SlotFlag.skip) !== 0) return NextLayer.unknown;
    return same ? spatialId : NextLayer.otherPicture;
  }

  /** What a slot says of its packet, without copying it; false when it is not there (any more). */
  glance(sequence: number, out: Glance): boolean {
    const { data, bytes, slotWords } = this.views;
    const offset = this.locate(sequence);
    if (offset < 0) return false;
    out.flags = data.getUint32(offset + Slot.flags, true);
    out.timestamp = data.getUint32(offset + Slot.timestamp, true);
    const late = data.getUint32(offset + Slot.late, true);
    out.receiptUs = data.getFloat64(offset + Slot.arrival, true) + late;
    const layered = bytes[offset + Slot.frameNumberBits] !== 0;
    out.layerFlags = layered ? bytes[offset + Slot.layerFlags]! : 0;
    out.spatialId = bytes[offset + Slot.spatialId]!;
    out.active = data.getUint32(offset + Slot.active, true);
    return Atomics.load(slotWords, offset >> 2) === sequence;
  }

  /** How far behind the head a sequence stands; negative when it is not written yet. */
  distance(sequence: number): number {
    return (Atomics.load(this.views.words, Header.head) - sequence) | 0;
  }

  /** When the newest packet reached the first node, us; 0 before the first. */
  get lastArrivalUs(): number {
    return this.views.floats[HeaderFloat.lastArrival]!;
  }

  /** When any packet came here last, us; 0 before the first. */
  get lastReceiptUs(): number {
    return this.views.floats[HeaderFloat.lastReceipt]!;
  }

  /** Slots in use now. */
  get slots(): number {
    return Atomics.load(this.views.words, Header.slots);
  }

  get head(): number {
    return Atomics.load(this.views.words, Header.head);
  }

  /**
   * The newest keyframe into `out`, whose three values belong together; false when none is in the
   * ring with its whole tail, or a new one is just being noted.
   */
  newestKeyframe(out: RingKeyframe): boolean {
    const { words, floats } = this.views;
    // Before the record: a newer one than was valid then is valid, too.
    if (Atomics.load(words, Header.keyframeValid) === 0) return false;
    const { keyframe } = records;
    if (keyframe.load(words) !== Loaded.ok) return false;
    out.sequence = keyframe.words[KeyframeRecord.sequence]!;
    out.arrivalUs = keyframe.floats[KeyframeRecord.arrival]!;
    out.bytesSince = floats[HeaderFloat.bytes]! - keyframe.floats[KeyframeRecord.bytesBefore]!;
    return true;
  }

  get publisherIgnoresPli(): boolean {
    return this.views.words[Header.pliIgnored] !== 0;
  }

  get keyframeIntervalUs(): number {
    return this.views.words[KEYFRAME_INTERVAL]! * 1000;
  }

  /** The source said BYE and has sent nothing since. */
  get inactive(): boolean {
    return this.views.words[Header.inactive] === Inactive.left;
  }

  get closed(): boolean {
    return Atomics.load(this.views.words, Header.closed) !== 0;
  }

  get codec(): CodecId {
    return this.views.words[DescriptionWord.codec] as CodecId;
  }

  get clockRate(): number {
    return this.views.words[DescriptionWord.clockRate]!;
  }

  /** RTP timestamp of the packet before the head; -1 when it is not there. */
  get newestTimestamp(): number {
    const offset = this.empty ? -1 : this.locate((this.head - 1) | 0);
    return offset < 0 ? -1 : this.views.data.getUint32(offset + Slot.timestamp, true);
  }

  /**
   * Tells the writer that this thread wants the ring (and is to be woken) or no longer does; `each`:
   * for each packet, also while it dozes.
   */
  want(wanted: boolean, each = false): void {
    this.say(!wanted ? Want.nothing : each ? Want.each : Want.ends);
  }

  /** Tells the writer that this thread wants the ring, and comes for its news by itself. */
  wantUnwoken(): void {
    this.say(Want.unwoken);
  }

  private say(want: number): void {
    const before = tellWant(this.views, this.reader, want);
    if (want !== Want.nothing && before === Want.nothing) this.ringWriter?.();
  }

  /** Asks the writer for a keyframe; it merges what all threads ask, and wakes for nothing old. */
  requestKeyframe(why: KeyframeReason): void {
    const { words } = this.views;
    Atomics.add(words, this.views.readerWord(this.reader, ReaderWord[why]), 1);
    if ((Atomics.load(words, Header.keyframeWanted) & COVERS[why]) === 0) this.ringWriter?.();
  }

  /** Newest sender report of the publisher into `out`; false when there is none yet. */
  timing(out: RingTiming): boolean {
    if (records.timing.load(this.views.words) !== Loaded.ok) return false;
    const { floats } = records.timing;
    out.rtpTimestamp = floats[TimingRecord.rtp]!;
    out.ntpUs = floats[TimingRecord.ntp]!;
    out.localUs = floats[TimingRecord.local]!;
    return true;
  }

  /**
   * A copy of the parameter sets to send in front of a slot with `needsParameterSets`, as one RTP
   * payload; null when there are none. Allocates: rare.
   */
  parameterSets(): Uint8Array | null {
    const { parameterSets } = records;
    if (parameterSets.load(this.views.words) !== Loaded.ok) return null;
    return parameterSets.length === 0 ? null : parameterSets.bytes.slice(0, parameterSets.length);
  }

  /** What the writer says of the ring's content. Allocates: not for the packet path. */
  describe(): RingDescription {
    const { words, floats } = this.views;
    const loaded = records.description.load(words);
    if (loaded === Loaded.ok) this.content = readContent();
    // A ring that was cleared for another publisher.
    else if (loaded === Loaded.none) this.content = NOTHING;
    const size = words[Header.size]!;
    return {
      ...this.content,
      width: size >>> 16,
      height: size & 0xffff,
      packets: floats[HeaderFloat.packets]!,
      bytes: floats[HeaderFloat.bytes]!,
      keyframeCached: words[Header.keyframeValid] !== 0,
      lastReceiptUs: floats[HeaderFloat.lastReceipt]!,
      inactive: this.inactive,
    };
  }
}

/** Where a decoder can start. */
export interface RingKeyframe {
  /** Origin sequence of its first packet. */
  sequence: number;
  /** When that arrived, us. */
  arrivalUs: number;
  /** Payload bytes that came since then, it included. */
  bytesSince: number;
}

export interface RingTiming {
  rtpTimestamp: number;
  /** us since 1900, as the publisher's clock says. */
  ntpUs: number;
  localUs: number;
}

/** What the description just loaded says. */
function readContent(): Content {
  const { words, bytes, length } = records.description;
  const name = CODEC_NAMES[words[DescriptionRecord.codec]!];
  const { text } = DescriptionRecord;
  const fmtpEnd = text + words[DescriptionRecord.fmtpLength]!;
  return {
    codec: name === undefined || name === "none" ? null : (name as CodecName),
    fmtp: decoder.decode(bytes.subarray(text, fmtpEnd)),
    rid: decoder.decode(bytes.subarray(fmtpEnd, length)),
  };
}
