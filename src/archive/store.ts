import { messageOf } from "../errors.ts";
import { ARCHIVE_RETRY_US } from "../limits.ts";
import type { Logger } from "../log.ts";
import type { Disk, Folder } from "./disk.ts";
import { FileList, LIST_NAME } from "./file-list.ts";
import { isFileName } from "./file-name.ts";

/** While there is more to write the list of files is that old at most. */
const LIST_DELAY_US = 5_000_000;

/** Whether a folder takes something: its disk has no room, or it failed. */
export const STORE_STATES = ["on", "full", "failed"] as const;
export type StoreState = (typeof STORE_STATES)[number];

export interface StoreGround {
  readonly disk: Disk;
  /** Monotonic, us. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly log: Logger;
  /** What is left free of the disk. */
  readonly reserveBytes: number;
}

/** One folder. What is written goes one after the other. */
export class Store {
  state: StoreState = "on";
  /** Why it is not on. */
  reason = "";
  readonly list = new FileList();
  readonly #ground: StoreGround;
  #folder: Folder | null = null;
  /** It may not be what its path leads to any more. */
  #isDoubtful = false;
  /** What an earlier process left there was seen to. */
  #begun = false;
  #lane: Promise<unknown> = Promise.resolve();
  #jobs = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Files that are to go. */
  readonly #doomed = new Set<string>();
  #listedAt = Number.NEGATIVE_INFINITY;
  #slow = false;

  constructor(
    readonly path: string,
    ground: StoreGround,
    /** What is in it stays; else it goes with the process that wrote it. */
    private readonly stays: boolean,
  ) {
    this.#ground = ground;
  }

  /** Does what writes, when it is its turn; resolves to how the folder is then. Never rejects. */
  write(job: (folder: Folder) => Promise<void>): Promise<StoreState> {
    return this.#queue(() => this.#write(job));
  }

  /** Does what takes no room, behind all that came before. Never rejects. */
  tidy(job: () => Promise<void> = nothing): Promise<StoreState> {
    return this.#queue(async () => {
      await job();
      const folder = await this.#opened(false);
      if (folder !== null) await this.#keepUp(folder);
    });
  }

  /** A file goes with the next turn, or as soon as the disk lets it. */
  remove(name: string): void {
    this.#doomed.add(name);
  }

  /** A part of a file; null where it is not there whole. Never rejects. */
  async read(name: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const bytes = await this.#folder?.read(name, from, length);
      return bytes?.length === length ? bytes : null;
    } catch (error) {
      const cause = messageOf(error);
      this.#ground.log.warn("A recording cannot be read", { ...this.#told, cause });
      return null;
    }
  }

  /** More came than could be written. Told once until that has mended. */
  tellSlow(): void {
    if (this.#slow) return;
    this.#slow = true;
    this.#ground.log.warn("The disk is too slow: whole segments are not recorded", {
      ...this.#told,
      mend: "a faster disk, or fewer streams on it",
    });
  }

  #queue(job: () => Promise<void>): Promise<StoreState> {
    this.#jobs += 1;
    const turn = this.#lane.then(() => this.#turn(job));
    this.#lane = turn;
    return turn;
  }

  async #turn(job: () => Promise<void>): Promise<StoreState> {
    this.#jobs -= 1;
    try {
      await job();
      if (this.#jobs === 0) this.#slow = false;
    } catch (error) {
      this.#fail(error);
    }
    return this.state;
  }

  async #write(job: (folder: Folder) => Promise<void>): Promise<void> {
    if (this.#ground.now() < this.#pausedUntil) return;
    const folder = await this.#opened(true);
    if (folder === null || !(await this.#hasRoom(folder))) return;
    await job(folder);
    await this.#keepUp(folder);
    this.#goOn();
  }

  /** Removes what is to go, and tells of what there is. */
  async #keepUp(folder: Folder): Promise<void> {
    for (const name of this.#doomed) {
      await folder.remove(name);
      this.#doomed.delete(name);
      this.list.remove(name);
    }
    const now = this.#ground.now();
    // At each hour all streams begin a file: their list is written once.
    const isDue = this.#jobs === 0 || now - this.#listedAt > LIST_DELAY_US;
    if (!this.list.changed || !isDue) return;
    await this.#writeList(folder);
    this.#listedAt = now;
  }

  async #opened(make: boolean): Promise<Folder | null> {
    if (this.#folder === null || this.#isDoubtful) await this.#open(make);
    if (this.#folder === null || this.#begun) return this.#folder;
    await (this.stays ? this.#load(this.#folder) : clear(this.#folder));
    this.#begun = true;
    return this.#folder;
  }

  /** Anew: what was read from until now is let go of once there is another. */
  async #open(make: boolean): Promise<void> {
    const fresh = await this.#ground.disk.open(this.path, make);
    const before = this.#folder;
    this.#folder = fresh;
    this.#isDoubtful = false;
    await before?.close().catch(() => {});
  }

  /** Goes on with the list of an earlier process. One that cannot be read is put aside. */
  async #load(folder: Folder): Promise<void> {
    const text = await folder.text(LIST_NAME);
    if (text === null || this.list.load(text, new Set(await folder.list()))) return;
    const aside = `index-${this.#ground.wall()}.json`;
    await folder.rename(LIST_NAME, aside);
    this.#ground.log.warn("The list of recordings is not one: a new one begins", {
      ...this.#told,
      aside,
    });
  }

  async #writeList(folder: Folder): Promise<void> {
    this.list.changed = false;
    try {
      await folder.replace(LIST_NAME, this.list.text);
    } catch (error) {
      this.list.changed = true;
      throw error;
    }
  }

  async #hasRoom(folder: Folder): Promise<boolean> {
    const free = await folder.freeBytes();
    const { reserveBytes, log } = this.#ground;
    if (free >= reserveBytes) return true;
    if (this.state !== "full") {
      const left = `${mebibytes(free)} are left, ${mebibytes(reserveBytes)} are kept free`;
      this.#stop("full", left);
      const mend = "make room, or lower --disk-reserve";
      log.warn("The disk is full: nothing is recorded until there is room", {
        ...this.#told,
        left,
        mend,
      });
    }
    return false;
  }

  /** Whatever it was: the next one begins with the folder as it is then. Until then one may still read. */
  #fail(error: unknown): void {
    // Without the name of the file: each has another.
    const cause = messageOf(error).replace(/, \w+( '.*')?$/, "");
    this.#pausedUntil = this.#ground.now() + ARCHIVE_RETRY_US;
    if (this.state !== "failed" || this.reason !== cause) {
      this.#stop("failed", cause);
      this.#ground.log.error("Nothing is recorded: the folder cannot be written", {
        ...this.#told,
        cause,
        mend: "spillway doctor tells more; it is tried again by itself",
      });
    }
    this.#isDoubtful = true;
  }

  #stop(state: StoreState, reason: string): void {
    this.state = state;
    this.reason = reason;
  }

  #goOn(): void {
    if (this.state === "on") return;
    this.#stop("on", "");
    this.#ground.log.info("Recording goes on", this.#told);
  }

  get #told(): { readonly folder: string } {
    return { folder: this.path };
  }
}

async function nothing(): Promise<void> {}

/** Removes what a process that is no more has left. */
async function clear(folder: Folder): Promise<void> {
  for (const name of await folder.list()) {
    if (isFileName(name) || name.startsWith(LIST_NAME)) await folder.remove(name);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
