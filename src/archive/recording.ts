import type { TailSegment } from "../contract/tail.ts";
import { ARCHIVE_WAITING_MAX } from "../limits.ts";
import type { Folder } from "./disk.ts";
import { hashOf } from "./file-name.ts";
import { type Place, Reel, type SegmentBytes, SegmentError } from "./reel.ts";
import type { Shelf } from "./shelf.ts";
import type { Store } from "./store.ts";
import { shiftTimes } from "./times.ts";
import type { LossReason, Totals } from "./totals.ts";

/** What is kept of a stream. */
export interface Keep {
  /** Viewers may go back so far, us; 0: they may not. */
  readonly dvrUs: number;
  /** Where all of it stays; null: what is older than that goes. */
  readonly folder: string | null;
}

/** A file that viewers may go back to. */
interface Kept {
  readonly reel: Reel;
  readonly names: string[];
}

/** A segment of one. */
interface Filed extends Place {
  readonly reel: Reel;
}

/** What is written of one rendition. */
interface Strand {
  readonly rendition: number;
  reel: Reel | null;
  /** Segments that wait for the disk. */
  waiting: number;
}

/** One edition of a stream on a disk: what of it was written, and the way back to it. */
export class Recording implements Shelf {
  /** Bytes that were written, and segments that were not. */
  bytes = 0;
  lost = 0;
  readonly #hash: string;
  readonly #strands = new Map<number, Strand>();
  /** From the oldest on; of all renditions. */
  #kept: Kept[] = [];
  readonly #places = new Map<string, Filed>();
  readonly #inits = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #reading = new Map<string, Promise<Uint8Array<ArrayBuffer> | null>>();
  /** Where the newest segment ends, be it written or not. */
  #newestUs = 0;

  constructor(
    private readonly stream: string,
    readonly keep: Keep,
    readonly store: Store,
    private readonly totals: Totals,
  ) {
    this.#hash = hashOf(stream);
  }

  /**
   * A segment that is complete. Its bytes are held until it is written: who gets behind loses some, so
   * that no more wait than memory holds anyway.
   */
  add(rendition: number, segment: TailSegment, bytes: SegmentBytes): void {
    this.#newestUs = Math.max(this.#newestUs, segment.wallUs + segment.durationUs);
    let strand = this.#strands.get(rendition);
    if (strand === undefined) {
      strand = { rendition, reel: null, waiting: 0 };
      this.#strands.set(rendition, strand);
    }
    if (strand.waiting >= ARCHIVE_WAITING_MAX) this.#lose("slow");
    else void this.#write(strand, segment, bytes);
    this.#forgetOld();
  }

  /** One that never came to be whole in memory. */
  lose(): void {
    this.#lose("memory");
  }

  has(name: string): boolean {
    return this.#places.has(name) || this.#inits.has(name);
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    // A crowd asks for the same at once.
    let reading = this.#reading.get(name);
    if (reading === undefined) {
      reading = this.#read(name);
      this.#reading.set(name, reading);
      void reading.then(() => this.#reading.delete(name));
    }
    return reading;
  }

  /** Nothing comes any more, and nobody asks. Resolves once its files are as they stay. */
  async close(): Promise<void> {
    const kept = this.#kept.splice(0);
    this.#places.clear();
    this.#inits.clear();
    await this.store.tidy(async () => {
      for (const strand of this.#strands.values()) await this.#finish(strand);
      kept.push(...this.#kept.splice(0));
      for (const { reel } of kept) this.#drop(reel);
    });
  }

  async #read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const init = this.#inits.get(name);
    if (init !== undefined) return init;
    const place = this.#places.get(name);
    if (place === undefined) return null;
    const { reel, from, length } = place;
    const bytes = await this.store.read(reel.name, from, length);
    return bytes !== null && shiftTimes(bytes, reel.beats) ? bytes : null;
  }

  async #write(strand: Strand, segment: TailSegment, bytes: SegmentBytes): Promise<void> {
    strand.waiting += 1;
    let isWritten = false;
    const state = await this.store.write(async (folder) => {
      try {
        await this.#append(folder, strand, segment, bytes);
        // Whatever fails behind it.
        isWritten = true;
      } catch (error) {
        if (!(error instanceof SegmentError)) throw error;
      }
    });
    strand.waiting -= 1;
    if (!isWritten) this.#lose(state === "full" ? "full" : "failed");
  }

  async #append(
    folder: Folder,
    strand: Strand,
    segment: TailSegment,
    bytes: SegmentBytes,
  ): Promise<void> {
    if (strand.reel?.takes(segment) !== true) {
      await this.#finish(strand);
      const of = { hash: this.#hash, rendition: strand.rendition };
      strand.reel = await Reel.begin(folder, of, segment, bytes);
    }
    const { reel } = strand;
    try {
      const isNew = reel.length === 0;
      const place = await reel.append(segment, bytes);
      if (isNew) this.#begin(strand, reel, bytes);
      this.#file(reel, segment.name, place);
    } catch (error) {
      strand.reel = null;
      await reel.abandon();
      if (reel.length === 0) this.store.remove(reel.name);
      else this.#list(strand.rendition, reel, true);
      throw error;
    }
  }

  #begin(strand: Strand, reel: Reel, { init }: SegmentBytes): void {
    this.#list(strand.rendition, reel, false);
    if (this.keep.dvrUs === 0) return;
    this.#kept.push({ reel, names: [] });
    this.#inits.set(reel.init, init);
  }

  #file(reel: Reel, name: string, place: Place): void {
    this.bytes += place.length;
    this.totals.wrote(place.length);
    const kept = this.#kept.findLast((each) => each.reel === reel);
    if (kept === undefined) return;
    kept.names.push(name);
    this.#places.set(name, { ...place, reel });
  }

  /** The strand's file gets no more. */
  async #finish(strand: Strand): Promise<void> {
    const { reel } = strand;
    if (reel === null) return;
    strand.reel = null;
    await reel.finish();
    this.#list(strand.rendition, reel, true);
  }

  #list(rendition: number, reel: Reel, isWhole: boolean): void {
    this.store.list.set({
      ...{ file: reel.name, stream: this.stream, rendition },
      from: timeOf(reel.fromUs),
      to: isWhole ? timeOf(reel.toUs) : null,
      seconds: isWhole ? reel.durationUs / 1e6 : null,
    });
  }

  /** Nobody may go back as far as the end of the oldest files. */
  #forgetOld(): void {
    const oldestUs = this.#newestUs - this.keep.dvrUs;
    const old = this.#kept.filter(({ reel }) => reel.toUs < oldestUs);
    if (old.length === 0) return;
    this.#kept = this.#kept.filter((kept) => !old.includes(kept));
    for (const { names } of old) for (const name of names) this.#places.delete(name);
    for (const init of this.#inits.keys()) {
      if (!this.#kept.some(({ reel }) => reel.init === init)) this.#inits.delete(init);
    }
    void this.store.tidy(async () => {
      for (const { reel } of old) {
        // Its layer has not come for as long.
        for (const strand of this.#strands.values()) {
          if (strand.reel === reel) await this.#finish(strand);
        }
        this.#drop(reel);
      }
    });
  }

  /** It is not for viewers any more; where all stays it is left alone. */
  #drop({ name }: Reel): void {
    if (this.keep.folder === null) this.store.remove(name);
  }

  #lose(reason: LossReason): void {
    this.lost += 1;
    this.totals.lose(reason);
    if (reason === "slow") this.store.tellSlow();
  }
}

function timeOf(us: number): string {
  return new Date(us / 1000).toISOString();
}
