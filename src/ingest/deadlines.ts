/** Somebody who is due at a time. */
export interface Due {
  /** us; set by `Deadlines` alone, as `place`. */
  dueAt: number;
  /** Where it stands in the heap; -1 outside. */
  place: number;
}

/** Who is due when: a binary heap, so that who is not due costs nothing. Allocates when it grows only. */
export class Deadlines<Item extends Due> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first is due; Infinity when nobody is. */
  get earliest(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0]!.dueAt;
  }

  /** Puts an item in, or moves one that is. */
  set(item: Item, at: number): void {
    if (item.place < 0) {
      item.place = this.#heap.length;
      this.#heap.push(item);
    } else if (item.dueAt === at) return;
    item.dueAt = at;
    this.#settle(item);
  }

  remove(item: Item): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop()!;
    if (last === item) return;
    this.#put(last, place);
    this.#settle(last);
  }

  /** Takes out the first that is due; null when nobody is. */
  take(now: number): Item | null {
    if (this.earliest > now) return null;
    const first = this.#heap[0]!;
    this.remove(first);
    return first;
  }

  /** Moves an item to where its time belongs. */
  #settle(item: Item): void {
    let place = item.place;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1]!;
      if (above.dueAt <= item.dueAt) break;
      const next = above.place;
      this.#put(above, place);
      place = next;
    }
    for (let below = this.#below(place); below !== null; below = this.#below(place)) {
      if (below.dueAt >= item.dueAt) break;
      const next = below.place;
      this.#put(below, place);
      place = next;
    }
    this.#put(item, place);
  }

  /** The earlier of the two below a place; null at the bottom. */
  #below(place: number): Item | null {
    const left = 2 * place + 1;
    if (left >= this.#heap.length) return null;
    const first = this.#heap[left]!;
    const second = this.#heap[left + 1];
    return second !== undefined && second.dueAt < first.dueAt ? second : first;
  }

  #put(item: Item, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
