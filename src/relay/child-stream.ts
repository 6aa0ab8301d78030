import type { Child } from "../cascade/child.ts";
import { HEARTBEAT_US } from "../cascade/liveness.ts";
import type { Following } from "../feed/following.ts";
import { pointOf, ringOf } from "../feed/layer-table.ts";
import type { Staging } from "../feed/staging.ts";
import { DecodeTargets } from "../ring/decode-targets.ts";
import { Header, LAYER_SIZES } from "../ring/layout.ts";
import type { RingReader, RingTiming } from "../ring/reader.ts";
import { sameBytes } from "../wire/bytes.ts";
import {
  writeFigures,
  writeHeads,
  writeParameterSets,
  writeRing,
  writeTiming,
} from "../wire/cascade/ring.ts";
import type { Fill, KeyframeWish } from "../wire/cascade/wish.ts";
import { Codec } from "../wire/codecs.ts";
import type { DataWriter } from "./data-writer.ts";
import { FillBudget } from "./fill-budget.ts";
import { Fills } from "./fills.ts";
import { absentOf, headsOf } from "./heads.ts";
import { Outlet, Step } from "./outlet.ts";
import { Pace } from "./pace.ts";
import { ringRate } from "./ring-rate.ts";

/** What is not media is looked at so often. */
const TELL_US = 200_000;

/** One at a time in a thread. */
const timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };

/** What was told last of one ring. */
interface Told {
  content: string;
  targetsVersion: number;
  parameterSets: Uint8Array | null;
  timingAt: number;
}

/** A stream on its way to one child. */
export class ChildStream {
  readonly child: Child;
  readonly following: Following;
  readonly #writer: DataWriter;
  readonly #scratch: Staging;
  /** By ring; null where the child does not want it. */
  readonly #outlets: (Outlet | null)[];
  readonly #fills: readonly Fills[];
  /** By ring. */
  readonly #paces: readonly Pace[];
  readonly #told: Told[];
  readonly #targets = new DecodeTargets();
  #headsAt = 0;
  #tellAt = 0;

