import type { Recording } from "../../archive/recording.ts";
import type {
  TailCut,
  TailEvent,
  TailNews,
  TailPlaylist,
  TailSegment,
  TailStill,
  TailText,
  TailVariant,
} from "../../contract/tail.ts";
import type { Audience } from "./audience.ts";
import { type Dvr, DvrList, type Skip } from "./dvr-list.ts";
import type { Stream } from "./stream.ts";
import { TailViewers } from "./tail-viewers.ts";

/** Where a tail stands: no playlist yet, one that grows, one that ended, none that could be, or one
 * that broke off. */
export const TAIL_STATES = ["starting", "live", "ended", "unavailable", "failed"] as const;
export type TailState = (typeof TAIL_STATES)[number];

export interface TailOptions {
  readonly now: number;
  readonly always: boolean;
  /** Null where viewers may not go back. */
  readonly dvr: Dvr | null;
  readonly recording: Recording | null;
}

/** What is not in memory is nowhere. */
const NO_DVR: Dvr = { windowUs: 0, shelf: { has: () => false, read: () => Promise.resolve(null) } };

const UNTOLD = "the node that publishes it does not tell how it is cut: is its version older?";

/** A tail as control hands it out: one edition's files in memory. */
export class Tail implements Audience {
  state: TailState = "starting";
  /** Why it is unavailable or failed. */
  reason = "";
  /** us: when it failed; null of one that did not. */
  failedAt: number | null = null;
  /** us: when there was something to play first; null before. */
  beganAt: number | null = null;
  /** us: when it was asked for first, and last. */
  readonly openedAt: number;
  askedAt: number;
  /** us: since when its stream has no source; null while it has one. */
  sourceless: number | null = null;
  /** It needs nobody who asks. */
  readonly always: boolean;
  /** What is kept of it on a disk; null for nothing. */
  readonly recording: Recording | null;
  readonly viewers = new TailViewers();
  /** Bytes of its files. */
  bytes = 0;
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #segments = new Map<string, readonly string[]>();
  readonly #playlists = new Map<string, TailPlaylist>();
  /** Of those that list more than is in memory, by their names. */
  readonly #lists = new Map<string, DvrList>();
  readonly #dvr: Dvr | null;
  /** By rendition: what index.m3u8 tells. */
  readonly #variants = new Map<number, TailVariant>();

  constructor(
    readonly stream: Stream,
    /** What its files are named with; null until the node that decides has told. */
    public edition: string | null,
    { now, always, dvr, recording }: TailOptions,
  ) {
    this.openedAt = now;
    this.askedAt = now;
    this.always = always;
    this.#dvr = dvr;
    this.recording = recording;
  }

  /** One that reads the stream, however many read the files. */
  readonly size = 1;

  /** The packager is told of sources by itself, as all who read. */
  follow(): void {
    this.sourceless = null;
    if (this.state !== "unavailable") return;
    const lists = this.#playlists.values().some(({ part }) => part >= 0);
    this.state = lists ? "live" : "starting";
    this.reason = "";
  }

  /** Nobody tells how it is cut. A word of the node that decides makes it live all the same. */
  giveUp(): void {
    this.state = "unavailable";
    this.reason = UNTOLD;
  }

