import type { Link } from "../cascade/link.ts";
import type { KnownName } from "../cascade/names.ts";
import type { PulledRings } from "../cascade/parents.ts";
import type { Pull } from "../cascade/pull.ts";
import { Shedding } from "../cascade/shedding.ts";
import type { RingGrant } from "../contract/source.ts";
import type { DataFrame } from "../wire/cascade/data.ts";
import { PulledStream } from "./pulled-stream.ts";
import { LOOK_US } from "./strain.ts";

/** What filling rings takes. */
export interface WritingGround {
  /** How many threads read rings. */
  readonly readers: number;
  readonly counters: Float64Array;
  /** A ring has news: wakes its readers. */
  readonly news: (index: number, ring: { wakes(reader: number): boolean }) => void;
}

/** The streams of other nodes, on their way into rings of this one. */
export class Intakes {
  readonly #ground: WritingGround;
  /** By the number of the stream. */
  readonly #streams = new Map<number, PulledStream>();
  /** Those that packets came of in this turn. */
  readonly #written = new Set<PulledStream>();
  /** By the index of a ring. */
  readonly #byRing = new Map<number, PulledStream>();
  readonly #shedding = new Shedding();
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(ground: WritingGround) {
    this.#ground = ground;
  }

  get(stream: number): PulledStream | undefined {
    return this.#streams.get(stream);
  }

  /** Rings for a stream as it was heard, one a track; `pull` begins to ask for it. */
  begin(
    known: KnownName,
    stream: number,
    grants: readonly RingGrant[],
    pull: (rings: PulledRings) => Pull,
    now: number,
  ): void {
    const { readers, counters } = this.#ground;
    const pulled = new PulledStream(known, grants, readers, counters);
    this.#streams.set(stream, pulled);
    for (const { index } of grants) this.#byRing.set(index, pulled);
    pulled.pull = pull(pulled);
    pulled.handleTimeout(now);
  }

  /** Its rings are not written any more; what was pulled, null when nothing was. */
  end(stream: number): KnownName | null {
    const pulled = this.#streams.get(stream);
    if (pulled === undefined) return null;
    this.#streams.delete(stream);
    this.#written.delete(pulled);
    for (const { grant } of pulled.rings) this.#byRing.delete(grant.index);
    pulled.close();
    return pulled.known;
  }

  /** A reader has a wish in this ring; false when it is none of these. */
  wished(index: number, now: number): boolean {
    const pulled = this.#byRing.get(index);
    pulled?.wished(now);
    return pulled !== undefined;
  }

  /** The pull that a parent's number on its link is of. */
  ofPull(pull: Pull | null): PulledStream | null {
    return pull === null ? null : (this.#streams.get(pull.stream) ?? null);
  }

  /** A media packet of a parent, received at `receipt`. */
  data(pull: Pull | null, frame: DataFrame, bytes: Uint8Array, link: Link, receipt: number): void {
    const pulled = this.ofPull(pull);
    if (pulled === null) return;
    pulled.data(frame, bytes, link, receipt);
    this.#written.add(pulled);
  }

  /** Whom to ask about a stream, the best first; see Pull. */
  parentsOf(stream: number, now: number): ReturnType<Pull["sources"]> {
    return this.#streams.get(stream)?.pull.sources(now) ?? [];
  }

  rootAgeUs(stream: number, now: number): number {
    const pulled = this.#streams.get(stream);
    return pulled === undefined ? 0 : Math.max(0, Math.round(now - pulled.rootHeardAt));
  }

  handleTimeout(now: number): void {
    if (now - this.#measuredAt >= LOOK_US) this.#measure(now);
    for (const pulled of this.#streams.values()) pulled.handleTimeout(now);
  }

  /** Streams whose links do not carry them give up some of what they are. */
  #measure(now: number): void {
    this.#measuredAt = now;
    for (const pulled of this.#streams.values()) pulled.measure(now);
    this.#shedding.look(now, [...this.#streams.values()]);
  }

  nextTimeout(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const pulled of this.#streams.values()) soonest = Math.min(soonest, pulled.nextTimeout());
    return soonest;
  }

  /** The end of a turn: rings' readers hear of news. */
  flush(): void {
    for (const { rings } of this.#written) {
      for (const ring of rings) {
        if (ring.takeTouched()) this.#ground.news(ring.grant.index, ring.writer);
      }
    }
    this.#written.clear();
  }
}
