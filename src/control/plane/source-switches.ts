import type { WorkerCommand } from "../../contract/messages.ts";
import type { StreamSource } from "../../contract/source.ts";
import type { WorkerAbilities } from "../../contract/workers.ts";

/** A worker as far as it is to be told of sources. */
export interface SourceListener {
  readonly abilities: Pick<WorkerAbilities, "readsRings">;
  readonly ready: boolean;
  /** Lost and told to end. */
  readonly ending: boolean;
  send(command: WorkerCommand): boolean;
}

/** A stream's change of source, until the last reader has let go of what it read before. */
interface Switch<Reader> {
  readonly stream: number;
  readonly waiting: Set<Reader>;
  readonly resolve: () => void;
}

/**
 * What workers that read rings are told of sources, and who still reads the rings of earlier ones: a
 * ring that somebody reads must not be reused.
 */
export class SourceSwitches<Reader extends SourceListener> {
  readonly #switches: Switch<Reader>[] = [];
  /** By stream. */
  readonly #present = new Map<number, StreamSource>();

  /**
   * Tells those of `workers` that read rings, of whatever kind. Resolves when each has answered or is
   * gone: who does not read this stream answers, too, since only it knows.
   */
  tell(stream: number, source: StreamSource | null, workers: readonly Reader[]): Promise<void> {
    if (source === null) this.#present.delete(stream);
    else this.#present.set(stream, source);
    // One that is being ended obeys no more, but reads on until its thread is gone.
    const readers = workers.filter(
      ({ abilities, ready, ending }) => abilities.readsRings && (ready || ending),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#switches.push({ stream, waiting: new Set(readers), resolve });
    for (const reader of readers) reader.send({ type: "source", stream, source });
    this.#settle();
    return promise;
  }

  /** A reader's thread has begun, perhaps in place of another: it is told what there is to read. */
  came(reader: Reader): void {
    if (!reader.abilities.readsRings) return;
    for (const [stream, source] of this.#present) {
      // Nobody waits for it, but its answer must not be taken for that to a later change.
      this.#switches.push({ stream, waiting: new Set([reader]), resolve: () => {} });
      reader.send({ type: "source", stream, source });
    }
  }

  /** Answers come in the order of the commands: the first switch that still waits is the one. */
  answered(reader: Reader, stream: number): void {
    const first = this.#switches.find((one) => one.stream === stream && one.waiting.has(reader));
    first?.waiting.delete(reader);
    this.#settle();
  }

  /** The reader's thread has ended: it reads nothing any more. */
  gone(reader: Reader): void {
    for (const { waiting } of this.#switches) waiting.delete(reader);
    this.#settle();
  }

  #settle(): void {
    for (let i = this.#switches.length - 1; i >= 0; i -= 1) {
      const { waiting, resolve } = this.#switches[i]!;
      if (waiting.size > 0) continue;
      this.#switches.splice(i, 1);
      resolve();
    }
  }
}
