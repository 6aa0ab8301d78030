import { type Ensemble, type Member, SEGMENT_US } from "./ensemble.ts";
import type { VideoFormat } from "./format.ts";
import { FormatChanges } from "./format-changes.ts";
import type { Frame } from "./frames/frame.ts";
import { BREAK_US, Gap, MISSED_US } from "./gap.ts";
import { LATE_US } from "./lag.ts";
import { OpenPart } from "./open-part.ts";
import type { Sink, Writer } from "./part.ts";
import { type Picture, type Pictures, sampleOf, usOf, VIDEO_RATE } from "./pictures.ts";
import { type Numbers, Segments } from "./segments.ts";
import type { Sound } from "./sound.ts";
import { type Source, Tracks } from "./tracks.ts";

/** The part that takes what came too late for those before it, in front of a keyframe. */
const SLIVER_US = 1_000;
/** Who has seen no picture for longer sees the keyframe again: without pictures a player stops the sound. */
const FROZEN_US = 1_000_000;
/** How long the last picture is shown, whose end is never known. */
const LAST_TICKS = VIDEO_RATE / 30;

/** What cannot change during a session. */
export interface RenditionOptions {
  readonly partTargetUs: number;
  readonly targetDurationUs: number;
  readonly writer: Writer;
  readonly sink: Sink;
  readonly ensemble: Ensemble;
  readonly from: Numbers;
}

/**
 * Frames of one picture ring and one sound ring become parts and segments, by the times of the media;
 * the clock closes only what waits in vain. Between two ticks frames may be pushed in any order.
 */
export class Rendition implements Member {
  /** The newest picture, us. */
  shownUs = Number.NEGATIVE_INFINITY;
  /** Of the present epoch. */
  tracks = NO_TRACKS;
  readonly #segments: Segments;
  readonly #gap: Gap;
  #began = false;
  #ended = false;
  readonly #part: OpenPart;
  /** The newest picture, whose end is not known. */
  #pending: Picture | null = null;
  /** The newest keyframe, and whether it stands for pictures that do not come. */
  #key: Frame | null = null;
  #frozen = false;
  readonly #formats: FormatChanges;

  constructor(private readonly options: RenditionOptions) {
    this.#segments = new Segments(options.writer, options.sink, options.from);
    this.#part = new OpenPart(options.partTargetUs);
    this.#formats = new FormatChanges(options.partTargetUs);
    this.#gap = new Gap(this.#segments, options);
    options.ensemble.join(this);
  }

  get cutUs(): number | null {
    return this.#began && this.#pictures !== null ? this.#segments.startUs : null;
  }

