import type { VideoFormat } from "./format.ts";
import type { Frame } from "./frames/frame.ts";
import { LATE_US } from "./lag.ts";
import { OpenPart } from "./open-part.ts";
import type { Sink, Writer } from "./part.ts";
import { type Picture, Pictures, sampleOf, usOf, VIDEO_RATE } from "./pictures.ts";
import { Segments } from "./segments.ts";
import { Sound, type SoundSource } from "./sound.ts";
import type { Timeline } from "./timeline.ts";

/** A segment goes on for so long before the publisher is asked for a keyframe. */
const SEGMENT_US = 2_000_000;
/** Who sends one each 2 s by itself may be early by this. */
const KEYFRAME_EARLY_US = 100_000;
/** Keyframes are asked for so far apart. */
const KEYFRAME_ASK_US = 1_000_000;
/** What interrupts the media for longer is a break, and not filled part by part. */
const BREAK_US = 30_000_000;
/** The part that takes what came too late for those before it, in front of a keyframe. */
const SLIVER_US = 1_000;
/** Who has seen no picture for longer sees the keyframe again: without pictures a player stops the sound. */
const FROZEN_US = 1_000_000;
/** Behind a break nothing begins earlier than so long before it: dates in a playlist do not go back. */
const OVERLAP_US = 100_000;
/** How long the last picture is shown, whose end is never known. */
const LAST_TICKS = VIDEO_RATE / 30;

/** What cannot change during a session. */
export interface RenditionOptions {
  readonly partTargetUs: number;
  readonly targetDurationUs: number;
  readonly writer: Writer;
  readonly sink: Sink;
}

/** What comes in one epoch: of the rings with the pictures and with the sound, null without. */
export interface Source {
  readonly pictures: Timeline | null;
  readonly sound: SoundSource | null;
}

/**
 * Frames of one picture ring and one sound ring become parts and segments, by the times of the media;
 * the clock closes only what waits in vain. Between two ticks frames may be pushed in any order.
 */
