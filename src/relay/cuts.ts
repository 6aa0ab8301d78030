import type { Child } from "../cascade/child.ts";
import type { Link } from "../cascade/link.ts";
import { type Cut, type CutWish, writeCut, writeCutWish } from "../wire/cascade/cut.ts";
import { KeptCuts } from "./kept-cuts.ts";

/** Who wants to hear of it, and who tells, is looked at so often. */
const LOOK_US = 100_000;

/** Pieces that wait on a link: more than all that is kept of a stream. */
const BACKLOG_MAX = 512;

/** A parent, and this node's number of the stream there. */
interface Teller {
  readonly link: Link;
  readonly alias: number;
}

/** One stream's. */
interface Told {
  readonly kept: KeptCuts;
  /** This node cuts it, for players of its own. */
  open: boolean;
  /** Nodes that have it from here cut it: what control was told last. */
  wished: boolean;
  /** Who was asked to tell. */
  teller: Teller | null;
}

interface CutsOptions {
  /** Those that have a stream from here. */
  readonly children: (stream: number) => readonly Child[];
  /** Those that give it, the best first; none of one that is published here. */
  readonly parents: (stream: number, now: number) => readonly Teller[];
  /** This node's own tail is to be cut so. */
  readonly told: (stream: number, cut: Cut) => void;
  /** Other nodes want to hear how this stream is cut, or none does any more. */
  readonly wished: (stream: number, wished: boolean) => void;
}

/** How the tails of streams are cut, on its way from their roots to all nodes that cut them. */
export class Cuts {
  readonly #options: CutsOptions;
  /** By stream, of those of which somebody wants to hear. */
  readonly #told = new Map<number, Told>();
  #lookAt = Number.POSITIVE_INFINITY;

  constructor(options: CutsOptions) {
    this.#options = options;
  }

  /** Whether this node cuts a stream for players of its own: it is told what is known, and what comes. */
  setOpen(stream: number, open: boolean): void {
    const told = open ? this.#of(stream) : this.#told.get(stream);
    if (told === undefined) return;
    told.open = open;
    this.#lookAt = 0;
    if (open) for (const cut of told.kept.since(null)) this.#options.told(stream, cut);
  }

  /** So it is cut by this node, which publishes it. */
  decided(stream: number, { edition, number, body }: Cut, now: number): void {
    const cut = { edition, number, body };
    if (this.#of(stream).kept.add(cut, now)) this.#passOn(stream, cut);
  }

  /** A child wants to hear it, or no more. */
  asked(child: Child, { wanted, last }: CutWish): void {
    child.cuts = wanted;
    if (child.stream === null || !wanted) return;
    const { kept } = this.#of(child.stream);
    this.#lookAt = 0;
    // Who asks again and again gets no more than the link takes.
    if (child.link.backlog > BACKLOG_MAX) return;
    for (const cut of kept.since(last)) send(child, cut);
  }

  /** A parent has told it. */
  heard(stream: number, link: Link, { edition, number, body }: Cut, now: number): void {
    const told = this.#told.get(stream);
    if (told === undefined || told.teller?.link !== link) return;
    // What it lies in is read into again.
    const own = { edition, number, body: body.slice() };
    if (!told.kept.add(own, now)) return;
    if (told.open) this.#options.told(stream, own);
    this.#passOn(stream, own);
  }

  handleTimeout(now: number): void {
    if (now < this.#lookAt) return;
    for (const [stream, told] of this.#told) this.#look(stream, told, now);
    this.#lookAt = this.#told.size === 0 ? Number.POSITIVE_INFINITY : now + LOOK_US;
  }

  nextTimeout(): number {
    return this.#lookAt;
  }

  #look(stream: number, told: Told, now: number): void {
    const { children, parents, wished } = this.#options;
    const isWished = children(stream).some(({ cuts }) => cuts);
    if (isWished !== told.wished) wished(stream, isWished);
    told.wished = isWished;
    const isWanted = isWished || told.open;
    this.#ask(told, isWanted ? (parents(stream, now)[0] ?? null) : null);
    if (!isWanted) this.#told.delete(stream);
  }

  #ask(told: Told, next: Teller | null): void {
    const { teller, kept } = told;
    if (next?.link === teller?.link && next?.alias === teller?.alias) return;
    told.teller = next;
    if (teller?.link.open === true) {
      teller.link.send(writeCutWish({ alias: teller.alias, wanted: false, last: null }));
    }
    next?.link.send(writeCutWish({ alias: next.alias, wanted: true, last: kept.last }));
  }

  #passOn(stream: number, cut: Cut): void {
    for (const child of this.#options.children(stream)) if (child.cuts) send(child, cut);
  }

  #of(stream: number): Told {
    const known = this.#told.get(stream);
    if (known !== undefined) return known;
    const told = { kept: new KeptCuts(), open: false, wished: false, teller: null };
    this.#told.set(stream, told);
    this.#lookAt = 0;
    return told;
  }
}

function send({ link, alias }: Child, cut: Cut): void {
  link.send(writeCut({ alias, ...cut }));
}
