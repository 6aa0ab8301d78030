import type { WorkerCommand } from "../contract/messages.ts";
import type { RingGrant, StreamSource } from "../contract/source.ts";
import type { TailEvent } from "../contract/tail.ts";
import { Following } from "../feed/following.ts";
import { Staging } from "../feed/staging.ts";
import { Dates } from "./dates.ts";
import { Edition } from "./edition.ts";
import { EditionCopy } from "./edition-copy.ts";
import type { Gzip } from "./output.ts";
import { NO_STILL, Still } from "./still.ts";
import type { TailCutter } from "./tail-cutter.ts";
import { TailTally } from "./tail-tally.ts";

/** Nobody wakes the packager for packets: it comes by itself. A part of 200 ms is a tenth late at most. */
const LOOK_US = 20_000;

export interface PackagerGround {
  /** Reader-thread number in ring headers. */
  readonly reader: number;
  /** A new wish stands in a ring: wakes its writer. */
  readonly wish: (ring: RingGrant) => void;
  readonly tell: (event: TailEvent) => void;
  /** A tail made this thread throw, and is no more. */
  readonly failed: (error: unknown) => void;
  readonly gzip: Gzip;
  /** Wall clock less the monotonic one, us: the server's time at capture, as sender reports have it. */
  readonly wallOffsetUs: number;
  /** This thread's. */
  readonly counters: Float64Array;
}

type TailOpen = Extract<WorkerCommand, { readonly type: "tail-open" }>;

/** A tail that somebody wants. */
interface Tail {
  readonly opened: TailOpen;
  readonly cutter: TailCutter;
  /** What happens in it. */
  readonly dates: Dates;
  readonly tally: TailTally;
}

/** The tails that somebody wants, of all streams, on one thread. Times in us, monotonic. */
export class Packager {
  readonly #ground: PackagerGround;
  readonly #staging: Staging;
  /** By stream. */
  readonly #sources = new Map<number, StreamSource>();
  readonly #tails = new Map<number, Tail>();
  /** Pictures that are sought. */
  readonly #stills = new Map<number, Still>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(ground: PackagerGround) {
    this.#ground = ground;
    // No cipher reads what is staged here: it needs no address.
    this.#staging = new Staging({ bytes: new Uint8Array(Staging.bytes(1)), address: 0 }, 1);
  }

  command(command: WorkerCommand, now: number): void {
    if (command.type === "source") this.#setSource(command.stream, command.source, now);
    else if (command.type === "tail-open") this.#open(command, now);
    else if (command.type === "tail-cut") {
      const cutter = this.#tails.get(command.stream)?.cutter;
      if (cutter instanceof EditionCopy) cutter.cut(command, now);
    } else if (command.type === "tail-end") {
      this.#tails.get(command.stream)?.cutter.end(this.#wallUs(now));
    } else if (command.type === "tail-date") {
      this.#tails.get(command.stream)?.dates.add(command.date);
    } else if (command.type === "tail-undate") {
      this.#tails.get(command.stream)?.dates.remove(command.id);
    } else if (command.type === "tail-close") this.#close(command.stream);
    else if (command.type === "tail-still") this.#seek(command.stream, now);
  }

  /** When it wants to look again; Infinity when there is nothing to look at. */
  nextLook(): number {
    const isIdle = this.#tails.size + this.#stills.size === 0;
    return isIdle ? Number.POSITIVE_INFINITY : this.#lookedAt + LOOK_US;
  }

  /** Takes what has come, if it is time. */
  look(now: number): void {
    if (now < this.nextLook()) return;
    this.#lookedAt = now;
    this.#lookForStills(now);
    const wallUs = this.#wallUs(now);
    for (const [stream, { cutter, opened, tally }] of this.#tails) {
      try {
        cutter.look(now, wallUs);
        tally.note(cutter, this.#ground.counters);
      } catch (error) {
        // Whatever it was made of: other tails go on.
        this.#close(stream);
        const edition = cutter.outputs?.edition ?? opened.edition;
        this.#ground.tell({ type: "tail-failed", stream, edition });
        this.#ground.failed(error);
      }
    }
  }

  #lookForStills(now: number): void {
    for (const [stream, still] of this.#stills) {
      try {
        const found = still.look(now);
        if (found === null) continue;
        this.#ground.tell({ type: "tail-still", stream, ...found });
      } catch (error) {
        this.#ground.tell({ type: "tail-still", stream, ...NO_STILL });
        this.#ground.failed(error);
      }
      this.#stills.delete(stream);
      // A tail of the stream has the same word in its rings.
      if (!this.#tails.has(stream)) still.release();
    }
  }

  #setSource(stream: number, source: StreamSource | null, now: number): void {
    if (source === null) this.#sources.delete(stream);
    else this.#sources.set(stream, source);
    this.#stills.get(stream)?.setSource(this.#follow(stream), now);
    const tail = this.#tails.get(stream);
    if (tail === undefined) return;
    const { cutter, opened, dates } = tail;
    const isOther = source !== null && isPulled(source) !== cutter instanceof EditionCopy;
    if (!isOther) cutter.setSource(this.#follow(stream), now, this.#wallUs(now));
    else {
      // Another node decides from now on, or this one does.
      cutter.setSource(null, now, this.#wallUs(now));
      this.#begin(opened, dates, cutter, now);
    }
  }

  #seek(stream: number, now: number): void {
    if (this.#stills.has(stream)) return;
    const still = new Still(this.#staging, now);
    this.#stills.set(stream, still);
    still.setSource(this.#follow(stream), now);
  }

  #open(opened: TailOpen, now: number): void {
    this.#close(opened.stream);
    this.#begin(opened, new Dates(), null, now);
  }

  #begin(opened: TailOpen, dates: Dates, before: TailCutter | null, now: number): void {
    const { stream, edition, partUs, dvr } = opened;
    const { tell, gzip } = this.#ground;
    const wallUs = this.#wallUs(now);
    const outputs = before?.outputs ?? null;
    const staging = this.#staging;
    const ground = { stream, tell, gzip, dvr, dates, staging, before: outputs };
    const source = this.#sources.get(stream);
    const cutter =
      source !== undefined && isPulled(source)
        ? new EditionCopy(ground)
        : new Edition({ ...ground, edition, partUs, wallUs });
    const tally = this.#tails.get(stream)?.tally ?? new TailTally();
    this.#tails.set(stream, { opened, cutter, dates, tally });
    cutter.setSource(this.#follow(stream), now, wallUs);
  }

  #close(stream: number): void {
    this.#tails.get(stream)?.cutter.release();
    this.#tails.delete(stream);
  }

  #follow(stream: number): Following | null {
    const source = this.#sources.get(stream);
    const { reader, wish } = this.#ground;
    return source === undefined ? null : new Following(source, reader, wish);
  }

  /** Whole: times of media are. */
  #wallUs(now: number): number {
    return Math.round(now + this.#ground.wallOffsetUs);
  }
}

/** Another node is the root of it. */
function isPulled({ pulled }: StreamSource): boolean {
  return pulled === true;
}