export class Rendition {
  /** Segments that had to begin without a keyframe. */
  forced = 0;
  readonly #segments: Segments;
  #pictures: Pictures | null = null;
  #sound: Sound | null = null;
  #began = false;
  #ended = false;
  /** What came before the newest break goes as far as this, us. */
  #reachedUs = Number.NEGATIVE_INFINITY;
  readonly #part: OpenPart;
  /** The newest picture, whose end is not known. */
  #pending: Picture | null = null;
  /** The newest keyframe, and whether it stands for pictures that do not come. */
  #key: Frame | null = null;
  #frozen = false;
  /** When the format changed last, us. */
  #changedUs = Number.NEGATIVE_INFINITY;
  #askedUs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RenditionOptions) {
    this.#segments = new Segments(options.writer, options.sink);
    this.#part = new OpenPart(options.partTargetUs);
  }

  /** Frames of the present epoch that were dropped, since their times could not be. */
  get dropped(): number {
    return (this.#pictures?.dropped ?? 0) + (this.#sound?.dropped ?? 0);
  }

  /** Packets of silence that stand for missing ones in the present epoch. */
  get filled(): number {
    return this.#sound?.filled ?? 0;
  }

  /** An epoch begins: with its first keyframe, or with sound where there are no pictures. */
  begin(source: Source, nowUs: number): void {
    this.pause(nowUs);
    if (this.#ended) return;
    this.#pictures = source.pictures === null ? null : new Pictures(source.pictures);
    this.#sound = source.sound === null ? null : new Sound(source.sound);
  }

  picture(frame: Frame): void {
    this.#pictures?.push(frame);
  }

  sound(frame: Frame): void {
    this.#sound?.push(frame);
  }

  /** After the frames of each look. */
  tick(nowUs: number): void {
    const pictures = this.#pictures;
    if (pictures === null && this.#sound === null) return;
    this.#sound?.look(nowUs);
    if (pictures === null) this.#hear(nowUs);
    let next = pictures?.next(nowUs) ?? null;
    for (; next !== null; next = pictures!.next(nowUs)) {
      if (this.#began) this.#see(next, nowUs);
      else if (next.frame.key && next.us > this.#reachedUs - OVERLAP_US) {
        this.#start(next, next.us, nowUs);
      }
    }
    this.#closeLate(nowUs);
  }

  /** A keyframe is to be asked for now. `broken`: no frame comes before the next one. */
  wantsKeyframe(nowUs: number, broken = false): boolean {
    if (this.#pictures === null || nowUs - this.#askedUs < KEYFRAME_ASK_US) return false;
    const age = this.#capturedUs(nowUs) - this.#segments.startUs;
    const lacksOne = broken || this.#pictures.broken || !this.#began;
    if (!lacksOne && age < SEGMENT_US) return false;
    this.#askedUs = nowUs;
    return true;
  }

  /** The publisher is gone: the open segment ends, and nothing follows until `begin`. */
  pause(nowUs: number): void {
    this.#interrupt(nowUs);
    this.#pictures = null;
    this.#sound = null;
  }

  /** Nothing will come any more. */
  end(nowUs: number): void {
    if (this.#ended) return;
    this.pause(nowUs);
    this.#ended = true;
    this.#segments.end();
  }

  #start(picture: Picture | null, us: number, nowUs: number): void {
    this.#began = true;
    this.#part.begin(us);
    this.#pending = picture;
    this.#key = picture?.frame ?? null;
    this.#frozen = false;
    this.#sound?.forgetBefore(us, nowUs);
    this.#sound?.start(us);
    this.#beginSegment(true, true, nowUs);
  }

  /** Pictures and sound break off here, to begin again with the next keyframe. */
  #interrupt(nowUs: number): void {
    if (!this.#began) return;
    const pending = this.#pending;
    let endUs = this.#part.startUs;
    if (pending === null) endUs = Math.max(endUs, this.#heardUs(nowUs));
    else endUs = Math.max(endUs, usOf(pending.ticks + LAST_TICKS));
    this.#reach(endUs, nowUs, false);
    if (this.#part.samples.length > 0) endUs = Math.max(endUs, this.#part.startUs + SLIVER_US);
    if (endUs > this.#part.startUs) this.#close(endUs, nowUs);
    this.#segments.close();
    this.#pending = null;
    this.#reachedUs = this.#part.startUs;
    this.#began = false;
  }

  /** The next picture. */
  #see(picture: Picture, nowUs: number): void {
    if (picture.us - this.#part.startUs > BREAK_US) {
      this.#interrupt(nowUs);
      if (picture.frame.key) this.#start(picture, picture.us, nowUs);
      return;
    }
    const cuts = this.#cutsAt(picture);
    const isLate = this.#frozen && picture.ticks <= this.#pending!.ticks;
    if (isLate || (cuts && this.#changesAgain(picture))) {
      this.#pictures!.drop();
      return;
    }
    const isNear = picture.us - this.#segments.startUs <= this.options.targetDurationUs;
    const step = picture.us - (this.#pending?.us ?? picture.us);
    if (picture.frame.key) this.#key = picture.frame;
    this.#frozen = false;
    this.#reach(picture.us, nowUs, !(cuts && isNear), picture.ticks);
    if (cuts) {
      this.#cut(picture, nowUs);
      return;
    }
    this.#pending = picture;
    this.#part.pass(picture.us);
    // Where the next one would not fit, there is no need to wait for it.
    const isLast = picture.us + step > this.#part.limitUs;
    if (isLast && this.#part.endUs === picture.us) this.#closeWithin(picture.us, nowUs);
  }

  /** The pending picture ends at `us`, and so do the parts before. */
  #reach(
    us: number,
    nowUs: number,
    mayCut = true,
    ticks = Math.round((us * VIDEO_RATE) / 1e6),
  ): void {
    const pending = this.#pending;
    let sample = pending === null ? null : sampleOf(pending, ticks);
    while (us > this.#part.limitUs) {
      const endUs = this.#part.endUs;
      if (sample !== null && pending!.us < endUs) {
        this.#part.samples.push(sample);
        sample = null;
      }
      this.#closeWithin(endUs, nowUs, mayCut);
    }
    if (sample !== null) this.#part.samples.push(sample);
  }

  #cutsAt({ us, frame }: Picture): boolean {
    if (!frame.key) return false;
    if (this.#formatOf(frame) !== this.#segments.video) return true;
    return us - this.#segments.startUs >= SEGMENT_US - KEYFRAME_EARLY_US;
  }

  /** Whoever changes the format with every frame gets no segment for each. */
  #changesAgain({ us, frame }: Picture): boolean {
    if (this.#formatOf(frame) === this.#segments.video) return false;
    const since = us - this.#changedUs;
    if (since >= 0 && since < this.options.partTargetUs) return true;
    this.#changedUs = us;
    return false;
  }

  /** A segment begins with this keyframe. */
  #cut(picture: Picture, nowUs: number): void {
    // What came too late for the parts before would else stand before the keyframe.
    const least = this.#part.startUs + (this.#part.samples.length > 0 ? SLIVER_US : 0);
    const endUs = Math.max(picture.us, least);
    if (endUs > this.#part.startUs) this.#close(endUs, nowUs);
    this.#pending = picture;
    const steps = this.#step() !== null;
    if (steps) {
      this.#pending = this.#pictures!.again(picture, nowUs);
      this.#part.begin(this.#pending.us);
      this.#sound?.start(this.#pending.us);
    }
    this.#beginSegment(true, steps, nowUs);
  }

  /** Where a time map is off, all take their step. Returns that of the leading one, us. */
  #step(): number | null {
    const maps = [this.#pictures?.timeline, this.#sound?.source.timeline].filter((map) => !!map);
    if (!maps.some(({ off }) => off)) return null;
    const [first] = maps.map((map) => map.step());
    return first!;
  }

  /** Sound without pictures: it begins, and its parts end where there is enough of it. */
  #hear(nowUs: number): void {
    const sound = this.#sound;
    if (sound === null) return;
    if (!this.#began) sound.forgetBefore(this.#reachedUs, nowUs);
    const firstUs = this.#began ? null : sound.firstUs(nowUs);
    if (firstUs !== null) this.#start(null, Math.round(firstUs), nowUs);
    while (this.#began && this.#heardUs(nowUs) >= this.#part.limitUs) {
      this.#closeWithin(this.#part.endUs, nowUs);
    }
  }

  /** Up to when (us) there is sound, as far as the open part goes, and as it can be by now. */
  #heardUs(nowUs: number): number {
    const endUs = Math.min(this.#part.limitUs, nowUs - this.#zeroUs());
    return Math.min(endUs, Math.round(this.#sound?.settle(endUs, nowUs) ?? 0));
  }

  /** Closes the parts for which nothing will come any more. */
  #closeLate(nowUs: number): void {
    const capturedUs = this.#capturedUs(nowUs) - LATE_US;
    if (!this.#began) this.#sound?.forgetBefore(capturedUs - BREAK_US, nowUs);
    else if (capturedUs - this.#part.startUs > BREAK_US) this.#interrupt(nowUs);
    while (this.#began && capturedUs >= this.#part.limitUs) {
      const endUs = this.#part.endUs;
      this.#freeze(endUs);
      this.#closeWithin(endUs, nowUs);
    }
  }

  /**
   * Where nothing has followed the pending picture for long, it ends here, and the keyframe follows it:
   * any other picture a decoder cannot show twice. What comes next has to be a keyframe, too.
   */
  #freeze(endUs: number): void {
    const pending = this.#pending;
    if (pending === null || (!this.#frozen && endUs - pending.us <= FROZEN_US)) return;
    const ticks = Math.round((endUs * VIDEO_RATE) / 1e6);
    this.#part.samples.push(sampleOf(pending, ticks));
    this.#pending = { frame: this.#key!, ticks, us: endUs };
    this.#frozen = true;
    this.#pictures!.freeze();
  }

  /** Up to when (us) what was captured should be here. */
  #capturedUs(nowUs: number): number {
    return nowUs - this.#zeroUs() - (this.#pictures ?? this.#sound)!.lagUs;
  }

  #zeroUs(): number {
    return (this.#pictures?.timeline ?? this.#sound!.source.timeline).zeroUs;
  }

  /** Closes the open part, and its segment where another part might not fit into that. */
  #closeWithin(endUs: number, nowUs: number, mayCut = true): void {
    this.#close(endUs, nowUs);
    const { targetDurationUs, partTargetUs } = this.options;
    const age = endUs - this.#segments.startUs;
    if (this.#pictures === null) {
      if (age < SEGMENT_US) return;
      const step = this.#step();
      this.#part.begin(endUs + (step ?? 0));
      if (step !== null) this.#sound!.start(this.#part.startUs);
      this.#beginSegment(true, step !== null, nowUs);
    } else if (this.#frozen && age >= SEGMENT_US) {
      this.#beginSegment(true, false, nowUs);
    } else if (mayCut && age + partTargetUs > targetDurationUs) {
      this.forced += 1;
      this.#beginSegment(false, false, nowUs);
    }
  }

  #close(endUs: number, nowUs: number): void {
    this.#sound?.settle(endUs, nowUs);
    const heard = this.#sound?.take(endUs, nowUs) ?? [];
    this.#segments.part(this.#part.startUs, endUs, this.#part.samples, heard);
    this.#part.begin(endUs);
  }

  /** A segment begins where the open part does. */
  #beginSegment(independent: boolean, breaks: boolean, nowUs: number): void {
    const pending = this.#pending?.frame;
    this.#segments.begin({
      startUs: this.#part.startUs,
      wallUs: Math.min(this.#zeroUs() + this.#part.startUs, nowUs),
      independent,
      breaks,
      video: pending === undefined ? null : this.#formatOf(pending),
      audio: this.#sound?.source.format ?? null,
    });
  }

  #formatOf(frame: Frame): VideoFormat | null {
    return frame.format ?? this.#segments.video;
  }
}
