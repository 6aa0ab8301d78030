/**
 * The bytes of a ring, in one SharedArrayBuffer:
 *
 *   0        header       one 4 KiB page: words, floats, then records
 *   4 KiB    reader words READER_THREADS_MAX x 64 B: one cache line a reader thread
 *   8 KiB    arrival log  slots x 4 B: origin sequence of each arrival, in order of arrival
 *   ...      slots        slots x SLOT_BYTES
 *
 * Invariant: a slot at place `sequence & mask` is valid for `sequence` exactly while its sequence
 * word says so and `head - sequence < slots - RING_MARGIN`.
 *
 * Memory is reserved for `slotsMax`; the kernel backs a page when it is first written, so a ring
 * that uses 512 slots costs 1 MiB. The writer doubles `slots` in place (src/ring/writer.ts).
 */
import { assert } from "../assert.ts";
import {
  AUDIO_SLOTS,
  PAYLOAD_BYTES_MAX,
  READER_THREADS_MAX,
  SLOT_BYTES,
  VIDEO_SLOTS_MAX,
  VIDEO_SLOTS_START,
} from "../limits.ts";
import type { CodecName } from "../wire/codecs.ts";

/** Int32 word indices in the header. */
export const Header = {
  magic: 0,
  slots: 1, // slots in use, a power of two
  slotsMax: 2,
  slotsGranted: 3, // control: the writer may grow up to here
  slotsWanted: 4, // the writer: slots that the content needs
  head: 5, // one past the highest origin sequence written
  logHead: 6, // arrivals so far, modulo 2^32
  closed: 7, // 1 once the writer has left
  inactive: 8, // Inactive: nothing of it is to be had, and why
  pliIgnored: 9, // 1: the publisher did not answer three PLIs in a row
  keyframeValid: 10, // 1 if the newest keyframe's whole group of pictures is in the ring
  keyframeCount: 11,
  size: 12, // of the picture, as `packSize` has it; 0 while unknown
  /** KeyframeWish: what the writer has heard and not fulfilled yet. */
  keyframeWanted: 13,
} as const;

/** Why a reader wishes for a keyframe: a viewer joins, a decoder has failed, a segment of a playlist
 * is to begin. */
export type KeyframeReason = "join" | "failure" | "segment";

/** Wishes for a keyframe, a bit each; a viewer's join is no more than a failure. */
export const KeyframeWish = { none: 0, join: 1, failure: 2, segment: 4, all: 7 } as const;

/** `left`: its source said BYE and has sent nothing since; `withheld`: it is sent, and not had here. */
export const Inactive = { no: 0, left: 1, withheld: 2 } as const;

/** Float64 word indices in the header (byte offset / 8). */
export const HeaderFloat = {
  lastReceipt: 7, // us, of any packet
  bytes: 8, // payload bytes written, total
  packets: 9,
  lastArrival: 10, // us, the latest there was
  /** 32 words, one a layer point: payload bytes that a viewer of the point has been due, total. */
  layerBytes: 11,
  /** 32 words, one a layer point: receipt of its own newest packet, us. */
  layerSeen: 43,
} as const;

/** Layer points of a grid: 4 spatial x 8 temporal layers. */
export const LAYER_POINTS = 32;

/** Int32 word index in the header: the sizes of four spatial layers; 0 while unknown. */
export const LAYER_SIZES = 150;
const LAYER_SIZES_BYTES = 16;

/** Where a record lies in the header, and how many bytes it may have behind its guard and length. */
export interface RecordPlace {
  readonly at: number;
  readonly bytes: number;
}

/** Guard (odd while the record is being written) and length in bytes, an Int32 each. */
export const RECORD_HEAD_BYTES = 8;

/** What is written and read as one, by src/ring/guarded-record.ts. */
export const Guarded = {
  keyframe: { at: 616, bytes: 20 },
  timing: { at: 644, bytes: 24 },
  targets: { at: 676, bytes: 36 },
  description: { at: 720, bytes: 1292 },
  /** One RTP payload. Sent as one packet, so that it must fit a path's MTU as well. */
  parameterSets: { at: 2020, bytes: 1024 },
  told: { at: 3052, bytes: 520 },
} as const satisfies { [name: string]: RecordPlace };

/** The newest keyframe. Float64 word indices in the record, but `sequence`. */
export const KeyframeRecord = {
  arrival: 0, // us, of its first packet to come
  bytesBefore: 1, // of HeaderFloat.bytes, those that came before it
  sequence: 4, // Int32 word index: origin sequence where it begins
} as const;

/** The publisher's newest sender report. Float64 word indices in the record. */
export const TimingRecord = {
  rtp: 0, // RTP timestamp (u32)
  ntp: 1, // the publisher's NTP time of it, us since 1900
  local: 2, // our monotonic us when the report arrived
} as const;

