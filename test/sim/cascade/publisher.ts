import type { RingGrant } from "../../../src/contract/source.ts";
import { Wishes } from "../../../src/intake/wishes.ts";
import { KeyframeRequests } from "../../../src/media/keyframe-requests.ts";
import { noteLayers } from "../../../src/ring/layer-totals.ts";
import { SlotFlag } from "../../../src/ring/layout.ts";
import { PacketLayers } from "../../../src/ring/packet-layers.ts";
import { RingWriter } from "../../../src/ring/writer.ts";
import type { NamedTrack } from "../../../src/wire/cascade/name.ts";
import { Codec } from "../../../src/wire/codecs.ts";

/** Frames come so often. */
export const FRAME_US = 33_333;
const KEYFRAME_US = 2_000_000;
const AUDIO_BYTES = 80;
const VIDEO_BYTES = 900;
/** A packet of each keyframe is longer than a datagram of a link takes. */
const LONG_BYTES = 1_440;

const NO_LAYERS = new PacketLayers();

/** A publisher at a node: packets of a payload that tells their numbers, in real rings. */
export class Publisher {
  readonly writers: readonly RingWriter[];
  /** Of each ring the next number. */
  readonly next: number[];
  /** Of each ring when it was asked for keyframes, on the node's clock, its packets and all their bytes. */
  readonly asked: number[][];
  readonly sent: number[];
  readonly bytes: number[];
  /** How much of both there was of each ring before its newest keyframe. */
  readonly before: { sent: number; bytes: number }[];
  /** Of a usual packet. */
  videoBytes = VIDEO_BYTES;
  /** Packets of a usual frame, by video layer; a keyframe has 4 more. */
  layerPackets: readonly number[] = [];
  /** It sends nothing, and has not left. */
  silent = false;
  readonly #keyframes: readonly KeyframeRequests[];
  readonly #wishes: Wishes;
  readonly #keyframeAt: number[];

  /** `start`: the first number of each ring. */
  constructor(
    readonly name: string,
    readonly tracks: readonly NamedTrack[],
    readonly grants: readonly RingGrant[],
    start: number,
    readers: number,
  ) {
    this.writers = grants.map(({ buffer }) => new RingWriter(buffer));
    this.next = grants.map(() => start);
    this.asked = grants.map(() => []);
    this.sent = grants.map(() => 0);
    this.bytes = grants.map(() => 0);
    this.before = grants.map(() => ({ sent: 0, bytes: 0 }));
    this.#keyframeAt = grants.map(() => 0);
    this.#keyframes = grants.map(() => new KeyframeRequests());
    const wished = this.writers.map((writer, i) => {
      const video = tracks[i]!.kind === "video";
      return { writer, keyframes: this.#keyframes[i]!, video, left: false };
    });
    this.#wishes = new Wishes(wished, readers);
    for (const [i, writer] of this.writers.entries()) {
      const { kind, fmtp, rid } = tracks[i]!;
      const video = kind === "video";
      const codec = video ? Codec.h264 : Codec.opus;
      writer.describe(codec, video ? 90_000 : 48_000, fmtp, rid ?? "");
    }
  }

  /** One frame of each video ring and a packet of audio. */
  tick(now: number): void {
    if (this.silent) return;
    this.#wishes.read(now);
    for (const [ring, { kind }] of this.tracks.entries()) {
      if (kind === "audio") this.#write(ring, now, 0, AUDIO_BYTES);
      else this.#frame(ring, now);
    }
  }

  #frame(ring: number, now: number): void {
    const keyframes = this.#keyframes[ring]!;
    const isAsked = keyframes.take(now);
    if (isAsked) this.asked[ring]!.push(now);
    const keyframe = isAsked || now >= this.#keyframeAt[ring]!;
    if (keyframe) {
      this.#keyframeAt[ring] = now + KEYFRAME_US;
      this.before[ring] = { sent: this.sent[ring]!, bytes: this.bytes[ring]! };
      keyframes.keyframe(now);
    }
    const usual = this.layerPackets[ring - 1] ?? 2;
    const packets = keyframe ? usual + 4 : usual;
    for (let i = 0; i < packets; i += 1) {
      const first = i === 0 ? SlotFlag.frameStart | (keyframe ? SlotFlag.keyframeStart : 0) : 0;
      const last = i === packets - 1 ? SlotFlag.frameEnd | SlotFlag.marker : 0;
      this.#write(ring, now, first | last, keyframe && i === 1 ? LONG_BYTES : this.videoBytes);
    }
  }

  #write(ring: number, now: number, flags: number, length: number): void {
    const writer = this.writers[ring]!;
    const sequence = this.next[ring]!;
    this.next[ring] = (sequence + 1) | 0;
    this.sent[ring] = this.sent[ring]! + 1;
    this.bytes[ring] = this.bytes[ring]! + length;
    const offset = writer.reserve(sequence);
    const video = this.tracks[ring]!.kind === "video";
    const rtp = Math.floor((now * (video ? 9 : 4.8)) / 100) >>> 0;
    const codec = video ? Codec.h264 : Codec.opus;
    writer.setDescription(offset, rtp, length, now, codec, flags, null);
    if (video) noteLayers(writer.views, NO_LAYERS, length, now);
    writer.setPayload(offset, payloadOf(ring, sequence, length), 0, length);
    writer.commit(sequence, offset);
  }
}

const HEAD_BYTES = 6;
const scratch = new Uint8Array(LONG_BYTES);

function payloadOf(ring: number, sequence: number, length: number): Uint8Array {
  const payload = scratch.subarray(0, length).fill(sequence & 0xff, HEAD_BYTES);
  new DataView(payload.buffer).setInt32(0, sequence);
  payload[4] = ring;
  payload[5] = length & 0xff;
  return payload;
}

/** Whether these bytes are what the publisher sent under this number. */
export function isPayloadOf(ring: number, sequence: number, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (
    view.getInt32(0) === sequence &&
    bytes[4] === ring &&
    bytes[5] === (bytes.length & 0xff) &&
    bytes[HEAD_BYTES] === (sequence & 0xff) &&
    bytes.at(-1) === (sequence & 0xff)
  );
}

/** Audio, and video in so many layers. */
export function tracksOf(layers: number): NamedTrack[] {
  const audio: NamedTrack = { kind: "audio", rid: null, codec: "opus", fmtp: "", channels: 2 };
  const video = Array.from(
    { length: layers },
    (_, i): NamedTrack => ({
      kind: "video",
      rid: layers === 1 ? null : `r${i}`,
      codec: "h264",
      fmtp: "packetization-mode=1",
      channels: 0,
    }),
  );
  return [audio, ...video];
}
