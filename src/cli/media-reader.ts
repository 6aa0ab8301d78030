/** A media file that is read on a thread of its own, within bounds of time and memory. */
import type { PlaybackItem } from "../client/file-pass.ts";
import { MediaFileError, type MediaSelection } from "../client/media.ts";
import type { FileDescription, ReaderReply, ReaderRequest } from "../client/reader-messages.ts";
import { monotonicUs } from "../io/clock.ts";
import { spawnWorker } from "../io/spawn.ts";

/** Tables that lie keep a reader busy for ever; a slow disk is faster than this. */
const PATIENCE_US = 10_000_000;
/** A film of ten hours takes some 200 MiB to index. */
const MEMORY_MAX_BYTES = 2 ** 30;
const WATCH_MS = 100;
/** The next batch is asked for when fewer items are left. */
const ITEMS_LOW = 32;

export interface ReaderOptions {
  readonly path: string;
  /** As the user named it. */
  readonly name: string;
  readonly selection: MediaSelection;
  readonly loop: boolean;
  /** By default 10 s without an answer. */
  readonly patienceUs?: number;
  /** By default 1 GiB more than before. */
  readonly memoryBytes?: number;
}

export class MediaReader {
  readonly #worker: Worker;
  readonly #options: ReaderOptions;
  readonly #items: PlaybackItem[] = [];
  #settle: ((reply: ReaderReply) => void) | null = null;
  #reading: Promise<void> | null = null;
  #failure: MediaFileError | null = null;
  #done = false;
  gapsClosed = 0;

  /** Starts the thread and checks the file. Throws a MediaFileError. */
  static async open(
    options: ReaderOptions,
  ): Promise<{ reader: MediaReader; file: FileDescription }> {
    const reader = new MediaReader(options);
    try {
      const { path, name, selection, loop } = options;
      const reply = await reader.#ask({ type: "open", path, name, selection, loop });
      if (reply.type === "failed") throw new MediaFileError(reply.message);
      if (reply.type !== "opened") throw new MediaFileError(`${name}: cannot be read`);
      reader.#read({ type: "read" });
      return { reader, file: reply };
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  private constructor(options: ReaderOptions) {
    this.#options = options;
    this.#worker = spawnWorker("reader");
    this.#worker.onmessage = ({ data }: MessageEvent<ReaderReply>) => this.#settle?.(data);
    this.#worker.onerror = ({ message }) => {
      this.#settle?.({ type: "failed", message: `${options.name}: cannot be read (${message})` });
    };
  }

  /** Takes the next item: null at the end, undefined while it is still being read. */
  poll(): PlaybackItem | null | undefined {
    if (this.#items.length < ITEMS_LOW && this.#reading === null && !this.#done) {
      this.#read({ type: "read" });
    }
    const item = this.#items.shift();
    if (item !== undefined) return item;
    if (this.#failure !== null) throw this.#failure;
    return this.#done ? null : undefined;
  }

  /** As `poll`, but waits. */
  async next(): Promise<PlaybackItem | null> {
    for (;;) {
      const item = this.poll();
      if (item !== undefined) return item;
      await this.#reading;
    }
  }

  /** Goes on at the keyframe at or before a time. */
  async seek(timeUs: number): Promise<void> {
    await this.#reading;
    this.#items.length = 0;
    this.#done = false;
    this.#read({ type: "seek", timeUs });
    await this.#reading;
  }

  close(): void {
    this.#worker.terminate();
  }

  #read(request: ReaderRequest): void {
    if (this.#failure !== null) return;
    this.#reading = this.#ask(request).then((reply) => {
      this.#reading = null;
      if (reply.type === "batch") {
        // Taken one by one from the front: few enough that shifting them costs nothing.
        this.#items.push(...reply.items);
        this.#done = reply.done;
        this.gapsClosed = reply.gapsClosed;
      } else if (reply.type === "failed") {
        this.#failure = new MediaFileError(reply.message);
      }
    });
  }

  /** Resolves with the answer, or with `failed` when the bounds are passed and the thread was ended. */
  #ask(request: ReaderRequest): Promise<ReaderReply> {
    const { name, patienceUs = PATIENCE_US, memoryBytes = MEMORY_MAX_BYTES } = this.#options;
    const { promise, resolve } = Promise.withResolvers<ReaderReply>();
    const deadline = monotonicUs() + patienceUs;
    const memory = process.memoryUsage.rss() + memoryBytes;
    const giveUp = (why: string): void => {
      this.#worker.terminate();
      this.#settle?.({
        type: "failed",
        message: `${name}: damaged: reading it takes more than ${why}`,
      });
    };
    const watch = setInterval(() => {
      if (monotonicUs() > deadline) giveUp(`${patienceUs / 1e6} s without a result`);
      else if (process.memoryUsage.rss() > memory) giveUp(`${memoryBytes / 2 ** 20} MiB of memory`);
    }, WATCH_MS);
    this.#settle = (reply) => {
      clearInterval(watch);
      this.#settle = null;
      resolve(reply);
    };
    this.#worker.postMessage(request);
    return promise;
  }
}
