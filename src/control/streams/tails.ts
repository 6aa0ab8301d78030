import type { Archive } from "../../archive/archive.ts";
import type { Keep } from "../../archive/recording.ts";
import type { CutEvent } from "../../contract/cluster.ts";
import type { TailCut, TailEvent, TailStill } from "../../contract/tail.ts";
import {
  PUBLISHER_SILENCE_US,
  TAIL_AGAIN_US,
  TAIL_ENDED_US,
  TAIL_GRACE_US,
  TAIL_LAYERS_US,
  TAIL_UNASKED_US,
} from "../../limits.ts";
import type { Logger } from "../../log.ts";
import { whyNoFiles } from "../../wire/file-codecs.ts";
import type { MediaPlane, PackagerPlane, RelayPlane } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { endRecordings } from "./end-recordings.ts";
import type { Remark } from "./remark.ts";
import type { Seats } from "./seats.ts";
import { Stills } from "./stills.ts";
import type { Stream } from "./stream.ts";
import type { StreamEvent } from "./stream-event.ts";
import type { Streams } from "./streams.ts";
import { Tail, type TailOptions } from "./tail.ts";
import { datingOf } from "./tail-dating.ts";
import { Waiters } from "./waiters.ts";

export interface TailsOptions {
  readonly packager: PackagerPlane;
  /** Null where this node belongs to no cluster. */
  readonly relay: RelayPlane | null;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  /** PART-TARGET, us. */
  readonly partUs: number;
  /** Of all files of all tails. */
  readonly memoryBytes: number;
  /** Of requests that wait. */
  readonly seats: Seats;
  /** What is kept of what was said of a stream, by its name. */
  readonly saidOf: (name: string) => readonly Remark[];
  readonly plane: MediaPlane;
  /** Whether a stream has a tail, by its name. */
  readonly modeOf: (name: string) => "on" | "always" | "off";
  /** What is kept of a stream on a disk, by its name; null for nothing. */
  readonly keepOf: (name: string) => Keep | null;
  /** Where; null where that is nowhere. */
  readonly archive: Archive | null;
}

/**
 * A root tells how it cuts a stream with its first keyframe, or behind a whole group of ten seconds of a
 * publisher who sends them as it likes. One that has told nothing for so long is too old to do so.
 */
const UNTOLD_US = 30_000_000;
/** 128 bits: who has the name of a file was told it. */
const EDITION_BYTES = 16;

/** The tails of all streams: who wants one makes it begin, and it ends when nobody asks any more. */
export class Tails {
  /** Requests for what is about to come. */
  readonly waiters: Waiters;
  /** Single pictures, which need no tail. */
  readonly stills: Stills;
  readonly #options: TailsOptions;
  /** By the number of their stream. */
  readonly #tails = new Map<number, Tail>();
  /** Streams that other nodes cut as this one does. */
  readonly #wished = new Set<number>();
  /** Those that need nobody who asks, and have found no memory. */
  readonly #roomless = new Set<Stream>();

  constructor(options: TailsOptions) {
    this.#options = options;
    this.waiters = new Waiters(options.seats);
    this.stills = new Stills(options);
  }

  get archive(): Archive | null {
    return this.#options.archive;
  }

  get size(): number {
    return this.#tails.size;
  }

  values(): MapIterator<Tail> {
    return this.#tails.values();
  }

