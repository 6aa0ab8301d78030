/** When a synthetic stream sends packets of which size. Pure arithmetic; nothing is sent here. */
import type { SourcePlan } from "./options.ts";
import { STAMP_BYTES, STAMP_PACKETS_MAX } from "./stamp.ts";

/** One packet to send. Reused. */
export class DuePacket {
  kind: "audio" | "video" = "video";
  /** Media time since the source began, us: of the frame. */
  timeUs = 0;
  /** When it leaves, on the same line. */
  dueUs = 0;
  bytes = 0;
  frame = 0;
  index = 0;
  count = 0;
  keyframe = false;
  get last(): boolean {
    return this.index === this.count - 1;
  }
}

const AUDIO_FRAME_US = 20_000;
/** 32 kb/s of Opus. */
const AUDIO_BYTES = 80;
/** NAL header, first byte of the slice header, stamp. */
export const VIDEO_BYTES_MIN = 2 + STAMP_BYTES;

export class SyntheticSource {
  readonly #plan: SourcePlan;
  readonly #gop: number;
  readonly #deltaBytes: number;
  #frame = 0;
  #index = 0;
  #count = 0;
  #bytes = 0;
  #frameTimeUs = 0;
  #nextTimeUs: number;
  #keyframe = false;
  #sinceKeyframe: number;
  #audioFrame = 0;
  #audioTimeUs: number;

  /** `phaseUs` shifts the frames, so that many streams do not send at the same moment. */
  constructor(plan: SourcePlan, phaseUs: number) {
    this.#plan = plan;
    this.#gop = Math.max(1, Math.round(plan.fps * plan.gopSeconds));
    this.#sinceKeyframe = this.#gop;
    const frameBytes = plan.bitrate / 8 / plan.fps;
    this.#deltaBytes = (frameBytes * this.#gop) / (this.#gop - 1 + plan.keyframeRatio);
    this.#nextTimeUs = plan.video ? phaseUs : Number.POSITIVE_INFINITY;
    this.#audioTimeUs = plan.audio ? phaseUs : Number.POSITIVE_INFINITY;
    this.#beginFrame();
  }

  /** When the next packet leaves, us since the start. */
  get nextDueUs(): number {
    return Math.min(this.#videoDueUs, this.#audioTimeUs);
  }

  /** The next frame is a keyframe (a PLI came), unless one has just begun. */
  requestKeyframe(): void {
    this.#sinceKeyframe = this.#gop;
  }

  /** Takes the next packet. */
  take(out: DuePacket): void {
    if (this.#audioTimeUs < this.#videoDueUs) this.#takeAudio(out);
    else this.#takeVideo(out);
  }

  /** The sender was suspended: goes on at `us` instead of hurrying after. */
  skipTo(us: number): void {
    const late = us - this.nextDueUs;
    this.#nextTimeUs += late;
    this.#frameTimeUs += late;
    this.#audioTimeUs += late;
  }

  get #videoDueUs(): number {
    return this.#frameTimeUs + (this.#plan.spreadUs * this.#index) / this.#count;
  }

  #takeAudio(out: DuePacket): void {
    out.kind = "audio";
    out.timeUs = out.dueUs = this.#audioTimeUs;
    out.bytes = AUDIO_BYTES;
    out.frame = this.#audioFrame;
    out.index = 0;
    out.count = 1;
    out.keyframe = false;
    this.#audioFrame += 1;
    this.#audioTimeUs += AUDIO_FRAME_US;
  }

  #takeVideo(out: DuePacket): void {
    out.kind = "video";
    out.timeUs = this.#frameTimeUs;
    out.dueUs = this.#videoDueUs;
    // Equal parts, the last one shorter: what encoders' packetizers make.
    const size = Math.ceil(this.#bytes / this.#count);
    out.bytes = Math.max(
      VIDEO_BYTES_MIN,
      this.#index === this.#count - 1 ? this.#bytes - size * (this.#count - 1) : size,
    );
    out.frame = this.#frame;
    out.index = this.#index;
    out.count = this.#count;
    out.keyframe = this.#keyframe;
    this.#index += 1;
    if (this.#index < this.#count) return;
    this.#frame += 1;
    this.#beginFrame();
  }

  #beginFrame(): void {
    const { fps, keyframeRatio, packetBytes } = this.#plan;
    this.#keyframe = this.#sinceKeyframe >= this.#gop;
    this.#sinceKeyframe = this.#keyframe ? 1 : this.#sinceKeyframe + 1;
    this.#bytes = Math.round(this.#deltaBytes * (this.#keyframe ? keyframeRatio : 1));
    this.#bytes = Math.max(VIDEO_BYTES_MIN, this.#bytes);
    this.#count = Math.min(STAMP_PACKETS_MAX, Math.ceil(this.#bytes / packetBytes));
    this.#index = 0;
    this.#frameTimeUs = this.#nextTimeUs;
    this.#nextTimeUs += 1e6 / fps;
  }
}
