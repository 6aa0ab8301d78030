import type { Link } from "../cascade/link.ts";
import type { KnownName } from "../cascade/names.ts";
import type { PulledRings } from "../cascade/parents.ts";
import type { Pull } from "../cascade/pull.ts";
import type { Burden, Relief } from "../cascade/shedding.ts";
import type { PullState } from "../contract/cluster.ts";
import type { RingGrant } from "../contract/source.ts";
import type { DataFrame } from "../wire/cascade/data.ts";
import type { Elements } from "../wire/cascade/elements.ts";
import { Frame, Message } from "../wire/cascade/kinds.ts";
import {
  type RingFigures,
  readFigures,
  readHeads,
  readParameterSets,
  readRing,
  readTiming,
} from "../wire/cascade/ring.ts";
import { writeKeyframeWish } from "../wire/cascade/wish.ts";
import { Askings } from "./askings.ts";
import { MediaAge } from "./media-age.ts";
import { PulledRing } from "./pulled-ring.ts";
import { OPEN_US, Strain } from "./strain.ts";
import { UsualAge } from "./usual-age.ts";
import { VideoRate } from "./video-rate.ts";

/** What is missing and wished for is looked at so often. */
const LOOK_US = 5_000;
/** Nothing of a stream is older when it comes: a parent that is so late gives nothing of use. */
const AGE_MAX_US = 2_000_000;
/** Without a word of the root for so long a parent has lost the stream. */
const ROOT_SILENT_US = 400_000;
/** Where nothing new came for so long nothing is to be given: a stream that goes on has more to say. */
const QUIET_US = 200_000;
/**
 * After so long without it what was missed is not asked for again: much of it would be too old when it
 * comes (`AGE_MAX_US`), and viewers wait for a picture of now.
 */
const MISSED_MAX_US = 1_000_000;
/**
 * A ring begins with a group of up to two seconds at twice its rate: what is lost of that shows nothing of the
 * link, nor does what is lost while it is made up for.
 */
const BEGIN_US = 3_000_000;
/**
 * Nothing comes for so long that was not asked for: it does come by itself, but later than what was usual, as
 * of a parent that is farther away than the one before.
 */
const ASKED_US = 500_000;
/** Links that did not carry it may not do so for so long: a layer comes back in place of another there. */
const NARROW_US = 30_000_000;

/** How a stream comes here. */
export type Coming = Pick<PullState, "ageMs" | "filled" | "withheld">;

export const NOT_COMING: Coming = { ageMs: null, filled: 0, withheld: [] };

/** A stream of another node, in rings of this one. */
export class PulledStream implements PulledRings, Burden {
  readonly known: KnownName;
  readonly rings: readonly PulledRing[];
  /** Set by whoever begins the pull, before anything else. */
  pull!: Pull;
  readonly age = new MediaAge();
  strained = false;
  /** When the root was last heard of by the parents, us. */
  rootHeardAt = 0;
  readonly #usual = new UsualAge();
  /** What comes by itself comes by this link first. */
  #giver: Link | null = null;
  /** When something came last that was not there yet, us. */
  #newAt = Number.NEGATIVE_INFINITY;
  /** When something came last that had not been asked for, us. */
  #unaskedAt = Number.NEGATIVE_INFINITY;
  #lookAt = 0;
  /** Packets that came and were not there yet. */
  #come = 0;
  #filled = 0;
  readonly #strain = new Strain();
  readonly #rate = new VideoRate();
  #relief: Relief = { single: false, withheld: 0, tried: 0, offered: 0 };
  /** Until then links have no room for what nobody reads, us. */
  #narrowUntil = Number.NEGATIVE_INFINITY;
  readonly #askings: Askings;

  /** One ring a track, in the order of the name's tracks. */
  constructor(
    known: KnownName,
    grants: readonly RingGrant[],
    readers: number,
    counters: Float64Array,
  ) {
    this.known = known;
    this.rings = known.tracks.map(
      (track, i) => new PulledRing(grants[i]!, track, readers, counters),
    );
    this.#askings = new Askings(grants.length);
  }

  have(): readonly (number | null)[] {
    return this.rings.map(({ have }) => have);
  }

