/** One pass through a file: the frames of its tracks by time, each checked and formed. */
import type { EncodedPacket } from "mediabunny";
import type { MediaKind } from "../wire/codecs.ts";
import type { MediaFrame } from "./media.ts";
import { opusParts } from "./opus-form.ts";
import { PAYLOAD_BYTES_MAX } from "./rtp-track.ts";
import { microseconds, type SendableTrack, TIME_ROUNDING_US } from "./sendable-track.ts";

/** A frame that cannot be sent. */
export interface RefusedFrame {
  readonly kind: MediaKind;
  readonly timeUs: number;
  readonly refused: string;
}

export type PlaybackItem = MediaFrame | RefusedFrame;

export const OUT_OF_ORDER = "its time is not after that of the frame before it";
const BUILDS_ON_REFUSED = "it builds on a frame that was left out";

/** A keyframe of 4K at 50 Mb/s has 2 MB; what is larger is a broken size. */
const FRAME_BYTES_MAX = 8 * 2 ** 20;
/** An encoder's priming (Opus pre-skip): sound that leads by less begins before time 0. */
export const LEAD_MAX_US = 100_000;
/** Sound that is this much longer than the picture ends in its last packet, and is cut there. */
const TAIL_MAX_US = 100_000;

export class FilePass {
  readonly #tracks: readonly TrackFrames[];

  /** `fromUs`, a time of the file, begins at the keyframe in front of it. */
  constructor(
    tracks: readonly SendableTrack[],
    private readonly fromUs: number | null,
  ) {
    this.#tracks = tracks.map((track) => new TrackFrames(track));
  }

  /** Where the pass ends, a time of the file; valid once all items were taken. */
  get endUs(): number {
    const video = this.#tracks.find(({ kind }) => kind === "video");
    const audio = this.#tracks.find(({ kind }) => kind === "audio");
    if (video === undefined || audio === undefined) return (video ?? audio)!.endUs;
    return audio.endUs <= tailOf(video, audio) ? video.endUs : Math.max(video.endUs, audio.endUs);
  }

  /** Times are those of the file. */
  async *items(): AsyncGenerator<PlaybackItem> {
    await this.#seek();
    const streams = this.#tracks.map((track) => track.items());
    try {
      yield* this.#cutTail(merge(streams));
    } finally {
      await Promise.all(streams.map((stream) => stream.return(undefined)));
    }
  }

  async #seek(): Promise<void> {
    if (this.fromUs === null) return;
    let seconds = this.fromUs / 1e6;
    // The picture first: sound begins with the keyframe that was found.
    for (const track of [...this.#tracks].sort((a, b) => (a.kind < b.kind ? 1 : -1))) {
      seconds = (await track.seek(seconds)) ?? seconds;
    }
  }

  /** Sound behind the picture's end is held until it is known to go on for longer. */
  async *#cutTail(items: AsyncGenerator<PlaybackItem>): AsyncGenerator<PlaybackItem> {
    const video = this.#tracks.find(({ kind }) => kind === "video");
    const audio = this.#tracks.find(({ kind }) => kind === "audio");
    const held: PlaybackItem[] = [];
    for await (const item of items) {
      if (video === undefined || audio === undefined || item.kind === "video") {
        yield item;
      } else if (!video.done || item.timeUs < cutOf(video, audio)) {
        yield item;
      } else {
        held.push(item);
        if (audio.endUs > tailOf(video, audio)) yield* held.splice(0);
      }
    }
  }
}

/** Where sound of the same length as the picture ends. */
function cutOf(video: TrackFrames, audio: TrackFrames): number {
  const offset = audio.firstUs - video.firstUs;
  return video.endUs + (offset < -LEAD_MAX_US ? 0 : offset);
}

function tailOf(video: TrackFrames, audio: TrackFrames): number {
  return cutOf(video, audio) + TAIL_MAX_US;
}

