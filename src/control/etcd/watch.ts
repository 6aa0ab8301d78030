import { within } from "../within.ts";
import { parse, type Questions, readQuestions } from "./answers.ts";
import type { EtcdClient } from "./client.ts";
import { type Keys, watchOf } from "./requests.ts";

/** A watch that is open may be dead: it is opened anew so often, where it was. */
const OPEN_MS = 30_000;
/** One that could not be opened is tried again so soon. */
const AGAIN_MS = 1_000;
/** Some hundred questions at once. */
const LINE_BYTES_MAX = 262_144;

interface WatchOptions {
  readonly client: EtcdClient;
  readonly keys: Keys;
  /** Whom the questions are for. */
  readonly node: string;
  readonly asked: (name: string) => void;
}

/** Hears what other nodes ask this one by way of etcd. */
export class Watch {
  readonly #options: WatchOptions;
  /** The first revision that was not read; null before any was. */
  #from: number | null = null;
  #turn = new AbortController();
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Another member is to be listened to. */
  restart(): void {
    this.#turn.abort();
  }

  stop(): void {
    this.#stopped = true;
    this.#turn.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#turn = new AbortController();
      const over = AbortSignal.any([this.#turn.signal, AbortSignal.timeout(OPEN_MS)]);
      await this.#listen(over);
      const { promise, resolve } = Promise.withResolvers<void>();
      over.addEventListener("abort", () => resolve());
      if (!over.aborted) await within(AGAIN_MS, promise);
    }
  }

  /** Until the watch ends. Why etcd does not answer its other calls tell. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { client, node, keys } = this.#options;
    try {
      const stream = await client.open(watchOf(node, keys, this.#from), signal);
      for await (const line of linesOf(stream)) {
        const questions = readQuestions(parse(line));
        if (questions === null || !this.#read(questions)) return;
      }
    } catch {
      // Another turn follows.
    }
  }

  /** False when the watch is of no use any more. */
  #read({ revision, canceled, names }: Questions): boolean {
    // What was to be read was compacted, or the store is an older one now: it would be waited for.
    const isElsewhere = canceled || (this.#from !== null && revision + 1 < this.#from);
    this.#from = isElsewhere ? null : revision + 1;
    if (!isElsewhere) for (const name of names) this.#options.asked(name);
    return !isElsewhere;
  }
}

/** Lines of a stream, none of them longer than may be. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of stream) {
    const lines = `${rest}${decoder.decode(part, { stream: true })}`.split("\n");
    rest = lines.pop()!;
    if (rest.length > LINE_BYTES_MAX) return;
    for (const line of lines) if (line !== "") yield line;
  }
}
