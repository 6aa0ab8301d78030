/** A publisher's rings and a Packager that reads them, in virtual time; what it makes is kept, and held to the rules. */
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { WorkerCommand } from "../../src/contract/messages.ts";
import type { StreamSource } from "../../src/contract/source.ts";
import type { TailEvent, TailNews } from "../../src/contract/tail.ts";
import { Wishes } from "../../src/intake/wishes.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { Packager } from "../../src/packager/packager.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { NTP_EPOCH_US } from "../../src/wire/ntp.ts";
import { KEY, sourceOf, Track, WALL_OFFSET_US } from "../egress/harness.ts";
import { seeded } from "../support/random.ts";
import { RenditionRules } from "../support/rendition-rules.ts";
import type { Encoded } from "./encoded.ts";
import { CACHED, frameOf, PPS, packetsOf, SPS, slice } from "./h264-packets.ts";

export const READER = 1;
/** All ends of a shown file are of this tail. */
export const EDITION = "ab".repeat(16);
export const STREAM = 7;
export type TailCut = Extract<TailEvent, { readonly type: "tail-cut" }>;

const TICK_US = 10_000;
/** RTP times of each layer begin elsewhere. */
const LAYER_TICKS = 1_000_000;
const REPORT_US = 1_000_000;
export const OPUS = Uint8Array.of(0xfc, 1, 2, 3);

export interface PublisherOptions {
  readonly seed?: number;
  readonly fps?: number;
  /** us between keyframes that come by themselves; null: only when asked for. */
  readonly keyframeEveryUs?: number | null;
  /** us from a wish to the keyframe; null: wishes are ignored. */
  readonly answerUs?: number | null;
  readonly pictures?: boolean;
  readonly sound?: boolean;
  readonly frameBytes?: number;
  readonly layers?: number;
  /** What its clock is off by, as its sender reports tell, us; null: it sends none. */
  readonly clockOffUs?: number | null;
  /** A layer that is asked for a keyframe gives it alone. */
  readonly alone?: boolean;
  /** Wishes become requests as in ingest, which tells what comes of them; or else nothing is told. */
  readonly asked?: boolean;
  /** Pictures that an encoder made, over and over, in place of such that no decoder takes. */
  readonly encoded?: Encoded | null;
}

/** A packet as another node gets it. */
export interface RelayedPacket {
  /** The layer; null for sound. */
  readonly place: number | null;
  readonly sequence: number;
  readonly timestamp: number;
  readonly arrivalUs: number;
  readonly payload: Uint8Array;
  readonly flags: number;
}

/** Puts pictures and sound into rings of its own, as time passes. */
export class RingPublisher {
  readonly video: readonly Track[];
  readonly audio: Track | null;
  readonly source: StreamSource;
  /** Packets of pictures, by origin sequence, that do not come, or at a time of their own (us). */
  readonly lost = new Set<number>();
  readonly late = new Map<number, number>();
  /** Layers from which nothing comes any more. */
  readonly silent = new Set<Track>();
  soundIsSilent = false;
  /** Next origin sequence of a layer, of the sound. */
  readonly next: number[];
  nextSound = 50;
  keyframes = 0;
  /** The next packet of pictures begins another numbering. */
  discontinuity = false;
  /** Added to the RTP times of pictures, ticks. */
  jump = 0;
  /** Another encoder may take over; its ring is to be described anew. */
  encoded: Encoded | null;
  /** All that lies in its rings goes on to others. */
  relayed: (packet: RelayedPacket) => void = () => {};
  #waiting: { at: number; put: () => void }[] = [];
  #pictureAt: number;
  #soundAt: number;
  /** By layer. */
  readonly #keyAt: number[];
  readonly #heard: number[];
  readonly #requests: readonly KeyframeRequests[];
  readonly #wishes: Wishes;
  #reportAt: number;
  #shown = 0;
  readonly #random: () => number;
  readonly #options: Required<PublisherOptions>;

  constructor(
    readonly startUs: number,
    options: PublisherOptions = {},
  ) {
    const all = { seed: 1, fps: 30, keyframeEveryUs: null, answerUs: 60_000, layers: 1 };
    const media = { pictures: true, sound: true, frameBytes: 3000 };
    const none = { alone: false, asked: false, clockOffUs: null, encoded: null };
    this.#options = { ...all, ...media, ...none, ...options };
    const { pictures, sound, layers, seed, encoded } = this.#options;
    this.encoded = encoded;
    this.video = Array.from(
      { length: pictures ? layers : 0 },
      () => new Track("video", encoded?.codec ?? Codec.h264),
    );
    this.audio = sound ? new Track("audio") : null;
    this.source = sourceOf({ audio: this.audio, video: this.video });
    this.next = this.video.map(() => 100);
    this.#random = seeded(seed);
    this.#pictureAt = startUs;
    this.#soundAt = startUs;
    this.#keyAt = this.video.map(() => startUs);
    this.#heard = this.video.map(() => 0);
    this.#reportAt = startUs + REPORT_US;
    this.#requests = this.video.map(() => new KeyframeRequests());
    this.#wishes = new Wishes(
      this.video.map(({ writer }, layer) => {
        return { writer, keyframes: this.#requests[layer]!, video: true, left: false };
      }),
      READER + 1,
    );
  }