/** What the writer has from elsewhere of layers whose packets are not here (src/ring/told-layers.ts). */
export const ToldRecord = {
  keyframes: 0, // Int32 word index: 1 if there are any
  bitrates: 1, // Float64 word index: LAYER_POINTS of them, bits a second
  seen: 1 + LAYER_POINTS, // Float64 word index: as many, us
} as const;

/** Decode targets. Byte offsets in the record; a layer point is spatialId * 8 + temporalId. */
export const TargetsRecord = { version: 0, count: 1, points: 2 } as const;

/** What the ring carries. Int32 word indices in the record; from byte `text` on fmtp, then the rid. */
export const DescriptionRecord = {
  codec: 0,
  clockRate: 1,
  fmtpLength: 2,
  text: 12,
  fmtpBytesMax: 1024,
  ridBytesMax: 256,
} as const;

const DESCRIPTION_WORD = (Guarded.description.at + RECORD_HEAD_BYTES) / 4;

/** Words of the description that are also read each by itself. Int32 word indices in the header. */
export const DescriptionWord = {
  codec: DESCRIPTION_WORD + DescriptionRecord.codec,
  clockRate: DESCRIPTION_WORD + DescriptionRecord.clockRate,
} as const;

const HEADER_BYTES = 4096;

/**
 * Int32 word index in the header: the longest time between keyframes that nobody asked for, ms; 0 while
 * the encoder is not known to send such.
 */
export const KEYFRAME_INTERVAL = HEADER_BYTES / 4 - 1;

/** What stands there while it is not known, either, that the encoder sends them on request. */
export const KEYFRAMES_UNKNOWN_MS = 0x7fff_ffff;

const READER_WORDS_BYTES = READER_THREADS_MAX * 64;
const LOG_OFFSET = HEADER_BYTES + READER_WORDS_BYTES;

/** Int32 word offsets inside a reader thread's cache line. */
export const ReaderWord = { wanted: 0, join: 1, failure: 2, segment: 3 } as const;

/**
 * ReaderWord.wanted: a reader that dozes is woken for the ends of frames, or for each packet; one that
 * comes by itself is never woken.
 */
export const Want = { nothing: 0, ends: 1, each: 2, unwoken: 3 } as const;

/** Byte offsets inside a slot. */
export const Slot = {
  sequence: 0, // i32, stored last
  flags: 4, // u32, SlotFlag
  timestamp: 8, // u32 RTP timestamp of the publisher
  payloadLength: 12, // u16
  extensionLength: 14, // u16, bytes used in the extension area
  arrival: 16, // f64 us, when it reached the first node
  codec: 24, // u8
  spatialId: 25, // u8
  temporalId: 26, // u8
  pictureIdOffset: 27, // u8, offset in the payload + 1; 0 = none
  pictureId: 28, // i32, -1 = none
  tl0PicIdx: 32, // i16, -1 = none
  tl0PicIdxOffset: 34, // u8, offset + 1; 0 = none
  // Layers (src/media/layer-map.ts), so that egress parses nothing. A grid word has one bit a layer
  // point: spatialId * 8 + temporalId.
  frameNumber: 36, // u16, as `references` count
  frameNumberBits: 38, // u8, where it wraps: 7, 15 or 16; 0 = no layers are known of this packet
  layerFlags: 39, // u8, LayerFlag
  needed: 40, // u32 grid: a viewer at this layer point needs the frame
  switches: 44, // u32 grid: a viewer may go to this layer point here
  references: 48, // u32, bit d - 1 for a reference d frames (VP9: pictures) back
  active: 52, // u32 grid: layer points that the publisher sends now
  targetsBit: 56, // u16, bit offset of the active decode targets in the dependency descriptor
  targets: 58, // u8, decode targets; 0 = no dependency descriptor
  targetsVersion: 59, // u8, of the header's decode targets that the descriptor belongs to
  late: 60, // u32 us from the arrival to the receipt: 0 of a publisher of this node
  extensions: 64, // [internal id u8][length u8][data] ...
  payload: 192,
} as const;

export const SlotFlag = {
  /** Nothing to forward: a padding-only packet whose number is reserved. */
  skip: 1,
  keyframeStart: 2,
  frameStart: 4,
  frameEnd: 8,
  marker: 16,
  /** IDR that needs the cached parameter sets in front. */
  needsParameterSets: 32,
  /** Opus RED (RFC 2198) payload. */
  red: 64,
  /** First packet of a new numbering or source: the RTP timestamp may have jumped. */
  discontinuity: 128,
} as const;

/** What the layer words of a slot say besides. */
export const LayerFlag = {
  /** First and last packet of a layer frame. */
  start: 1,
  end: 2,
  /** Every frame it refers to stands in `references` (and, VP9, lies in the same picture). */
  referencesKnown: 4,
  /** VP8: `switches` holds for a viewer one temporal layer below only (RFC 7741 4.2, Y). */
  oneStep: 8,
  /** `switches` names temporal layers; the spatial layer stays (VP9 U). */
  temporalOnly: 16,
  /** The points are the dependency descriptor's. */
  descriptor: 32,
} as const;

