/** The playlist of one rendition of a tail with DVR, made of whatever a seed says, and a shelf that loses some of it. */
import type { TailNews, TailSegment } from "../../src/contract/tail.ts";
import type { Stream } from "../../src/control/streams/stream.ts";
import { Tail } from "../../src/control/streams/tail.ts";
import { Dates } from "../../src/packager/dates.ts";
import { Names } from "../../src/packager/names.ts";
import { Output } from "../../src/packager/output.ts";
import { seeded } from "./random.ts";
import { formatOf } from "./tail-show.ts";

export const DVR_EDITION = "d5".repeat(16);
const BEGAN_US = 1_790_000_000_000_000;
const PART_US = 500_000;
const NO_GZIP = new Uint8Array(0);

export interface DvrShowOptions {
  readonly seed?: number;
  readonly windowUs?: number;
  readonly targetDurationUs?: number;
  /** Chances of a segment: to break, to have another init, to be a gap; that numbers are missing before
   * it; that the shelf never has it. */
  readonly breaks?: number;
  readonly inits?: number;
  readonly gaps?: number;
  readonly jumps?: number;
  readonly losses?: number;
  /** Chance of a part that something is said then, or taken back. */
  readonly dates?: number;
}

/** Keeps what it is told. */
export class FakeShelf {
  readonly names = new Set<string>();
  asked = 0;

  has(name: string): boolean {
    this.asked += 1;
    return this.names.has(name);
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return Promise.resolve(this.names.has(name) ? new TextEncoder().encode(name) : null);
  }
}

export class DvrShow {
  readonly shelf = new FakeShelf();
  readonly tail: Tail;
  readonly names = new Names(DVR_EDITION, 0);
  /** All complete segments, and those that the shelf never had. */
  readonly segments: TailSegment[] = [];
  readonly lost = new Set<string>();
  now = BEGAN_US;
  readonly #options: Required<DvrShowOptions>;
  readonly #random: () => number;
  readonly #output: Output;
  readonly #dates = new Dates();
  #date = 0;
  #init = -1;
  #msn = 0;
  #part = 0;
  #era = 3;
  #us = 10_000_000;

  constructor(options: DvrShowOptions = {}) {
    this.#options = {
      ...{ seed: 1, windowUs: 180_000_000, targetDurationUs: 3_000_000 },
      ...{ breaks: 0.05, inits: 0.05, gaps: 0.05, jumps: 0, losses: 0.05, dates: 0.1 },
      ...options,
    };
    const { seed, windowUs, targetDurationUs } = this.#options;
    this.#random = seeded(seed);
    const dvr = { windowUs, shelf: this.shelf };
    this.tail = new Tail({} as Stream, DVR_EDITION, {
      now: this.now,
      always: true,
      dvr,
      recording: null,
    });
    const of = { partTargetUs: PART_US, targetDurationUs, dvr: true };
    this.#output = new Output({ names: this.names, ...of });
  }

  get full(): string {
    return this.#text(null);
  }

  delta(skip: "YES" | "v2"): string {
    return this.#text(skip);
  }

  /** A segment of some parts, each of which is told of; `look` after each. */
  segment(look: () => void = () => {}): this {
    const { breaks, inits, gaps, jumps, losses, targetDurationUs } = this.#options;
    if (this.#chance(jumps)) this.jump();
    const init = this.#init < 0 || this.#chance(inits);
    const begins = this.#init < 0;
    const steps = !begins && this.#chance(breaks) ? 1 + Math.floor(this.#random() * 2) : 0;
    const gap = this.#chance(gaps);
    if (init) {
      this.#init += 1;
      const bytes = new Uint8Array(1);
      this.#output.init({ number: this.#init, video: formatOf(640), audio: null, bytes });
    }
    this.#era += steps;
    const wallUs = BEGAN_US + this.#us;
    const of = { msn: this.#msn, startUs: this.#us, gap, independent: !gap };
    const place = { init: this.#init, era: this.#era, breaks: steps, part: this.#part };
    this.#output.segment({ ...of, ...place, first: null, wallUs });
    const parts = 1 + Math.floor((this.#random() * 0.9 * targetDurationUs) / PART_US);
    for (let at = 0; at < parts; at += 1) {
      this.#addPart(
        gap,
        at === parts - 1 ? 50_000 + Math.floor(this.#random() * 450_000) : PART_US,
      );
      if (at === parts - 1) this.#output.segmentEnd();
      this.#tell(losses);
      look();
    }
    this.#msn += 1;
    return this;
  }

  /** Nothing follows. */
  end(): void {
    this.#output.end();
    this.#tell(0);
  }

  /** Whoever decides may have died, and numbers are left out. */
  jump(): void {
    this.#msn += 2;
    this.#part += 16;
  }

  #addPart(gap: boolean, us: number): void {
    const [startUs, endUs] = [this.#us, this.#us + us];
    const of = { number: this.#part, msn: this.#msn, startUs, endUs, gap, independent: !gap };
    this.#output.part({ ...of, pictures: 15, bytes: new Uint8Array(1) }, []);
    this.#part += 1;
    this.#us = endUs;
    this.now += us;
  }

  #tell(losses: number): void {
    if (this.#chance(this.#options.dates)) this.#say();
    const news = this.#output.take(
      () => NO_GZIP,
      () => [],
      this.#dates,
    )!;
    this.segments.push(...news.segments);
    this.tail.take(this.#news(news), this.now);
    for (const { name, gap } of news.segments) {
      if (gap) continue;
      if (this.#chance(losses)) this.lost.add(name);
      else this.shelf.names.add(name);
    }
  }

  #say(): void {
    if (this.#date > 2 && this.#chance(0.2)) {
      this.#dates.remove(1 + Math.floor(this.#random() * this.#date));
      return;
    }
    this.#date += 1;
    const atMs = Math.floor(this.now / 1000) - Math.floor(this.#random() * 20_000);
    this.#dates.add({ id: this.#date, type: "cue", atMs, json: "{}" });
  }

  #news(news: NonNullable<ReturnType<Output["take"]>>): TailNews {
    const of = { type: "tail-news", stream: 1, edition: DVR_EDITION, rendition: 0 } as const;
    return { ...of, ...news };
  }

  #text(skip: "YES" | "v2" | null): string {
    return this.tail.textOf(this.tail.playlist(this.names.playlist)!, skip).text;
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }
}