  get #pictures(): Pictures | null {
    return this.tracks.pictures;
  }

  get #sound(): Sound | null {
    return this.tracks.sound;
  }

  /** An epoch begins: with its first keyframe, or with sound where there are no pictures. */
  begin(source: Source, nowUs: number): void {
    this.pause(nowUs);
    this.attach(source);
  }

  /** Its layer comes later in the epoch than others, which have begun. */
  attach(source: Source): void {
    if (!this.#ended) this.tracks = new Tracks(source);
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
    if (this.tracks.none) return;
    this.#sound?.look(nowUs);
    if (pictures === null) this.#hear(nowUs);
    let next = pictures?.next(nowUs) ?? null;
    for (; next !== null; next = pictures!.next(nowUs)) {
      if (this.#began) this.#see(next, nowUs);
      else if (next.frame.key && this.#gap.allows(next.us, nowUs - this.tracks.zeroUs))
        this.#start(next, next.us, nowUs);
    }
    this.#closeLate(nowUs);
  }

  /** None of the pictures that come can be shown before the next keyframe. */
  get lacksKeyframe(): boolean {
    return this.#pictures !== null && (this.#pictures.broken || !this.#began);
  }

  /** The publisher is gone: the open segment ends, and nothing follows until `begin`. */
  pause(nowUs: number): void {
    this.#interrupt(nowUs);
    this.tracks = NO_TRACKS;
  }

  /** Nothing will come any more. */
  end(nowUs: number): void {
    if (this.#ended) return;
    this.pause(nowUs);
    this.#ended = true;
    this.#segments.end();
  }

  #start(picture: Picture | null, us: number, nowUs: number): void {
    const goesOn = this.#gap.end(us, nowUs);
    this.#began = true;
    this.#segments.numberFrom(this.options.ensemble.msnAt(us));
    this.shownUs = us;
    this.#part.begin(us);
    this.#pending = picture;
    this.#key = picture?.frame ?? null;
    this.#frozen = false;
    this.#sound?.forgetBefore(us, nowUs);
    this.#sound?.start(us);
    this.#beginSegment(true, !goesOn, nowUs);
  }

  /** Pictures and sound break off here, to begin again with the next keyframe. */
  #interrupt(nowUs: number): void {
    this.#gap.cut();
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
    this.#gap.reachedUs = this.#part.startUs;
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
    if (isLate || (cuts && this.#isNew(picture) && this.#formats.again(picture.us))) {
      this.#pictures!.drop();
      return;
    }
    const isNear = picture.us - this.#segments.startUs <= this.options.targetDurationUs;
    const step = picture.us - (this.#pending?.us ?? picture.us);
    if (picture.frame.key) this.#key = picture.frame;
    this.#frozen = false;
    this.shownUs = picture.us;
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

  #cutsAt(picture: Picture): boolean {
    if (!picture.frame.key) return false;
    const { ensemble } = this.options;
    return this.#isNew(picture) || ensemble.cutsAt(picture.us, this.#segments.startUs);
  }

  /** Its format is another. */
  #isNew({ frame }: Picture): boolean {
    return this.#formatOf(frame) !== this.#segments.video;
  }

  /** A segment begins with this keyframe. */
  #cut(picture: Picture, nowUs: number): void {
    // What came too late for the parts before would else stand before the keyframe.
    const least = this.#part.startUs + (this.#part.samples.length > 0 ? SLIVER_US : 0);
    const endUs = Math.max(picture.us, least);
    if (endUs > this.#part.startUs) this.#close(endUs, nowUs);
    this.#pending = picture;
    const { ensemble } = this.options;
    const steps = ensemble.era !== this.#segments.openEra || ensemble.breaksAt(picture.us, this);
    if (steps) {
      this.tracks.step();
      this.#pending = this.#pictures!.again(picture, nowUs);
      this.shownUs = this.#pending.us;
      this.#part.begin(this.#pending.us);
      this.#sound?.start(this.#pending.us);
    }
    this.#beginSegment(true, steps, nowUs);
  }

  /** Sound without pictures: it begins, and its parts end where there is enough of it. */
  #hear(nowUs: number): void {
    const sound = this.#sound;
    if (sound === null) return;
    if (!this.#began) sound.forgetBefore(this.#gap.reachedUs, nowUs);
    const firstUs = this.#began ? null : sound.firstUs(nowUs);
    if (firstUs !== null) this.#start(null, Math.round(firstUs), nowUs);
    while (this.#began && this.#heardUs(nowUs) >= this.#part.limitUs) {
      this.#closeWithin(this.#part.endUs, nowUs);
    }
  }

  /** Up to when (us) there is sound, as far as the open part goes, and as it can be by now. */
  #heardUs(nowUs: number): number {
    const endUs = Math.min(this.#part.limitUs, nowUs - this.tracks.zeroUs);
    return Math.min(endUs, Math.round(this.#sound?.settle(endUs, nowUs) ?? 0));
  }

  /** Closes the parts for which nothing will come any more. */
  #closeLate(nowUs: number): void {
    const capturedUs = this.tracks.capturedUs(nowUs) - LATE_US;
    if (!this.#began) this.#gap.wait(this.tracks, capturedUs, nowUs);
    else if (capturedUs - this.#part.startUs > BREAK_US) this.#interrupt(nowUs);
    while (this.#began && capturedUs >= this.#part.limitUs) {
      const endUs = this.#part.endUs;
      if (this.#isLeftBehind(endUs)) this.#lose(endUs, nowUs);
      else {
        this.#freeze(endUs);
        this.#closeWithin(endUs, nowUs);
      }
    }
  }

  /** Others have had pictures for long, and this one has none. */
  #isLeftBehind(endUs: number): boolean {
    const newestUs = Math.min(endUs, this.options.ensemble.newestUs);
    return this.#pictures !== null && newestUs - this.shownUs > MISSED_US;
  }

  /** The last picture ends here, and a gap begins. */
  #lose(endUs: number, nowUs: number): void {
    this.#part.samples.push(sampleOf(this.#pending!, Math.round((endUs * VIDEO_RATE) / 1e6)));
    this.#close(endUs, nowUs);
    this.#pending = null;
    this.#began = false;
    this.#pictures!.freeze();
    this.#gap.begin(endUs, this.tracks, nowUs);
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

  /** Closes the open part, and its segment where another part might not fit into that. */
  #closeWithin(endUs: number, nowUs: number, mayCut = true): void {
    this.#close(endUs, nowUs);
    const { targetDurationUs, partTargetUs } = this.options;
    const age = endUs - this.#segments.startUs;
    if (this.#pictures === null) {
      if (age < SEGMENT_US) return;
      const steps = this.tracks.off;
      if (steps) this.#part.begin(endUs + this.tracks.step());
      if (steps) this.#sound!.start(this.#part.startUs);
      this.#beginSegment(true, steps, nowUs);
    } else if (this.#frozen && age >= SEGMENT_US) {
      this.#beginSegment(true, false, nowUs);
    } else if (mayCut && age + partTargetUs > targetDurationUs) {
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
    const { startUs } = this.#part;
    const { ensemble } = this.options;
    // Those that begin without a keyframe break with the next one.
    const { openEra } = this.#segments;
    this.#segments.begin({
      startUs,
      wallUs: Math.min(this.tracks.zeroUs + startUs, nowUs),
      independent,
      era: breaks ? ensemble.enter(this.#segments.era, startUs, true) : openEra,
      gap: false,
      first: pending?.timestamp ?? null,
      video: pending === undefined ? null : this.#formatOf(pending),
      audio: this.#sound?.source.format ?? null,
    });
    ensemble.note(this.#segments.msn, startUs);
  }

  #formatOf(frame: Frame): VideoFormat | null {
    return frame.format ?? this.#segments.video;
  }
}

const NO_TRACKS = new Tracks({ pictures: null, sound: null });
