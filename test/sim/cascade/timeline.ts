interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Everything that happens, in the order of virtual time, us. */
export class Timeline {
  now = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  at(time: number, run: () => void): void {
    const event: Event = { at: Math.max(time, this.now), order: this.#order, run };
    this.#order += 1;
    const heap = this.#heap;
    heap.push(event);
    for (let i = heap.length - 1; i > 0; ) {
      const up = (i - 1) >> 1;
      if (!before(heap[i]!, heap[up]!)) break;
      [heap[i], heap[up]] = [heap[up]!, heap[i]!];
      i = up;
    }
  }

  /** Runs all events until `end`. */
  run(end: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end) {
      const event = this.#pop();
      this.now = event.at;
      event.run();
    }
    this.now = end;
  }

  #pop(): Event {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ; ) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
        }
        if (least === i) break;
        [heap[i], heap[least]] = [heap[least]!, heap[i]!];
        i = least;
      }
    }
    return top;
  }
}

function before(left: Event, right: Event): boolean {
  return left.at === right.at ? left.order < right.order : left.at < right.at;
}