  /** A media packet of a parent, of `alias`, received at `receipt`. */
  data(frame: DataFrame, bytes: Uint8Array, link: Link, receipt: number): void {
    const ring = this.rings[frame.ring];
    const way = link.time.oneWayUs;
    const age = frame.ageUs + way;
    if (ring === undefined || age > AGE_MAX_US) return;
    const isAsked = ring.missing.asked(frame.sequence);
    const answerUs = isAsked ? ring.missing.answerUs(receipt, frame.sequence, link.session) : 0;
    const isNew = ring.put(frame, bytes, receipt - age, receipt, link.time.roundTripUs);
    if (isNew) {
      this.rootHeardAt = receipt;
      this.#newAt = receipt;
      this.#come += 1;
      this.age.note(age, receipt);
    }
    if (isNew && answerUs > 0) link.time.noteAnswer(answerUs);
    if (isNew && isAsked && link !== this.#giver) this.#filled += 1;
    if (isNew && !isAsked) this.#unaskedAt = receipt;
    if ((isNew && !isAsked) || this.#isUsual(link, frame.alias, receipt)) {
      this.#giver = link;
      this.#usual.note(age);
      ring.ageUs = age;
    }
    // The second of two parents may never be the first with anything, and is as good.
    if (isNew || ring.isAbreast(frame.sequence)) this.pull.useful(link, frame.alias, receipt);
  }

  /** A parent accepted: where its rings are. */
  accepted(heads: readonly (number | null)[]): void {
    for (const [i, head] of heads.entries()) if (head !== null) this.rings[i]?.believeHead(head);
  }

  /** What a parent tells of the stream's rings. */
  told(link: Link, type: number, elements: Elements, now: number): void {
    const way = link.time.oneWayUs;
    if (type === Message.ring) {
      const told = readRing(elements);
      if (told !== null) this.rings[told.ring]?.describe(told);
    } else if (type === Message.parameterSets) {
      const told = readParameterSets(elements);
      if (told !== null) this.rings[told.ring]?.setParameterSets(told.payload);
    } else if (type === Frame.timing) {
      const told = readTiming(elements);
      if (told !== null) this.rings[told.ring]?.setTiming(told, now, way);
    } else if (type === Frame.figures) {
      const told = readFigures(elements);
      if (told !== null && !this.#isWithheldBy(link, told)) {
        this.rings[told.ring]?.setFigures(told, now);
      }
    } else if (type === Frame.heads) this.#heads(link, elements, now);
  }

  /** Asks for what is wanted, wished for and missing. */
  handleTimeout(now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_US;
    this.age.look(now);
    if (now - this.rootHeardAt > MISSED_MAX_US) for (const ring of this.rings) ring.breakOff();
    this.#want(now);
    this.#askings.repeat((ring) => this.rings[ring]!.flowsSince !== null);
    const parents = this.pull.sources(now);
    const roundTripUs = parents[0]?.link.time.roundTripUs ?? 0;
    for (const [ring, pulled] of this.rings.entries()) {
      pulled.look(now, roundTripUs);
      const first = parents[0];
      const canAsk = first !== undefined;
      const reason = this.#isCut(ring) ? null : pulled.takeKeyframeWish(now, canAsk);
      if (canAsk && reason !== null) {
        first.link.sendLoose(writeKeyframeWish({ alias: first.alias, ring, reason }));
      }
      // Of what is not to come any more nothing is missed, and a full link has room for better.
      if (pulled.flowsSince === null) continue;
      this.#askings.look(ring, pulled.missing, parents, now);
    }
  }

  nextTimeout(): number {
    return this.#lookAt;
  }

  /** A reader has a new wish. */
  wished(now: number): void {
    this.#lookAt = now;
  }

  /** How it does: see Burden. */
  measure(now: number): void {
    let open = 0;
    for (const { flowsSince, missing } of this.rings) {
      if (flowsSince !== null) open += missing.openSince(now - OPEN_US, flowsSince + BEGIN_US);
    }
    this.strained = this.#strain.look(this.pull.asked.givers, this.#come, open);
    this.#rate.look(this.rings, now);
  }

  get come(): number {
    return this.#rate.bits;
  }

  get doubled(): boolean {
    return this.pull.asked.givers.length > 1;
  }

  get rates(): readonly number[] {
    return this.rings.map(({ rate }) => rate);
  }

  get flowing(): number {
    return maskOf(this.rings, ({ flowsSince }) => flowsSince !== null);
  }

  relieve(relief: Relief, now: number): void {
    this.#relief = relief;
    this.pull.setSingle(relief.single, now);
  }

  get coming(): Coming {
    const absent = this.#absent;
    const withheld = this.known.tracks.filter((_, ring) => (absent & (1 << ring)) !== 0);
    return {
      ageMs: this.age.ms,
      filled: this.#filled,
      withheld: withheld.map(({ rid }) => rid ?? ""),
    };
  }

  /** Rings that readers are to do without, a bit each. */
  get #absent(): number {
    return this.#relief.withheld | this.pull.asked.withheld;
  }