/** The frames of one track. */
class TrackFrames {
  readonly kind: MediaKind;
  readonly firstUs: number;
  /** End of the last frame so far. */
  endUs = Number.NEGATIVE_INFINITY;
  done = false;
  #start: EncodedPacket | undefined;
  #lastUs = Number.NEGATIVE_INFINITY;
  #stepUs = 0;
  /** What video frames up to the next keyframe are refused for; null when they are fine. */
  #broken: string | null = null;

  constructor(private readonly track: SendableTrack) {
    this.kind = track.kind;
    this.firstUs = track.firstUs;
  }

  /** Begins at the keyframe in front of a time in seconds; returns its time, null without one. */
  async seek(seconds: number): Promise<number | null> {
    const { sink, kind } = this.track;
    const found = await (kind === "video" ? sink.getKeyPacket(seconds) : sink.getPacket(seconds));
    this.#start = found ?? undefined;
    return found?.timestamp ?? null;
  }

  async *items(): AsyncGenerator<PlaybackItem> {
    this.track.form?.reset();
    // Nothing can be decoded before the first keyframe, and nobody misses it.
    let leading = this.kind === "video";
    for await (const packet of this.track.sink.packets(this.#start)) {
      const timeUs = this.#timeOf(packet);
      for (const item of timeUs === null ? [this.#disorder(packet)] : this.#form(packet, timeUs)) {
        if (leading && !("key" in item && item.key)) continue;
        leading = false;
        yield item;
      }
    }
    this.done = true;
  }

  /** Null when it is not after the last one. */
  #timeOf(packet: EncodedPacket): number | null {
    const us = microseconds(packet.timestamp);
    if (us <= this.#lastUs - TIME_ROUNDING_US) return null;
    // Two frames of one millisecond: the second a little later, so that each has a time of its own.
    const timeUs = Math.max(us, this.#lastUs + TIME_ROUNDING_US / 10);
    const durationUs = microseconds(packet.duration);
    if (durationUs > 0) this.#stepUs = durationUs;
    else if (Number.isFinite(this.#lastUs)) this.#stepUs = timeUs - this.#lastUs;
    this.#lastUs = timeUs;
    this.endUs = timeUs + this.#stepUs;
    return timeUs;
  }

  #disorder(packet: EncodedPacket): RefusedFrame {
    this.#broken = BUILDS_ON_REFUSED;
    return { kind: this.kind, timeUs: microseconds(packet.timestamp), refused: OUT_OF_ORDER };
  }

  #form(packet: EncodedPacket, timeUs: number): readonly PlaybackItem[] {
    const { kind } = this;
    const { form } = this.track;
    if (packet.data.length > FRAME_BYTES_MAX) {
      this.#broken = BUILDS_ON_REFUSED;
      const refused = `it has ${packet.data.length} bytes, ${FRAME_BYTES_MAX} are allowed`;
      return [{ kind, timeUs, refused }];
    }
    if (form === null) {
      const parts = opusParts(packet.data, PAYLOAD_BYTES_MAX);
      if (typeof parts === "string") return [{ kind, timeUs, refused: parts }];
      return parts.map(({ data, offsetUs }) => ({
        kind,
        timeUs: timeUs + offsetUs,
        data,
        key: true,
      }));
    }
    const formed = form.form(packet.data, packet.type === "key");
    if (typeof formed === "string") {
      this.#broken = BUILDS_ON_REFUSED;
      return [{ kind, timeUs, refused: formed }];
    }
    if (formed.key) this.#broken = null;
    if (this.#broken !== null) return [{ kind, timeUs, refused: this.#broken }];
    return [{ kind, timeUs, ...formed }];
  }
}

/** Frames of all tracks by time. */
async function* merge(
  tracks: readonly AsyncGenerator<PlaybackItem>[],
): AsyncGenerator<PlaybackItem> {
  const heads = await Promise.all(tracks.map((track) => track.next()));
  for (;;) {
    let earliest = -1;
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const best = earliest < 0 ? null : heads[earliest]!;
      if (best === null || head.value.timeUs < best.value.timeUs) earliest = index;
    }
    if (earliest < 0) return;
    yield heads[earliest]!.value;
    heads[earliest] = await tracks[earliest]!.next();
  }
}