  /** Keyframe requests that have reached it. */
  get requests(): number {
    return this.#requests.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Keyframe wishes in all rings so far, by reason. */
  wishes(why: "join" | "segment" | "failure"): number {
    return this.video.reduce(
      (sum, { writer }) => sum + writer.keyframeRequests(READER + 1, why),
      0,
    );
  }

  /** Somebody else wishes for a keyframe. */
  ask(): void {
    for (const requests of this.#requests) requests.want("join");
  }

  /** All that is captured until `now`. */
  pass(now: number): void {
    this.#hear(now);
    const { fps, keyframeEveryUs } = this.#options;
    for (; this.video.length > 0 && this.#pictureAt <= now; this.#pictureAt += 1e6 / fps) {
      let keys = 0;
      for (const [layer, track] of this.video.entries()) {
        if (this.silent.has(track)) {
          // As encoders do: the first one after a pause is a keyframe.
          this.#keyAt[layer] = this.#pictureAt;
          continue;
        }
        const key = this.#encoded?.key ?? this.#pictureAt >= this.#keyAt[layer]!;
        if (key) {
          this.#keyAt[layer] =
            keyframeEveryUs === null
              ? Number.POSITIVE_INFINITY
              : this.#keyAt[layer]! + keyframeEveryUs;
          keys += 1;
        }
        this.#picture(layer, key, now);
      }
      if (keys > 0) this.keyframes += 1;
      this.#shown += 1;
    }
    for (; this.#soundAt <= now; this.#soundAt += 20_000) {
      if (this.audio !== null && !this.soundIsSilent) this.#sound(now);
    }
    for (; this.#reportAt <= now; this.#reportAt += REPORT_US) this.#report();
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    for (const { put } of due) put();
  }

  /** Passes over time: nothing is captured, as if its machine had slept. */
  skip(now: number): void {
    this.#pictureAt = Math.max(this.#pictureAt, now);
    this.#soundAt = Math.max(this.#soundAt, now);
  }

  #hear(now: number): void {
    const { answerUs, alone, asked: isAsked } = this.#options;
    if (isAsked) this.#wishes.read(now);
    const asked = this.video.map(({ writer }, layer) => {
      if (isAsked) return this.#requests[layer]!.take(now);
      const heard = this.#heard[layer]!;
      const reasons = ["join", "segment", "failure"] as const;
      this.#heard[layer] = reasons.reduce(
        (sum, why) => sum + writer.keyframeRequests(READER + 1, why),
        0,
      );
      return this.#heard[layer] > heard;
    });
    if (answerUs === null) return;
    for (const layer of this.video.keys()) {
      if (!(alone ? asked[layer] : asked.includes(true))) continue;
      this.#keyAt[layer] = Math.min(this.#keyAt[layer]!, now + answerUs);
    }
  }

  /** What the encoder made of the present picture. */
  get #encoded(): Encoded["frames"][number] | null {
    const frames = this.encoded?.frames;
    return frames?.[this.#shown % frames.length] ?? null;
  }

  #frame(key: boolean): Uint8Array {
    if (this.#encoded !== null) return this.#encoded.data;
    const body = slice(key ? "idr" : "delta", this.#options.frameBytes, this.#random);
    return key ? frameOf(SPS, PPS, body) : frameOf(body);
  }

  #picture(layer: number, key: boolean, now: number): void {
    const frame = this.#frame(key);
    const start = layer * LAYER_TICKS + this.jump;
    const timestamp = Math.round(((this.#pictureAt - this.startUs) * 90) / 1000) + start;
    if (key) this.#requests[layer]!.keyframe(now);
    if (key && this.encoded === null) this.video[layer]!.writer.setParameterSets(CACHED);
    const packets = packetsOf(frame, timestamp, 1170, this.video[layer]!.codec);
    for (const [i, { payload, flags }] of packets.entries()) {
      let first = i === 0 ? (key ? KEY : SlotFlag.frameStart) : 0;
      if (this.discontinuity) first |= SlotFlag.discontinuity;
      this.discontinuity = false;
      this.#send(this.video[layer]!, this.next[layer]!, timestamp, now, payload, flags | first);
      this.next[layer]! += 1;
    }
  }

  /** Sender reports of both. */
  #report(): void {
    const { clockOffUs } = this.#options;
    if (clockOffUs === null) return;
    const at = this.#reportAt;
    const ntpUs = at + WALL_OFFSET_US + NTP_EPOCH_US + clockOffUs;
    const tell = ({ writer, clockRate }: Track, start: number): void => {
      const ticks = Math.round(((at - this.startUs) * clockRate) / 1e6) + start;
      writer.setTiming(ticks >>> 0, ntpUs, at);
    };
    for (const [layer, track] of this.video.entries()) tell(track, layer * LAYER_TICKS);
    if (this.audio !== null) tell(this.audio, 0);
  }

  #sound(now: number): void {
    const timestamp = Math.round(((this.#soundAt - this.startUs) * 48) / 1000);
    this.#send(this.audio!, this.nextSound, timestamp, now, OPUS, SlotFlag.marker);
    this.nextSound += 1;
  }

  #send(
    track: Track,
    sequence: number,
    timestamp: number,
    now: number,
    payload: Uint8Array,
    flags: number,
  ): void {
    const isPicture = track !== this.audio;
    if (isPicture && this.lost.has(sequence)) return;
    const at = isPicture ? (this.late.get(sequence) ?? now) : now;
    const put = (): void => {
      track.put(sequence, timestamp, at, { payload, flags });
      const place = isPicture ? this.video.indexOf(track) : null;
      this.relayed({ place, sequence, timestamp, arrivalUs: at, payload, flags });
    };
    if (at <= now) put();
    else this.#waiting.push({ at, put });
  }
}

/** One stream's packager with whoever publishes, and all that it told control. */
export class Broadcast {
  now = 100_000_000;
  publisher: RingPublisher;
  readonly events: TailEvent[] = [];
  /** How it was cut, for other nodes. */
  readonly cuts: TailCut[] = [];
  readonly failures: unknown[] = [];
  readonly wished: number[] = [];
  readonly files = new Map<string, Uint8Array>();
  readonly rules = new RenditionRules();
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly packager: Packager;
  /** The publisher goes on, and the packager looks. */
  publishes = true;
  looks = true;
  gzip: (text: string) => Uint8Array<ArrayBuffer> = () => new Uint8Array(0);

  constructor(options: PublisherOptions = {}) {
    this.publisher = new RingPublisher(this.now, options);
    this.packager = new Packager({
      reader: READER,
      wish: ({ index }) => this.wished.push(index),
      tell: (event) => this.#take(event),
      failed: (error) => this.failures.push(error),
      gzip: (text) => this.gzip(text),
      // Clocks are not in step with each other.
      wallOffsetUs: WALL_OFFSET_US + 0.375,
      counters: this.counters,
    });
  }

  get wallUs(): number {
    return this.now + WALL_OFFSET_US;
  }

  /** Of the highest layer. */
  get news(): TailNews[] {
    return this.newsOf(0);
  }

  newsOf(rendition: number): TailNews[] {
    return this.events.filter(
      (event): event is TailNews =>
        event.type === "tail-news" && event.stream === STREAM && event.rendition === rendition,
    );
  }

  /** The newest playlist of the highest layer as text; "" before the first. */
  get text(): string {
    return this.textOf(0);
  }

  textOf(rendition: number): string {
    return this.newsOf(rendition).at(-1)?.playlist.list.text ?? "";
  }

  /** Those of which there is something. */
  get renditions(): number[] {
    return [0, 1, 2, 3].filter((rendition) => this.newsOf(rendition).length > 0);
  }

  /** Newest part: its segment, its place in there. */
  get newest(): readonly [msn: number, part: number] | null {
    const playlist = this.news.at(-1)?.playlist;
    return playlist === undefined ? null : [playlist.msn, playlist.part];
  }

  command(command: WorkerCommand): void {
    this.packager.command(command, this.now);
  }

  /** The tail is wanted, and its source is known. */
  open(partUs = 500_000): this {
    this.command({ type: "source", stream: STREAM, source: this.publisher.source });
    this.command({ type: "tail-open", stream: STREAM, edition: EDITION, partUs, dvr: false });
    return this;
  }

  /** Another publisher comes, after `seconds`; the rings of the one before stay until then or do not. */
  replace(seconds: number, options: PublisherOptions = {}, stay = false): void {
    if (!stay) this.command({ type: "source", stream: STREAM, source: null });
    this.publishes = false;
    this.run(seconds);
    this.publishes = true;
    this.publisher = new RingPublisher(this.now, options);
    this.command({ type: "source", stream: STREAM, source: this.publisher.source });
  }

  end(): void {
    this.command({ type: "tail-end", stream: STREAM });
  }

  close(): void {
    this.command({ type: "tail-close", stream: STREAM });
  }

  run(seconds: number): this {
    const end = this.now + seconds * 1e6;
    while (this.now < end) {
      this.now += TICK_US;
      if (this.publishes) this.publisher.pass(this.now);
      else this.publisher.skip(this.now);
      if (this.looks) this.packager.look(this.now);
    }
    return this;
  }

  /** Which rings a reader wants. */
  wants(): boolean[] {
    const { audio, video } = this.publisher;
    return [...(audio === null ? [] : [audio]), ...video].map(({ writer }) =>
      writer.wantedBy(READER),
    );
  }

  #take(event: TailEvent): void {
    if (event.type === "tail-cut") {
      this.cuts.push(event);
      return;
    }
    this.events.push(event);
    if (event.type !== "tail-news" || event.stream !== STREAM) return;
    for (const { name, bytes } of event.files) this.files.set(name, bytes);
    this.rules.check(event.rendition, event.playlist.list.text, this.wallUs);
  }
}
