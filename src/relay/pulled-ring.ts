import type { RingGrant } from "../contract/source.ts";
import { SlotFiller } from "../intake/slot-filler.ts";
import { Wishes } from "../intake/wishes.ts";
import { SLOT_BYTES, VIDEO_SLOTS_MAX } from "../limits.ts";
import { KeyframeRequests } from "../media/keyframe-requests.ts";
import { MissingPackets } from "../media/missing.ts";
import { storeDecodeTargets } from "../ring/decode-targets.ts";
import { Header, Slot, SlotFlag, KeyframeWish as Wish } from "../ring/layout.ts";
import { NO_SLOT, RingWriter } from "../ring/writer.ts";
import type { DataFrame } from "../wire/cascade/data.ts";
import type { NamedTrack } from "../wire/cascade/name.ts";
import type { RingFigures, RingTold, Timing } from "../wire/cascade/ring.ts";
import type { KeyframeReason } from "../wire/cascade/wish.ts";
import { CODEC_NAMES, type CodecId } from "../wire/codecs.ts";
import { Absence } from "./absence.ts";
import { Resumption } from "./resumption.ts";
import { readSlot } from "./slot-frame.ts";
import { ToldFigures } from "./told-figures.ts";
import { ToldHead } from "./told-head.ts";

const AUDIO_CLOCK = 48_000;
const VIDEO_CLOCK = 90_000;
/** Nobody wants it any more for so long: then it is wanted no more upstream. */
const LINGER_US = 2_000_000;
/** No ring is left behind by its parents in less: so long it takes until a silent one is noticed. */
const GAP_MIN_US = 200_000;
/**
 * Until a silent parent is known 200 ms have passed, and another one may be 90 ms away: as long as
 * another second of the stream would be made up for, so is a hole.
 */
const HOLE_AGE_MAX_US = 1_000_000;
/** A parent may miss it, too: until it has it, what it then passes on may be lost once more. */
const ASK_RARELY_US = 50_000;
/** So few packets behind is a matter of ways. */
const ABREAST_PACKETS = 64;
/** A parent answers, and what it sends first comes, within so long. */
const FIRST_US = 500_000;
/** More than that is no lost begin. */
const BEGIN_MAX = 256;
const NO_EXTENSIONS = new Uint8Array(256);

/** Scratch of the one thread that runs this module. */
const slot = new Uint8Array(SLOT_BYTES);

/** One ring of a stream that comes from a parent: its writer, what is missing in it, who wants it. */
export class PulledRing {
  readonly grant: RingGrant;
  readonly writer: RingWriter;
  readonly missing = new MissingPackets(HOLE_AGE_MAX_US, ASK_RARELY_US);
  readonly keyframes = new KeyframeRequests();
  readonly absence: Absence;
  readonly video: boolean;
  /** How old the newest was when it came of those that nobody had to ask for, us. */
  ageUs = 0;
  /** Since when it is to flow, us; null while it is not. */
  flowsSince: number | null = null;
  readonly #filler: SlotFiller;
  readonly #wishes: Wishes;
  readonly #readers: number;
  readonly #figures = new ToldFigures();
  readonly #resumption = new Resumption();
  /** One past the highest origin sequence; null before the first. */
  #next: number | null = null;
  /** One past the highest that has come, and the lowest, while `#next` is not null. */
  #come = 0;
  #first = 0;
  /** While `#next` is null, where a parent is to begin; null for a keyframe. */
  #beginAt: number | null = null;
  #wantedAt = Number.NEGATIVE_INFINITY;
  /** The next packet does not follow on what is here. */
  #broken = false;
  readonly #told = new ToldHead();
  /** What comes by itself until then, us, reaches so far; Infinity for nothing. */
  #dueHead = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  /** When a packet came last that was not there yet, us. */
  #newAt = Number.NEGATIVE_INFINITY;

  constructor(grant: RingGrant, track: NamedTrack, readers: number, counters: Float64Array) {
    this.grant = grant;
    this.video = track.kind === "video";
    this.writer = new RingWriter(grant.buffer);
    this.absence = new Absence(this.writer);
    this.#filler = new SlotFiller(this.writer, this.video, NO_EXTENSIONS, counters);
    const codec = CODEC_NAMES.indexOf(track.codec) as CodecId;
    const clockRate = this.video ? VIDEO_CLOCK : AUDIO_CLOCK;
    this.writer.describe(codec, clockRate, track.fmtp, track.rid ?? "");
    this.#readers = readers;
    const { writer, keyframes, video } = this;
    this.#wishes = new Wishes([{ writer, keyframes, video, left: false }], readers);
  }

  /** Something was written since it was asked last. */
  takeTouched(): boolean {
    const { touched } = this.#filler;
    this.#filler.touched = false;
    return touched;
  }