  constructor(child: Child, following: Following, writer: DataWriter, scratch: Staging) {
    this.child = child;
    this.following = following;
    this.#writer = writer;
    this.#scratch = scratch;
    this.#outlets = following.feeds.map(() => null);
    this.#paces = following.feeds.map(() => new Pace());
    this.#fills = following.feeds.map(({ reader }, ring) => {
      const pace = this.#paces[ring]!;
      return new Fills(child.alias, ring, reader, writer, scratch, new FillBudget(), pace);
    });
    this.#told = following.feeds.map(() => ({
      content: "",
      targetsVersion: -1,
      parameterSets: null,
      timingAt: 0,
    }));
  }

  /** Rings that the child wants now begin, others end. */
  change(now: number): void {
    this.following.table.update(now);
    this.#setPaces();
    const { wanted, mode, have, alias, link } = this.child;
    for (const [ring, feed] of this.following.feeds.entries()) {
      const flows = mode === "live" && (wanted & (1 << ring)) !== 0;
      const outlet = this.#outlets[ring]!;
      if (!flows) {
        outlet?.end();
        this.#outlets[ring] = null;
      } else if (outlet === null) {
        const pace = this.#paces[ring]!;
        const next = new Outlet(link.session, alias, ring, feed, this.#writer, this.#scratch, pace);
        next.begin(have[ring] ?? null, now, link.time.oneWayUs);
        this.#outlets[ring] = next;
      }
    }
  }

  end(): void {
    for (const outlet of this.#outlets) outlet?.end();
    this.#outlets.fill(null);
  }

  fill({ ring, stretches, number }: Fill): void {
    this.#fills[ring]?.ask(stretches, number);
  }

  /** When the next of what lies in its rings leaves, beside what comes; Infinity for nothing. */
  catchUpAt(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const [ring, fills] of this.#fills.entries()) {
      const outlet = this.#outlets[ring]?.nextTimeout() ?? Number.POSITIVE_INFINITY;
      soonest = Math.min(soonest, fills.nextTimeout(), outlet);
    }
    return soonest;
  }

  /** Sends the next of that; false when the output is full. */
  catchUp(now: number): boolean {
    for (const [ring, fills] of this.#fills.entries()) {
      if (!fills.step(now)) return false;
      if (this.#outlets[ring]?.step(now) === Step.full) return false;
    }
    return true;
  }

  /** As a reader of the ring: its writer merges what all ask. */
  requestKeyframe({ ring, reason }: KeyframeWish): void {
    this.following.feeds[ring]?.reader.requestKeyframe(reason);
  }

  /** Tells what has changed, and where the rings are: what was lost last is missed by nothing else. */
  handleTimeout(now: number, rootAgeUs: number): void {
    if (now >= this.#tellAt) {
      this.#tellAt = now + TELL_US;
      this.#tell(now);
    }
    if (now < this.#headsAt) return;
    this.#headsAt = now + HEARTBEAT_US;
    const { link, alias } = this.child;
    link.sendLoose(
      writeHeads({
        alias,
        heads: this.#heads(),
        rootAgeUs,
        ...absentOf(this.following),
        began: this.#beganAt(now),
      }),
    );
  }

  nextTimeout(): number {
    return Math.min(this.#tellAt, this.#headsAt);
  }

  /** Where its rings are: of what is still leaving by itself nothing is to be missed. */
  #heads(): (number | null)[] {
    return headsOf(this.following).map((head, ring) => this.#outlets[ring]?.cursor ?? head);
  }

  #beganAt(now: number): readonly (number | null)[] {
    const began = this.#outlets.map((outlet) => outlet?.beganAt(now) ?? null);
    return began.some((sequence) => sequence !== null) ? began : [];
  }

  #setPaces(): void {
    const audio = this.following.audio === null ? 0 : 1;
    for (let video = 0; video < this.following.video.length; video += 1) {
      this.#paces[audio + video]!.measured = ringRate(this.following, video);
    }
  }

  #tell(now: number): void {
    this.following.table.update(now);
    this.#setPaces();
    for (const [ring, { reader }] of this.following.feeds.entries()) {
      this.#tellContent(ring, reader);
      this.#tellTiming(ring, reader, now);
    }
    const audio = this.following.audio === null ? 0 : 1;
    for (let video = 0; video < this.following.video.length; video += 1) {
      this.#tellFigures(audio + video, video, now);
    }
  }

  #tellContent(ring: number, reader: RingReader): void {
    const told = this.#told[ring]!;
    const { link, alias } = this.child;
    const { fmtp, rid } = reader.describe();
    const { codec, clockRate } = reader;
    if (codec === Codec.none) return;
    const loaded = this.#targets.load(reader.views);
    const targetsVersion = loaded ? this.#targets.version : 0;
    const content = `${codec} ${clockRate} ${fmtp} ${rid}`;
    if (content !== told.content || targetsVersion !== told.targetsVersion) {
      told.content = content;
      told.targetsVersion = targetsVersion;
      const targets = loaded ? this.#targets.points() : new Uint8Array(0);
      link.send(writeRing({ alias, ring, codec, clockRate, fmtp, rid, targetsVersion, targets }));
    }
    const payload = reader.parameterSets();
    if (payload === null || sameBytes(payload, told.parameterSets)) return;
    told.parameterSets = payload;
    link.send(writeParameterSets({ alias, ring, payload }));
  }

  #tellTiming(ring: number, reader: RingReader, now: number): void {
    const told = this.#told[ring]!;
    if (!reader.timing(timing) || timing.localUs === told.timingAt) return;
    told.timingAt = timing.localUs;
    const { link, alias } = this.child;
    const { rtpTimestamp: rtp, ntpUs, localUs } = timing;
    const ageUs = Math.max(0, Math.round(now - localUs));
    link.sendLoose(writeTiming({ alias, ring, rtp, ntpUs: Math.round(ntpUs), ageUs }));
  }

  #tellFigures(ring: number, video: number, now: number): void {
    const { link, alias } = this.child;
    const { reader } = this.following.video[video]!;
    const { views } = reader;
    const points = this.following.table.layers
      .filter(({ id }) => ringOf(id) === video)
      .map((layer) => ({
        point: pointOf(layer.id),
        bitrate: Math.round(layer.bitrate),
        ageUs: Math.max(0, Math.round(now - layer.seenUs)),
      }));
    link.sendLoose(
      writeFigures({
        alias,
        ring,
        points,
        sizes: [0, 1, 2, 3].map((spatial) => views.words[LAYER_SIZES + spatial]! >>> 0),
        size: views.words[Header.size]! >>> 0,
        hasKeyframe: this.following.table.hasKeyframe(video),
        ignoresPli: reader.publisherIgnoresPli,
      }),
    );
  }
}
