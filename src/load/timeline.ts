/** What the seconds of a load were like: whoever knows when something happened finds it there. */
export interface TimelineData {
  /** The first second, since 1970. */
  readonly since: number;
  /** By second: the longest pause of any viewer that ended in it, us: between packets, and between whole frames. */
  readonly gapUs: readonly number[];
  readonly freezeUs: readonly number[];
  /** By second: packets that were given up. */
  readonly lost: readonly number[];
}

/** Of one load thread. Times are monotonic, us. */
export class Timeline {
  readonly #since: number;
  /** From monotonic time to that since the first second. */
  readonly #offsetUs: number;
  readonly #gapUs: number[] = [];
  readonly #freezeUs: number[] = [];
  readonly #lost: number[] = [];

  /** `wallUs`: since 1970, at `now`. */
  constructor(now: number, wallUs: number) {
    this.#since = Math.floor(wallUs / 1e6);
    this.#offsetUs = wallUs - this.#since * 1e6 - now;
  }

  gap(now: number, us: number): void {
    raise(this.#gapUs, this.#second(now), us);
  }

  freeze(now: number, us: number): void {
    raise(this.#freezeUs, this.#second(now), us);
  }

  lost(now: number, packets: number): void {
    const second = this.#second(now);
    reach(this.#lost, second);
    this.#lost[second] = this.#lost[second]! + packets;
  }

  /** Crosses threads. */
  toData(): TimelineData {
    return {
      since: this.#since,
      gapUs: this.#gapUs,
      freezeUs: this.#freezeUs,
      lost: this.#lost,
    };
  }

  #second(now: number): number {
    return Math.max(0, Math.floor((now + this.#offsetUs) / 1e6));
  }
}

/** Null without threads. */
export function mergeTimelines(parts: readonly TimelineData[]): TimelineData | null {
  if (parts.length === 0) return null;
  const since = Math.min(...parts.map((part) => part.since));
  const merged = { since, gapUs: [] as number[], freezeUs: [] as number[], lost: [] as number[] };
  for (const part of parts) {
    const later = part.since - since;
    for (const [i, us] of part.gapUs.entries()) raise(merged.gapUs, later + i, us);
    for (const [i, us] of part.freezeUs.entries()) raise(merged.freezeUs, later + i, us);
    for (const [i, packets] of part.lost.entries()) {
      reach(merged.lost, later + i);
      merged.lost[later + i] = merged.lost[later + i]! + packets;
    }
  }
  return merged;
}

function raise(list: number[], at: number, value: number): void {
  reach(list, at);
  list[at] = Math.max(list[at]!, value);
}

function reach(list: number[], at: number): void {
  while (list.length <= at) list.push(0);
}