  /**
   * Where to go on: at the oldest hole, and no further than what has come, however long ago: how far
   * a parent got is its word alone. Null where it may begin at a keyframe: before the first packet, and
   * where what lies between is of no use.
   */
  get have(): number | null {
    if (this.flowsSince === null) return null;
    if (this.#next === null) return this.#beginAt;
    const oldest = this.missing.oldest ?? this.#come;
    return ((oldest - this.#come) | 0) < 0 ? oldest : this.#come;
  }

  /** Whether some reader wants it, or did until a moment ago, if it lingers. */
  isWanted(now: number, lingers = true): boolean {
    for (let reader = 0; reader < this.#readers; reader += 1) {
      if (this.writer.wantedBy(reader)) this.#wantedAt = now;
    }
    return now - this.#wantedAt <= (lingers ? LINGER_US : 0);
  }

  /** Bits a second that a parent told, of video; 0 while it is not sent. */
  get rate(): number {
    return this.video ? this.#figures.rate : 0;
  }

  /** A parent sent this first: what came first may have been sent behind it. */
  noteBegin(sequence: number, now: number, way: number): void {
    if (this.flowsSince === null || this.#next === null) return;
    const { awaited } = this.#resumption;
    if (this.#resumption.isTold(sequence)) this.#goOnBehind(sequence);
    if (awaited) return;
    const below = (this.#first - sequence) | 0;
    if (below <= 0 || below > BEGIN_MAX) return;
    this.missing.addBelow(now, sequence, this.#first, way);
    this.#first = sequence;
  }

  /** It is to flow from now on, or no longer; `narrow`: with no room for more than what comes. */
  setFlowing(flowing: boolean, now: number, narrow = false): void {
    if (flowing === (this.flowsSince !== null)) return;
    this.flowsSince = flowing ? now : null;
    if (!flowing) return;
    if (this.#holdsGroup && !narrow) this.#resume();
    else this.breakOff();
    if (narrow) this.#beginAt = this.#told.at;
  }

  /**
   * What comes next does not follow on what is here: what was cached lies behind a gap, nobody joins
   * there, and nobody misses what is in it.
   */
  breakOff(): void {
    this.#beginAt = null;
    if (this.#next === null) return;
    this.missing.clear();
    this.#resumption.end();
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#next = null;
    this.#broken = true;
  }

  /**
   * A packet of it came. `arrival`: when it came to the root, on our clock; `receipt`: here; `way`:
   * what the link takes, us. True when it was not there yet.
   */
  put(frame: DataFrame, bytes: Uint8Array, arrival: number, receipt: number, way: number): boolean {
    if (!readSlot(frame, bytes, slot)) return false;
    const { sequence } = frame;
    const keyframe = (slot[Slot.flags]! & SlotFlag.keyframeStart) !== 0;
    if (this.#resumption.beginsBehind(sequence, keyframe)) this.#goOnBehind(sequence);
    if (this.#isBeyond(sequence) && !this.#mayGoOnAt(sequence, receipt)) return false;
    if (this.#broken) this.writer.resume(sequence);
    if (this.#broken) slot[Slot.flags] = slot[Slot.flags]! | SlotFlag.discontinuity;
    const flags = this.#filler.putSlot(receipt, sequence, slot, 0, arrival, receipt);
    if (flags === NO_SLOT) {
      // It was here, or is too old: to ask for it once more is of no use.
      this.missing.fill(receipt, sequence);
      if (sequence === this.#next) this.#noteSequence(sequence, receipt, way);
      return false;
    }
    this.#broken = false;
    this.#newAt = receipt;
    this.#noteSequence(sequence, receipt, way);
    if (keyframe) this.keyframes.keyframe(receipt);
    return true;
  }

  /**
   * A parent is so far: what lies before that and is not here was lost at the end of a burst. Whoever
   * only stands by may have it sooner than it comes here: it is missed when it has not come by `due`.
   */
  noteHead(head: number, now: number, way: number, due: number): void {
    this.#told.note(head);
    this.#figures.keep(this.writer.views, now);
    // What lies between comes by itself, or not at all.
    if (this.#resumption.awaited) return;
    if (due <= now) this.#miss(head, now, way);
    // The next word comes 25 ms later: none of them puts off the one before.
    else if (this.#next !== null && due < this.#dueAt) {
      this.#dueHead = head;
      this.#dueAt = due;
    }
  }

  /** What was to have come by now is missed. */
  look(now: number, way: number): void {
    if (now < this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#miss(this.#dueHead, now, way);
  }

  /** A parent that accepted a subscription is so far. */
  believeHead(head: number): void {
    this.#told.believe(head);
  }

  /** Whether a parent that is so far has nothing that is not here, and that is still missed. */
  isUpTo(head: number | null): boolean {
    if (head === null || this.flowsSince === null) return true;
    if (this.#next === null) return false;
    if (((head - this.#come) | 0) <= 0) return true;
    if (this.#resumption.awaited) return false;
    return this.missing.size === 0 && this.#dueAt === Number.POSITIVE_INFINITY;
  }

  /** Whether whoever sends this keeps up with what is here. */
  isAbreast(sequence: number): boolean {
    if (this.#next === null) return false;
    const behind = (this.#next - sequence) | 0;
    return behind > 0 && behind <= ABREAST_PACKETS;
  }

  /** The keyframe to ask for now; null for none, and while there is nobody who can be asked. */
  takeKeyframeWish(now: number, canAsk = true): KeyframeReason | null {
    if (!this.video) return null;
    this.#wishes.read(now);
    // Whether the publisher answers is for the root to say.
    this.writer.setWord(Header.pliIgnored, this.#figures.ignoresPli ? 1 : 0);
    const { standing } = this.keyframes;
    const isFailure = (standing & Wish.failure) !== 0;
    // What comes first may be what joins wait for.
    if (!canAsk || (this.#begins(now) && !isFailure) || !this.keyframes.take(now)) return null;
    if (isFailure) return "failure";
    return (standing & Wish.join) !== 0 ? "join" : "segment";
  }

  describe(told: RingTold): void {
    this.#filler.describe(told.codec, told.clockRate, told.fmtp, told.rid);
    if (told.targets.length > 0) {
      const { views } = this.writer;
      storeDecodeTargets(views, told.targetsVersion, told.targets, told.targets.length);
    }
  }

  setParameterSets(payload: Uint8Array): void {
    this.writer.setParameterSets(payload);
  }

  /** `way`: what the link takes, us. */
  setTiming({ rtp, ntpUs, ageUs }: Timing, now: number, way: number): void {
    this.writer.setTiming(rtp, ntpUs, now - ageUs - way);
  }

  setFigures(figures: RingFigures, now: number): void {
    this.#figures.take(figures, this.writer.views, !this.absence.withheld, now);
  }

  close(): void {
    this.writer.close();
  }

  #begins(now: number): boolean {
    return this.have === null && now - (this.flowsSince ?? 0) < FIRST_US;
  }

  /** It is where it was wanted last, of a group of which all that came is here. */
  get #holdsGroup(): boolean {
    const { words } = this.writer.views;
    if (this.#next === null || words[Header.keyframeValid] === 0) return false;
    return this.#told.isWithin(this.#come, words[Header.slots]! >> 1);
  }

  /** Goes on where it stopped, or at the first hole in front of that. */
  #resume(): void {
    this.#come = this.have!;
    this.#next = this.#come;
    this.missing.clear();
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#resumption.begin(this.#come);
  }

  /** A parent began there: what is here lies behind a gap. */
  #goOnBehind(sequence: number): void {
    if (this.#resumption.awaited) {
      this.breakOff();
      return;
    }
    this.#resumption.end();
    this.writer.resume(sequence);
    this.#broken = true;
  }

  #miss(head: number, now: number, way: number): void {
    if (this.#next === null || this.flowsSince === null) return;
    // Many words, each a little further, reach no further than one.
    const beyond = ((head - this.#come) | 0) > VIDEO_SLOTS_MAX;
    if (beyond || ((head - this.#next) | 0) <= 0) return;
    this.missing.addGap(now, this.#next, head, way);
    this.#next = head;
  }

  /** One absurd number would put all true ones behind the ring's reach. */
  #isBeyond(sequence: number): boolean {
    return this.#next !== null && ((sequence - this.#next) | 0) > VIDEO_SLOTS_MAX;
  }

  /**
   * Numbers go on beyond the ring's reach where a parent says that they are, but not while others
   * come that follow on: there is no way back.
   */
  #mayGoOnAt(sequence: number, now: number): boolean {
    if (!this.#told.leadsTo(sequence) || now - this.#newAt < GAP_MIN_US) return false;
    this.breakOff();
    return true;
  }

  #noteSequence(sequence: number, now: number, way: number): void {
    const next = (sequence + 1) | 0;
    let ahead = this.#next === null ? 0 : (sequence - this.#next) | 0;
    // What came first was perhaps not sent first, or is where another group begins.
    const begins = this.#next === null || (this.#resumption.awaited && ahead > 0);
    this.#resumption.awaited = false;
    if (begins) [this.#first, ahead] = [sequence, 0];
    if (this.#next === null || ((next - this.#come) | 0) > 0) this.#come = next;
    if (ahead < 0) {
      this.#noteLate(sequence, now, way);
      return;
    }
    if (ahead > 0) this.missing.addGap(now, this.#next!, sequence, way);
    this.#next = next;
  }

  /** One that was missing, or from before all others: what came first was not sent first. */
  #noteLate(sequence: number, now: number, way: number): void {
    this.missing.fill(now, sequence);
    const below = (this.#first - sequence) | 0;
    if (below <= 0 || below > ABREAST_PACKETS) return;
    this.missing.addBelow(now, sequence + 1, this.#first, way);
    this.#first = sequence;
  }
}
