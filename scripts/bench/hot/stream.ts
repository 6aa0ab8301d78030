/** One publisher's rings as ingest fills them, from the load tool's synthetic source. */
import type { RingGrant, StreamSource } from "../../../src/contract/source.ts";
import { VIDEO_SLOTS_MAX } from "../../../src/limits.ts";
import type { SourcePlan } from "../../../src/load/options.ts";
import { DuePacket, SyntheticSource } from "../../../src/load/synthetic-source.ts";
import { createRing, Header, SlotFlag } from "../../../src/ring/layout.ts";
import { NO_SLOT, RingWriter } from "../../../src/ring/writer.ts";
import { Codec } from "../../../src/wire/codecs.ts";

const H264_FMTP = "packetization-mode=1;profile-level-id=42e01f";
const PAYLOAD = new Uint8Array(2048).fill(0x55);
/** Packets remembered for feedback: seconds. A power of two. */
const ARRIVALS = 8192;
/** One way to the viewer, us. */
const PATH_US = 20_000;

/** One at a time. */
const due = new DuePacket();

export class HotStream {
  /** Packets so far: also the next transport-cc number, modulo 2^16, of whoever was sent them all. */
  packets = 0;
  /** When they arrived at the viewers, by that number: for feedback. */
  readonly arrivals = { us: new Float64Array(ARRIVALS).fill(-1) };
  readonly source: StreamSource;
  /** How many came into each ring in the last `put`. */
  audioCame = 0;
  videoCame = 0;
  readonly #source: SyntheticSource;
  readonly #audio: HotRing;
  readonly #video: HotRing;

  /** `index` of `streams`, whose phases are spread over a frame's time; `start`: when it begins, us. */
  constructor(
    plan: SourcePlan,
    readonly index: number,
    streams: number,
    private readonly start: number,
  ) {
    this.#source = new SyntheticSource(plan, Math.round((index * 1e6) / plan.fps / streams));
    this.#audio = new HotRing("audio", 2 * index);
    this.#video = new HotRing("video", 2 * index + 1);
    this.source = { epoch: index + 1, audio: this.#audio.grant, video: [this.#video.grant] };
  }

  get audioRing(): number {
    return this.#audio.grant.index;
  }

  get videoRing(): number {
    return this.#video.grant.index;
  }

  /** Writes what is due at `now`. */
  put(now: number): void {
    this.audioCame = 0;
    this.videoCame = 0;
    while (this.#source.nextDueUs <= now - this.start) {
      this.#source.take(due);
      const video = due.kind === "video";
      if (video) this.videoCame += 1;
      else this.audioCame += 1;
      (video ? this.#video : this.#audio).put(due, this.start + due.dueUs);
      this.arrivals.us[this.packets % ARRIVALS] = now + PATH_US;
      this.packets += 1;
    }
  }
}

class HotRing {
  readonly grant: RingGrant;
  readonly #writer: RingWriter;
  readonly #clockRate: number;
  #sequence = 1000;

  constructor(
    private readonly kind: "audio" | "video",
    index: number,
  ) {
    const audio = kind === "audio";
    this.grant = { index, buffer: createRing(kind), writer: 0 };
    this.#writer = new RingWriter(this.grant.buffer);
    if (!audio) this.#writer.setWord(Header.slotsGranted, VIDEO_SLOTS_MAX);
    this.#clockRate = audio ? 48_000 : 90_000;
    const codec = audio ? Codec.opus : Codec.h264;
    this.#writer.describe(codec, this.#clockRate, audio ? "" : H264_FMTP, "");
  }

  /** Flags as ingest finds them in such payloads; the parameter sets before a keyframe are left out. */
  put(packet: Readonly<DuePacket>, arrival: number): void {
    const writer = this.#writer;
    const video = this.kind === "video";
    const offset = writer.reserve(this.#sequence);
    if (offset === NO_SLOT) throw new Error("a ring takes its writer's next packet");
    let flags = 0;
    if (packet.index === 0) flags |= SlotFlag.frameStart;
    if (packet.last) flags |= SlotFlag.frameEnd;
    if (video && packet.last) flags |= SlotFlag.marker;
    if (video && packet.keyframe && packet.index === 0) flags |= SlotFlag.keyframeStart;
    const timestamp = Math.round((packet.timeUs * this.#clockRate) / 1e6) >>> 0;
    const codec = video ? Codec.h264 : Codec.opus;
    writer.setDescription(offset, timestamp, packet.bytes, arrival, codec, flags, null);
    writer.setPayload(offset, PAYLOAD, 0, packet.bytes);
    writer.commit(this.#sequence, offset);
    this.#sequence = (this.#sequence + 1) | 0;
  }
}