  /** Takes what the packager tells of this edition, at `now`, us. */
  take(event: Exclude<TailEvent, TailStill | TailCut>, now: number): void {
    this.edition ??= event.edition;
    if (event.type === "tail-news") {
      this.#takeNews(event, now);
      if (this.#variants.size > 0) this.beganAt ??= now;
    } else if (event.type === "tail-unavailable") {
      this.state = "unavailable";
      this.reason = event.reason;
    } else {
      this.state = "failed";
      this.reason = "the server made a mistake";
      this.failedAt = now;
    }
  }

  /** Of all renditions, of which limits allow some; none before the first part. */
  get variants(): TailVariant[] {
    return [...this.#variants.values()];
  }

  /** Those of which index.m3u8 can tell, by number: that of their layer. */
  get renditions(): ReadonlySet<number> {
    return new Set(this.#variants.keys());
  }

  /** Which rendition a file belongs to, by its name. */
  variantOf(file: string): TailVariant | undefined {
    const prefix = `${this.edition}-`;
    const rest = file.startsWith(prefix) ? file.slice(prefix.length) : "";
    return this.#variants.get(Number.parseInt(rest, 10));
  }

  playlist(name: string): TailPlaylist | undefined {
    return this.#playlists.get(name);
  }

  /**
   * So long viewers may go back, as far as there is something since then (wall clock at capture, us;
   * null before there is); null where they may not.
   */
  get reach(): { readonly windowUs: number; readonly sinceUs: number | null } | null {
    if (this.#dvr === null) return null;
    const since = [...this.#lists.values()].map((list) => list.sinceUs);
    return {
      windowUs: this.#dvr.windowUs,
      sinceUs: since.length === 0 ? null : Math.min(...since),
    };
  }

  /** What it lists now. `skip`: but for what who asks for that has, as far as it may be left out. */
  textOf({ name, list, ended }: TailPlaylist, skip: Skip | null): TailText {
    return "gzip" in list ? list : this.#lists.get(name)!.text(ended ? null : skip);
  }

  /** A file that is not in memory; null when it is not kept elsewhere, either. */
  async kept(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const shelf = this.#dvr?.shelf;
    // Whoever may have this stream may have no other one's.
    const isOwn = name.startsWith(`${this.edition}-`);
    return isOwn && shelf?.has(name) === true ? shelf.read(name) : null;
  }

  /** A file, or the parts of a segment, whole; undefined when it is not there (any more, or yet). */
  file(name: string): readonly Uint8Array<ArrayBuffer>[] | undefined {
    const file = this.#files.get(name);
    if (file !== undefined) return [file];
    const parts = this.#segments.get(name)?.map((part) => this.#files.get(part));
    return parts?.every((part) => part !== undefined) ? parts : undefined;
  }

  /** Whether some playlist hints at a file: it is on its way. */
  hintsAt(name: string): boolean {
    for (const { hint } of this.#playlists.values()) if (hint === name) return true;
    return false;
  }

  #takeNews({ files, segments, gone, playlist, rendition, variant }: TailNews, now: number): void {
    for (const { name, bytes } of files) {
      this.#files.set(name, bytes);
      this.bytes += bytes.length;
    }
    for (const { name, parts, gap } of segments) if (!gap) this.#segments.set(name, parts);
    for (const name of gone) this.#drop(name);
    if (this.recording !== null) this.#record(this.recording, rendition, segments);
    this.#playlists.set(playlist.name, playlist);
    this.#keepList(playlist, segments, now);
    if (variant !== null) this.#variants.set(rendition, variant);
    if (this.#variants.size > 0) {
      this.state = playlist.ended ? "ended" : "live";
      this.reason = "";
    }
  }

  #keepList(
    { name, list: edge }: TailPlaylist,
    segments: readonly TailSegment[],
    now: number,
  ): void {
    if ("gzip" in edge) return;
    const list = this.#lists.get(name);
    if (list !== undefined) list.take(segments, edge, now);
    else this.#lists.set(name, new DvrList(this.#dvr ?? NO_DVR, segments, edge, now));
  }

  #record(recording: Recording, rendition: number, segments: readonly TailSegment[]): void {
    for (const segment of segments) {
      if (segment.gap) continue;
      const parts = this.file(segment.name);
      const init = this.#files.get(segment.init);
      if (parts === undefined || init === undefined) recording.lose();
      else recording.add(rendition, segment, { init, parts });
    }
  }

  #drop(name: string): void {
    this.bytes -= this.#files.get(name)?.length ?? 0;
    this.#files.delete(name);
    this.#segments.delete(name);
  }
}