/** Bit of a layer point in a grid word. */
export function gridBit(spatialId: number, temporalId: number): number {
  return 1 << (spatialId * 8 + temporalId);
}

/** Width and height in one word, so that no reader takes the new one with the old other. */
export function packSize(width: number, height: number): number {
  return (width << 16) | (height & 0xffff);
}

/** Two bytes stay free before the payload: an RTX packet puts its original number there. */
export const EXTENSION_BYTES_MAX = Slot.payload - Slot.extensions - 2;
const RING_MAGIC = 0x53504c35;

/** Bytes of the buffer for a ring of at most `slotsMax` slots. */
function ringBytes(slotsMax: number): number {
  return slotsOffset(slotsMax) + slotsMax * SLOT_BYTES;
}

/** Byte offset of slot 0; a whole page, so that growing touches only new pages. */
function slotsOffset(slotsMax: number): number {
  return Math.ceil((LOG_OFFSET + slotsMax * 4) / 4096) * 4096;
}

/** The views of one ring; every thread makes its own over the shared memory. */
export class RingViews {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly log: Int32Array;
  readonly bytes: Uint8Array;
  readonly data: DataView;
  /** The whole ring as words: a slot's sequence word stands at (slot offset >> 2). */
  readonly slotWords: Int32Array;
  readonly slotsMax: number;
  /** Byte offset of slot 0. */
  readonly base: number;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, (HEADER_BYTES + READER_WORDS_BYTES) / 4);
    assert(this.words[Header.magic] === RING_MAGIC, "not a ring");
    this.slotsMax = this.words[Header.slotsMax]!;
    assert(buffer.byteLength === ringBytes(this.slotsMax), "ring has its size");
    this.floats = new Float64Array(buffer, 0, HEADER_BYTES / 8);
    this.log = new Int32Array(buffer, LOG_OFFSET, this.slotsMax);
    this.bytes = new Uint8Array(buffer);
    this.data = new DataView(buffer);
    this.slotWords = new Int32Array(buffer);
    this.base = slotsOffset(this.slotsMax);
  }

  /** Int32 index of a reader thread's word. */
  readerWord(reader: number, word: number): number {
    return HEADER_BYTES / 4 + reader * 16 + word;
  }
}

/** A new ring's memory, described and empty. */
export function createRing(kind: "audio" | "video"): SharedArrayBuffer {
  const slotsMax = kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_MAX;
  const buffer = new SharedArrayBuffer(ringBytes(slotsMax));
  formatRing(buffer, kind);
  return buffer;
}

/** Writes the header of an empty ring into zeroed memory. */
export function formatRing(buffer: SharedArrayBuffer, kind: "audio" | "video"): void {
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const slotsMax = kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_MAX;
  const start = kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_START;
  words[Header.slots] = start;
  words[Header.slotsMax] = slotsMax;
  words[Header.slotsGranted] = start;
  // Zeroed memory would say that sequence 0 is in its place already.
  new Int32Array(buffer, slotsOffset(slotsMax), 1)[0] = ~0;
  Atomics.store(words, Header.magic, RING_MAGIC);
}

/** What control and readers may know of a ring's content. */
export interface RingDescription {
  readonly codec: CodecName | null;
  readonly fmtp: string;
  readonly rid: string;
  readonly width: number;
  readonly height: number;
  readonly packets: number;
  /** Of their payloads. */
  readonly bytes: number;
  /** A decodable group of pictures is in the ring. */
  readonly keyframeCached: boolean;
  readonly lastReceiptUs: number;
  /** The source said BYE (RFC 3550 6.6) and has sent nothing since. */
  readonly inactive: boolean;
}

assert(Slot.payload + PAYLOAD_BYTES_MAX === SLOT_BYTES, "payload fills the slot");
assert(Math.max(...Object.values(Header)) < Math.min(...Object.values(HeaderFloat)) * 2, "words");
assert(HeaderFloat.layerBytes + LAYER_POINTS === HeaderFloat.layerSeen, "then floats");
assert((HeaderFloat.layerSeen + LAYER_POINTS) * 8 === LAYER_SIZES * 4, "then layer sizes");
assert(recordsEnd(LAYER_SIZES * 4 + LAYER_SIZES_BYTES) <= KEYFRAME_INTERVAL * 4, "in its page");
assert(Slot.late + 4 === Slot.extensions, "the description ends before the extensions");
assert(LOG_OFFSET % 4096 === 0, "the log begins on a page");

function recordsEnd(begin: number): number {
  let end = begin;
  for (const { at, bytes } of Object.values(Guarded)) {
    assert(at % 4 === 0 && at === end, "then one record behind the other, in whole words");
    end = at + RECORD_HEAD_BYTES + bytes;
  }
  const { text, fmtpBytesMax, ridBytesMax } = DescriptionRecord;
  assert(text + fmtpBytesMax + ridBytesMax === Guarded.description.bytes, "a description fits");
  return end;
}
