import type { TailSegment } from "../contract/tail.ts";
import type { Folder, GrowingFile } from "./disk.ts";
import { fileName } from "./file-name.ts";
import { beginningOf, shiftTimes } from "./times.ts";

/** A file of that time may be there: a server's before, or another's in the same folder. */
const NAMES_TRIED = 100;
const HOUR_US = 3_600_000_000;

/** What a segment consists of. */
export interface SegmentBytes {
  /** Of the file that stands before it. */
  readonly init: Uint8Array<ArrayBuffer>;
  readonly parts: readonly Uint8Array[];
}

/** What is wrong is the segment: others can be written. */
export class SegmentError extends Error {}

/** Where a segment lies in its file. */
export interface Place {
  readonly from: number;
  readonly length: number;
}

/**
 * One growing file: an init, and the segments behind it, one after the other without a hole. Another
 * one begins with each hour of the clock, and wherever a segment does not go on from the one before.
 */
export class Reel {
  /** Bytes that are whole. */
  length = 0;
  /** Of the newest segment: where it ends, wall clock. */
  toUs: number;
  /** Sum of its segments' durations. */
  durationUs = 0;
  #nextMsn: number;
  readonly #hour: number;

  private constructor(
    readonly name: string,
    private readonly file: GrowingFile,
    private readonly first: TailSegment,
    /** What was taken from its times, in 1/6000 s. */
    readonly beats: number,
  ) {
    this.toUs = first.wallUs;
    this.#nextMsn = first.msn;
    this.#hour = hourOf(first);
  }

  /** For a segment, and those that go on from it. Nothing is written yet. */
  static async begin(
    folder: Folder,
    { hash, rendition }: { readonly hash: string; readonly rendition: number },
    first: TailSegment,
    { parts }: SegmentBytes,
  ): Promise<Reel> {
    // What came late for the segment before may be older than its own first part.
    const beginnings = parts.map(beginningOf);
    if (beginnings.includes(null)) throw new SegmentError("it has no times");
    const beats = Math.min(...(beginnings as number[]));
    const wallMs = Math.floor(first.wallUs / 1000);
    for (let later = 0; later < NAMES_TRIED; later += 1) {
      const name = fileName(hash, wallMs + later, rendition);
      const file = await folder.create(name);
      if (file !== null) return new Reel(name, file, first, beats);
    }
    throw new Error(`${fileName(hash, wallMs, rendition)} and those after it are there already`);
  }

  /** The name of its init. */
  get init(): string {
    return this.first.init;
  }

  get fromUs(): number {
    return this.first.wallUs;
  }

  takes(segment: TailSegment): boolean {
    if (segment.msn !== this.#nextMsn || segment.init !== this.init) return false;
    return (
      segment.msn === this.first.msn || (segment.breaks === 0 && hourOf(segment) === this.#hour)
    );
  }

  /** Whole and on the disk once this resolves. */
  async append(segment: TailSegment, { init, parts }: SegmentBytes): Promise<Place> {
    const head = this.length === 0 ? init : NOTHING;
    const bytes = joined([head, ...parts]);
    const media = bytes.subarray(head.length);
    if (!shiftTimes(media, -this.beats)) throw new SegmentError("it begins before its file");
    await this.file.write(bytes, this.length);
    await this.file.sync();
    const place = { from: this.length + head.length, length: media.length };
    this.length += bytes.length;
    this.durationUs += segment.durationUs;
    this.toUs = segment.wallUs + segment.durationUs;
    this.#nextMsn = segment.msn + 1;
    return place;
  }

  async finish(): Promise<void> {
    await this.file.close();
  }

  /** Something failed: of what came last there may be a piece. */
  async abandon(): Promise<void> {
    await this.file.truncate(this.length).catch(ignore);
    await this.file.close().catch(ignore);
  }
}

const NOTHING = new Uint8Array(0);

/** It has failed before, and was told. */
function ignore(): void {}

function hourOf({ wallUs }: TailSegment): number {
  return Math.floor(wallUs / HOUR_US);
}

function joined(all: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of all) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}
