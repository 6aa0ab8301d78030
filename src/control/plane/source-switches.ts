/** A stream's change of source, until the last reader has let go of what it read before. */
interface Switch<Reader> {
  readonly stream: number;
  readonly waiting: Set<Reader>;
  readonly resolve: () => void;
}

/** Who still reads the rings of earlier sources. A ring that somebody reads must not be reused. */
export class SourceSwitches<Reader> {
  readonly #switches: Switch<Reader>[] = [];

  /** Resolves when each of `readers` has answered or is gone. */
  begin(stream: number, readers: Iterable<Reader>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#switches.push({ stream, waiting: new Set(readers), resolve });
    this.#settle();
    return promise;
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
