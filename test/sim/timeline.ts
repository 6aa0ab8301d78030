/** What happens at a time in the future, in order; equal times in order of insertion. */
export class Timeline<T> {
  private readonly times: number[] = [];
  private readonly items: T[] = [];
  private head = 0;

  add(at: number, item: T): void {
    let i = this.times.length;
    // Nearly always at the end.
    while (i > this.head && this.times[i - 1]! > at) i -= 1;
    this.times.splice(i, 0, at);
    this.items.splice(i, 0, item);
  }

  /** Time of the first item; Infinity when there is none. */
  get next(): number {
    return this.times[this.head] ?? Number.POSITIVE_INFINITY;
  }

  /** Calls back for everything up to `now`. */
  run(now: number, take: (at: number, item: T) => void): void {
    while (this.head < this.times.length && this.times[this.head]! <= now) {
      const i = this.head;
      this.head += 1;
      take(this.times[i]!, this.items[i]!);
    }
    if (this.head > 1024) {
      this.times.splice(0, this.head);
      this.items.splice(0, this.head);
      this.head = 0;
    }
  }
}
