import type { Parent } from "../../src/cascade/parent.ts";
import type { Parents } from "../../src/cascade/parents.ts";
import type { Pull } from "../../src/cascade/pull.ts";
import type { Relief } from "../../src/cascade/shedding.ts";
import { PulledStream } from "../../src/relay/pulled-stream.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { DataFrame, readData } from "../../src/wire/cascade/data.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { type Fill, readFill } from "../../src/wire/cascade/wish.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { idOf } from "../cascade/ends.ts";
import type { Neighbour } from "../cascade/neighbour.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { counters, grantOf } from "./slots.ts";

const VIDEO: NamedTrack = { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 };
export const ALIAS = 4;
export const WHOLE: Relief = { single: false, withheld: 0, tried: 0, offered: 0 };

type Fake = Pick<
  Pull,
  "asked" | "sources" | "want" | "useful" | "awaited" | "withholds" | "setSingle"
>;

/** A stream of one video ring that parents give; what the pull above it hears. */
export class StreamGround {
  now = 10_000_000;
  readonly stream: PulledStream;
  readonly readers: readonly RingReader[];
  readonly reader: RingReader;
  readonly wanted: number[] = [];
  useful = 0;
  /** Rings that the parents do not have, by what they said last. */
  withheld = 0;
  /** The one of the parents that does not give it. */
  standby: Neighbour | null = null;
  /** When the last of it was. */
  usefulAt = 0;

  constructor(
    readonly parents: readonly Neighbour[],
    rings = 1,
  ) {
    const tracks = new Array<NamedTrack>(rings).fill(VIDEO);
    const grants = tracks.map(() => grantOf("video"));
    const known = { name: "a", epoch: 1, owner: idOf(1), tracks };
    this.stream = new PulledStream(known, grants, 1, counters());
    this.readers = grants.map(({ buffer }) => new RingReader(buffer, 0, () => {}));
    for (const reader of this.readers) reader.want(true);
    this.reader = this.readers[0]!;
    const asked: Pick<Parents, "find" | "givers" | "withheld"> = {
      find: (link) => {
        return {
          withheld: this.withheld,
          mode: link === this.standby?.link ? "warm" : "live",
        } as Parent;
      },
      givers: this.parents.map(({ link }) => link),
      withheld: 0,
    };
    const pull: Fake = {
      asked: asked as Parents,
      withholds: (_link, _alias, rings) => {
        this.withheld = rings;
      },
      setSingle: () => {},
      sources: () => this.parents.map(({ link }) => ({ link, alias: ALIAS })),
      awaited: 0,
      want: (wanted) => this.wanted.push(wanted),
      useful: (_link, _alias, at) => {
        this.useful += 1;
        this.usefulAt = at;
      },
    };
    this.stream.pull = pull as Pull;
    this.look();
  }

  look(us = 30_000): void {
    this.now += us;
    this.stream.handleTimeout(this.now);
  }

  data(sequence: number, ageUs = 0, ring = 0, from = this.parents[0]!): void {
    const payload = new Uint8Array(20);
    const bytes = dataBytes({ alias: ALIAS, ring, codec: Codec.h264, sequence, ageUs, payload });
    const frame = new DataFrame();
    readData(bytes, 0, bytes.length, frame);
    this.stream.data(frame, bytes, from.link, this.now);
  }

  heads(...heads: (number | null)[]): void {
    this.headsOf(this.parents[0]!, ...heads);
  }

  headsOf(parent: Neighbour, ...heads: (number | null)[]): void {
    const elements = new Elements([ALIAS, heads, 3_000, 0]);
    this.stream.told(parent.link, Frame.heads, elements, this.now);
  }
}

/** What a parent was asked for by frames that may be lost: each leaves twice, and counts once. */
export function fills(parent: Neighbour): Fill[] {
  const read = said(parent, Frame.fill).map((elements) => readFill(elements)!);
  return read.filter(({ number }, i) => read.findIndex((fill) => fill.number === number) === i);
}

export function said(parent: Neighbour, frame: number): Elements[] {
  parent.pair.run(5_000);
  const frames = parent.pair.caller.frames.splice(0);
  return frames.filter(({ type }) => type === frame).map(({ elements }) => elements);
}