  /** Of all files. */
  get bytes(): number {
    return this.values().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Players of all. */
  get viewers(): number {
    const now = this.#options.clock.now();
    return this.values().reduce((sum, { viewers }) => sum + viewers.count(now), 0);
  }

  of(stream: Stream): Tail | undefined {
    return this.#tails.get(stream.number);
  }

  /** Why a stream can have none, as the end of a sentence, as far as that is known of one that nobody cuts. */
  whyNone({ name, source }: Stream): string | null {
    const { plane, modeOf } = this.#options;
    if (source === null || modeOf(name) === "off") return null;
    const codecs = source.of("video").map(({ ring }) => plane.describeRing(ring).codec);
    return whyNoFiles(new Set(codecs.filter((codec) => codec !== null)));
  }

  /** The tail of a stream for somebody who asks: begins if need be; null when no memory is left for it. */
  ask(stream: Stream): Tail | null {
    const tail = this.#tails.get(stream.number);
    if (tail === undefined) return this.#hasRoom() ? this.#open(stream) : null;
    tail.askedAt = this.#options.clock.now();
    return tail;
  }

  /** Whether layers that its source sends have no rendition yet, though they may in a moment. */
  awaitsLayers({ stream: { source }, beganAt, renditions }: Tail): boolean {
    if (source === null || beganAt === null) return false;
    const { clock, plane } = this.#options;
    const now = clock.now();
    if (now - Math.max(beganAt, source.sinceUs) >= TAIL_LAYERS_US) return false;
    return source.of("video").some(({ ring }, layer) => {
      if (renditions.has(layer)) return false;
      // What nobody has wanted yet begins to flow from another node only now.
      if (source.origin.kind === "link") return true;
      const heardUs = Math.max(source.sinceUs, plane.describeRing(ring).lastReceiptUs);
      return now - heardUs < PUBLISHER_SILENCE_US;
    });
  }

  /** What the packager worker tells. An edition that has ended is told of once more at most. */
  readonly handle = (event: TailEvent): void => {
    const now = this.#options.clock.now();
    if (event.type === "tail-still") this.stills.take(event);
    else if (event.type === "tail-cut") {
      const { stream, edition, number, body } = event;
      this.#options.relay?.send({ type: "cut", stream, edition, number, body });
    } else this.#take(event, now);
    this.waiters.look(now);
  };

  /** What other nodes tell of tails, and want of them. */
  hearNodes(event: CutEvent): void {
    const { stream } = event;
    if (event.type === "cut") {
      const { edition, number, body } = event;
      this.#options.packager.send({ type: "tail-cut", stream, edition, number, body });
    } else if (event.wished) {
      this.#wished.add(stream);
      this.#openWished();
    } else this.#wished.delete(stream);
  }

  /** The relay worker has begun: it knows nothing. */
  relayStarted(): void {
    this.#wished.clear();
    for (const stream of this.#tails.keys()) this.#tellRelay(stream, true);
  }

  /** The packager worker has begun: what there was has broken off, and begins anew under other names. */
  packagerStarted(): void {
    for (const tail of [...this.#tails.values()]) this.#again(tail);
    this.stills.packagerStarted();
    this.waiters.look(this.#options.clock.now());
  }

  readonly hear = (event: StreamEvent): void => {
    if (event.type === "published") {
      const { stream } = event;
      if (this.#options.modeOf(stream.name) === "always") this.#openAlways(stream);
    } else if (event.type === "unpublished") {
      const tail = this.#tails.get(event.stream.number);
      if (tail !== undefined && event.stream.source === null) {
        tail.sourceless = this.#options.clock.now();
      }
    } else if (event.type === "remark" && this.#tails.has(event.stream.number)) {
      this.#date(event.stream, event.remark);
    }
  };

  /** Resolves when what is recorded is on its disk, to the end. */
  stop(): Promise<void> {
    const { packager, clock } = this.#options;
    return endRecordings(this.#tails.values(), packager, this.waiters, clock.now());
  }

  /** Called several times a second. */
  tick(): void {
    const now = this.#options.clock.now();
    for (const tail of [...this.#tails.values()]) this.#look(tail, now);
    this.#openWished();
    for (const stream of this.#roomless) this.#openAlways(stream);
    this.stills.tick();
    this.waiters.look(now);
  }

  #look(tail: Tail, now: number): void {
    const { packager, streams } = this.#options;
    const { stream, sourceless } = tail;
    const away = sourceless === null ? 0 : now - sourceless;
    if (away > TAIL_GRACE_US && tail.state === "live") {
      packager.send({ type: "tail-end", stream: stream.number });
    }
    if (this.#isToBeginAnew(tail, now)) {
      this.#again(tail);
      return;
    }
    if (this.#isUntold(tail, now)) tail.giveUp();
    const isNeeded = tail.always || this.#wished.has(stream.number);
    const unasked = !isNeeded && now - tail.askedAt > TAIL_UNASKED_US;
    if (!unasked && away <= TAIL_GRACE_US + TAIL_ENDED_US) return;
    packager.send({ type: "tail-close", stream: stream.number });
    this.#forget(tail);
    streams.letGo(stream);
  }

  #open(stream: Stream): Tail {
    const { packager, clock, random, partUs, modeOf, saidOf } = this.#options;
    const edition = random(EDITION_BYTES).toHex();
    const always = modeOf(stream.name) === "always";
    const own = stream.source?.origin.kind === "link" ? null : edition;
    const kept = this.#keep(stream);
    const tail = new Tail(stream, own, { now: clock.now(), always, ...kept });
    this.#tails.set(stream.number, tail);
    stream.audiences.add(tail);
    const open = { stream: stream.number, edition, partUs, dvr: kept.dvr !== null };
    packager.send({ type: "tail-open", ...open });
    // Of those before its first picture it lists none.
    for (const remark of saidOf(stream.name)) this.#date(stream, remark);
    this.#tellRelay(stream.number, true);
    return tail;
  }

  /** Its playlists tell of what is said of its pictures. */
  #date({ number: stream }: Stream, remark: Remark): void {
    const command = datingOf(stream, remark);
    if (command !== null) this.#options.packager.send(command);
  }

  #take(event: Exclude<TailEvent, TailStill | TailCut>, now: number): void {
    const tail = this.#tailOf(event);
    tail?.take(event, now);
    if (event.type !== "tail-unavailable" || tail === null) return;
    if (tail.recording === null && !event.tooHeavy) return;
    const what = tail.recording === null ? "A stream has no tail" : "A stream cannot be recorded";
    this.#options.log.warn(what, { stream: tail.stream.name, cause: event.reason });
  }

  /** Whose news it is; another one where the node that decides has begun anew. */
  #tailOf({ stream, edition }: { stream: number; edition: string | null }): Tail | null {
    const tail = this.#tails.get(stream);
    if (tail === undefined) return null;
    if (tail.edition === null || tail.edition === edition) return tail;
    if (edition === null || tail.stream.source?.origin.kind !== "link") return null;
    return this.#replace(tail, edition);
  }

  #replace(tail: Tail, edition: string): Tail {
    const { stream, always, sourceless, askedAt: now } = tail;
    void tail.recording?.close();
    const next = new Tail(stream, edition, { now, always, ...this.#keep(stream) });
    next.sourceless = sourceless;
    this.#tails.set(stream.number, next);
    stream.audiences.delete(tail);
    stream.audiences.add(next);
    return next;
  }

  /** One that needs nobody who asks; as soon as there is memory for it. */
  #openAlways(stream: Stream): void {
    const { keepOf, log } = this.#options;
    const { name, number, source } = stream;
    const isWanted = source !== null && !this.#tails.has(number);
    if (isWanted && !this.#hasRoom()) {
      if (this.#roomless.has(stream)) return;
      this.#roomless.add(stream);
      const mend = "raise --hls-memory";
      if (keepOf(name) !== null) log.warn("No memory to record a stream", { stream: name, mend });
      return;
    }
    this.#roomless.delete(stream);
    if (isWanted) this.#open(stream);
  }

  /** What other nodes cut as this one does it has to cut, whoever asks here. */
  #openWished(): void {
    if (this.#wished.size === 0) return;
    for (const stream of this.#options.streams.values()) {
      const isOwn = stream.source?.origin.kind === "session";
      if (!isOwn || !this.#wished.has(stream.number) || this.#tails.has(stream.number)) continue;
      if (this.#options.modeOf(stream.name) !== "off" && this.#hasRoom()) this.#open(stream);
    }
  }

  /** Begins what is kept of an edition, and lets viewers go back to it. */
  #keep({ name }: Stream): Pick<TailOptions, "recording" | "dvr"> {
    const { archive, keepOf } = this.#options;
    const keep = keepOf(name);
    const recording = keep === null ? null : (archive?.open(name, keep) ?? null);
    const windowUs = keep?.dvrUs ?? 0;
    const dvr = recording === null || windowUs === 0 ? null : { windowUs, shelf: recording };
    return { recording, dvr };
  }

  #tellRelay(stream: number, open: boolean): void {
    this.#options.relay?.send({ type: "cuts", stream, open });
  }

  /** The node that decides has told nothing for long, though media comes from there. */
  #isUntold({ state, stream: { source }, openedAt }: Tail, now: number): boolean {
    if (state !== "starting" || source?.origin.kind !== "link") return false;
    if (now - Math.max(openedAt, source.sinceUs) < UNTOLD_US) return false;
    return !source.isSilent(this.#options.plane, now);
  }

  /** It has failed for long enough, or had ended when its publisher came back after all. */
  #isToBeginAnew({ failedAt, state, stream }: Tail, now: number): boolean {
    if (failedAt !== null) return now - failedAt > TAIL_AGAIN_US;
    return state === "ended" && stream.source !== null;
  }

  /** What there was has broken off: another edition takes its place, if there is something to cut. */
  #again(tail: Tail): void {
    const { stream, askedAt } = tail;
    this.#forget(tail);
    if (stream.source !== null) this.#open(stream).askedAt = askedAt;
    else this.#options.streams.letGo(stream);
  }

  #forget(tail: Tail): void {
    this.#tellRelay(tail.stream.number, false);
    this.#tails.delete(tail.stream.number);
    tail.stream.audiences.delete(tail);
    void tail.recording?.close();
  }

  /** A tail that begins may grow until all of them have what they may have. */
  #hasRoom(): boolean {
    return this.bytes < this.#options.memoryBytes;
  }
}
