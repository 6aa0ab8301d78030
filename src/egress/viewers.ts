import type { Viewer } from "./viewer.ts";

/** The viewers of one worker: each by its session, and those of a stream together. */
export class Viewers {
  readonly #bySession = new Map<number, Viewer>();
  /** A stream without viewers is not in it. */
  readonly #byStream = new Map<number, Set<Viewer>>();

  get size(): number {
    return this.#bySession.size;
  }

  has(session: number): boolean {
    return this.#bySession.has(session);
  }

  get(session: number): Viewer | undefined {
    return this.#bySession.get(session);
  }

  /** In the order of their coming. Who goes meanwhile is not met, who comes is. */
  values(): IterableIterator<Viewer> {
    return this.#bySession.values();
  }

  /** Those who watch a stream, as `values`. */
  of(stream: number): Iterable<Viewer> {
    return this.#byStream.get(stream) ?? [];
  }

  watch(stream: number): boolean {
    return this.#byStream.has(stream);
  }

  add(viewer: Viewer): void {
    this.#bySession.set(viewer.session, viewer);
    const others = this.#byStream.get(viewer.stream);
    if (others === undefined) this.#byStream.set(viewer.stream, new Set([viewer]));
    else others.add(viewer);
  }

  remove(viewer: Viewer): void {
    if (!this.#bySession.delete(viewer.session)) return;
    const others = this.#byStream.get(viewer.stream)!;
    others.delete(viewer);
    if (others.size === 0) this.#byStream.delete(viewer.stream);
  }
}
