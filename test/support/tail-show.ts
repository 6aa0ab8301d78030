/** A publisher, the looks of a packager and a rendition, in virtual time. */

import { Ensemble } from "../../src/packager/ensemble.ts";
import type { AudioFormat, VideoFormat } from "../../src/packager/format.ts";
import type { Frame } from "../../src/packager/frames/frame.ts";
import { KeyframeWishes } from "../../src/packager/keyframe-wishes.ts";
import { Names } from "../../src/packager/names.ts";
import type { Init, Part, Run, Segment } from "../../src/packager/part.ts";
import { Playlist } from "../../src/packager/playlist.ts";
import { Rendition } from "../../src/packager/rendition.ts";
import { NO_NUMBERS } from "../../src/packager/segments.ts";
import { Timeline } from "../../src/packager/timeline.ts";
import { PlaylistRules } from "./playlist-rules.ts";
import { seeded } from "./random.ts";

/** When a show begins: wall clock, us. */
export const BEGAN_US = 1_790_000_000_123_000;
export const LOOK_US = 20_000;
const SILENCE = new Uint8Array([0xf8, 0xff, 0xfe]);
const AUDIO: AudioFormat = { codec: "opus", channels: 2 };

export interface ShowOptions {
  readonly seed?: number;
  /** Pictures a second; 0 for none. */
  readonly fps?: number;
  /** Share of a picture's time by which its capture moves. */
  readonly jitter?: number;
  readonly audio?: boolean;
  /** us from a keyframe request to the capture of a keyframe; null: never answered. */
  readonly answerUs?: number | null;
  /** Keyframes that come by themselves. */
  readonly keyframeEvery?: number | null;
  /** Least and most us from capture to arrival. */
  readonly delay?: readonly [number, number];
  readonly targetDurationUs?: number;
  readonly partTargetUs?: number;
}

/** A part with what was written into it. */
export interface ShownPart extends Part {
  readonly runs: readonly Run[];
}

interface Coming {
  readonly at: number;
  readonly sound: boolean;
  readonly frame: Frame;
}

export class Show {
  readonly rules = new PlaylistRules();
  readonly inits: Init[] = [];
  readonly segments: Segment[] = [];
  /** Segments that had to begin without a keyframe. */
  get forced(): number {
    return this.segments.filter(({ independent }) => !independent).length;
  }

  readonly parts: ShownPart[] = [];
  /** When each part came, us. */
  readonly cameAt: number[] = [];
  readonly rendition: Rendition;
  readonly playlist: Playlist;
  now = BEGAN_US;
  asked = 0;
  /** Added to the wall clock that the pairs tell, us. */
  mapErrorUs = 0;
  /** Pictures take this much longer than before, us. */
  pictureDelayUs = 0;
  /** What is captured now is lost on its way. */
  losesPictures = false;
  losesSound = false;
  format: VideoFormat = formatOf(640);
  readonly #ensemble = new Ensemble();
  readonly #wishes = new KeyframeWishes();
  #wantsKey = true;
  #keyAt = Number.POSITIVE_INFINITY;
  #pictureAt = BEGAN_US;
  #soundAt = BEGAN_US;
  #picturesSent = 0;
  #lastFormat: VideoFormat | null = null;
  #coming: Coming[] = [];
  #runs: readonly Run[] = [];
  #pictures: Timeline | null = null;
  #sound: Timeline | null = null;
  #rtpStart = 0xffff_8000;
  readonly #random: () => number;
  readonly #options: Required<ShowOptions>;