  /** Its rings are written no more. */
  close(): void {
    for (const ring of this.rings) ring.close();
  }

  /** It comes as all does now, though it was asked for: else nothing would ever come unasked again. */
  #isUsual(link: Link, alias: number, receipt: number): boolean {
    if (receipt - this.#unaskedAt <= ASKED_US) return false;
    return this.pull.asked.find(link, alias)?.mode === "live";
  }

  #want(now: number): void {
    const { withheld, tried, offered } = this.#relief;
    const absent = this.#absent;
    if (absent !== 0 || this.strained) this.#narrowUntil = now + NARROW_US;
    const lingers = now >= this.#narrowUntil;
    const wished = this.pull.awaited | maskOf(this.rings, (ring) => ring.isWanted(now, lingers));
    const wanted = (wished & ~withheld) | tried;
    for (const [i, ring] of this.rings.entries()) {
      const has = (rings: number): boolean => (rings & (1 << i)) !== 0;
      ring.setFlowing(has(wanted), now, has(tried | offered));
      ring.absence.setWithheld(has(absent));
    }
    this.pull.want(wanted, now);
  }

  /** It is not to flow. */
  #isCut(ring: number): boolean {
    const { withheld, tried } = this.#relief;
    return (withheld & ~tried & (1 << ring)) !== 0;
  }

  #isWithheldBy(link: Link, { alias, ring }: RingFigures): boolean {
    const withheld = this.pull.asked.find(link, alias)?.withheld ?? 0;
    return (withheld & (1 << ring)) !== 0;
  }

  #heads(link: Link, elements: Elements, now: number): void {
    const told = readHeads(elements);
    if (told === null) return;
    this.rootHeardAt = Math.max(this.rootHeardAt, now - told.rootAgeUs);
    for (const [i, ring] of this.rings.entries())
      ring.absence.setLeft((told.left & (1 << i)) !== 0);
    this.pull.withholds(link, told.alias, told.withheld, now);
    for (const [i, sequence] of told.began.entries()) {
      if (sequence !== null) this.rings[i]?.noteBegin(sequence, now, link.time.roundTripUs);
    }
    let news = false;
    const { roundTripUs, oneWayUs } = link.time;
    const { mostUs } = this.#usual;
    for (const [i, head] of told.heads.entries()) {
      const ring = this.rings[i];
      if (head === null || ring === undefined) continue;
      // What a parent nearer to the root has got is still on its way here by the one that gives it,
      // and after what has lain there for long more of that comes by and by.
      const before = link === this.#giver ? mostUs : oneWayUs;
      ring.noteHead(head, now, roundTripUs, now + Math.max(mostUs, ring.ageUs) - before);
      if (!ring.isUpTo(head)) news = true;
    }
    // It has nothing that is not here: silent as the publisher is, it served until it heard of the root
    // last. While media comes its words alone prove nothing: they are short, and may
    // pass where packets do not.
    const quiet = now - this.#newAt > QUIET_US;
    if (quiet && !news && told.rootAgeUs < ROOT_SILENT_US) {
      this.pull.useful(link, told.alias, now - told.rootAgeUs);
    }
  }
}

/** Rings of which something is true, a bit each. */
function maskOf(rings: readonly PulledRing[], holds: (ring: PulledRing) => boolean): number {
  let mask = 0;
  for (const [i, ring] of rings.entries()) if (holds(ring)) mask |= 1 << i;
  return mask;
}