  constructor(options: ShowOptions = {}) {
    this.#options = {
      ...{ seed: 1, fps: 30, jitter: 0, audio: true, answerUs: 100_000, keyframeEvery: null },
      ...{ delay: [20_000, 40_000], targetDurationUs: 3_000_000, partTargetUs: 500_000 },
      ...options,
    };
    this.#random = seeded(this.#options.seed);
    const { partTargetUs, targetDurationUs } = this.#options;
    const names = new Names("5e55", 0);
    const windowUs = 30_000_000;
    const playlist = { names, partTargetUs, targetDurationUs, windowUs, dvr: false };
    this.playlist = new Playlist(playlist);
    const writer = {
      init: () => new Uint8Array(1),
      fragment: (_: number, runs: readonly Run[]) => {
        this.#runs = runs;
        return new Uint8Array(1);
      },
    };
    const sink = this.#sink();
    const ensemble = this.#ensemble;
    const from = NO_NUMBERS;
    this.rendition = new Rendition({
      partTargetUs,
      targetDurationUs,
      writer,
      sink,
      ensemble,
      from,
    });
    this.newEpoch();
  }

  /** The publisher comes, or comes back with other numbers. */
  newEpoch(): void {
    const { fps, audio } = this.#options;
    const zeroUs = BEGAN_US - 10_000_000;
    this.#pictures = fps > 0 ? new Timeline(90_000, zeroUs) : null;
    this.#sound = audio ? new Timeline(48_000, zeroUs) : null;
    const sound =
      this.#sound === null ? null : { format: AUDIO, timeline: this.#sound, silence: SILENCE };
    this.#ensemble.newEpoch();
    this.rendition.begin({ pictures: this.#pictures, sound }, this.now);
    this.#pictureAt = this.now;
    this.#soundAt = this.now;
    this.#coming = [];
    this.#wantsKey = true;
    this.#lastFormat = null;
  }

  /** The publisher's timestamps go on from somewhere else. */
  jump(ticks: number): void {
    this.#rtpStart = (this.#rtpStart + ticks) >>> 0;
  }

  /** Nothing runs for so long, and what was sent meanwhile is gone. */
  sleep(seconds: number): void {
    this.now += seconds * 1e6;
    this.#pictureAt = this.now;
    this.#soundAt = this.now;
    this.#coming = [];
  }

  /** `seconds` of the publisher, and the looks meanwhile; then the playlist's text. */
  run(seconds: number, publishing = true): string {
    const end = this.now + seconds * 1e6;
    while (this.now < end) {
      this.now += LOOK_US;
      if (publishing) this.#capture();
      this.#look();
    }
    return this.playlist.render();
  }

  end(): string {
    this.rendition.end(this.now);
    return this.#render();
  }

  #look(): void {
    const { now, mapErrorUs } = this;
    this.#pictures?.note(this.#rtp(now, 90_000), now + mapErrorUs);
    this.#sound?.note(this.#rtp(now, 48_000), now + mapErrorUs);
    const due = this.#coming.filter(({ at }) => at <= now);
    this.#coming = this.#coming.filter(({ at }) => at > now);
    for (const { sound, frame } of due) {
      if (sound) this.rendition.sound(frame);
      else this.rendition.picture(frame);
    }
    const known = this.parts.length;
    this.rendition.tick(now);
    if (this.parts.length > known) this.#render();
    const { answerUs } = this.#options;
    const lacks = () => this.rendition.lacksKeyframe;
    if (this.#wishes.turn([this.rendition], lacks, this.#ensemble.segmentUs, now).length === 0)
      return;
    this.asked += 1;
    if (answerUs !== null) this.#keyAt = Math.min(this.#keyAt, now + answerUs);
  }

  #render(): string {
    const text = this.playlist.render();
    this.rules.check(text, this.now);
    return text;
  }

  #capture(): void {
    const { fps, audio, keyframeEvery, jitter } = this.#options;
    for (; fps > 0 && this.#pictureAt <= this.now; this.#pictureAt += 1e6 / fps) {
      const at = this.#pictureAt + (this.#random() * jitter * 1e6) / fps;
      if (at >= this.#keyAt) this.#wantsKey = true;
      if (keyframeEvery !== null && this.#picturesSent % keyframeEvery === 0) this.#wantsKey = true;
      this.#picturesSent += 1;
      if (!this.losesPictures) this.#sendPicture(at);
    }
    for (; audio && this.#soundAt <= this.now; this.#soundAt += 20_000) {
      if (!this.losesSound) this.#send(this.#soundAt, true, null);
    }
  }

  #sendPicture(at: number): void {
    const key = this.#wantsKey || this.format !== this.#lastFormat;
    if (key) {
      this.#wantsKey = false;
      this.#keyAt = Number.POSITIVE_INFINITY;
      this.#lastFormat = this.format;
    }
    this.#send(at, false, key ? this.format : null);
  }

  #send(capturedAt: number, sound: boolean, format: VideoFormat | null): void {
    const [least, most] = this.#options.delay;
    const newest = this.#coming.findLast((coming) => coming.sound === sound)?.at ?? 0;
    const delay = least + this.#random() * (most - least) + (sound ? 0 : this.pictureDelayUs);
    const at = Math.max(newest, capturedAt + delay);
    const frame: Frame = {
      timestamp: this.#rtp(capturedAt, sound ? 48_000 : 90_000),
      arrivalUs: at,
      key: sound || format !== null,
      data: new Uint8Array(2),
      format,
      samples: sound ? 960 : 0,
    };
    this.#coming.push({ at, sound, frame });
  }

  #rtp(us: number, rate: number): number {
    return (this.#rtpStart + Math.round(((us - BEGAN_US) * rate) / 1e6)) >>> 0;
  }

  #sink() {
    const { playlist } = this;
    return {
      init: (init: Init) => void this.inits.push(init),
      segment: (segment: Segment) => {
        this.segments.push(segment);
        playlist.segment(segment);
      },
      part: (part: Part) => {
        this.parts.push({ ...part, runs: this.#runs });
        this.cameAt.push(this.now);
        playlist.part(part);
      },
      segmentEnd: () => playlist.segmentEnd(),
      end: () => playlist.end(),
    };
  }
}

export function formatOf(width: number): VideoFormat {
  const config = new Uint8Array(4);
  return { codec: "h264", codecs: "avc1.42c01f", width, height: (width * 9) / 16, config };
}
