/** What is said of streams, on its way down their trees. Control numbers it, and keeps it. */
import type { Child } from "../cascade/child.ts";
import type { Link } from "../cascade/link.ts";
import {
  type NumberedRemark,
  REMARKS_MAX,
  type Remarks,
  writeRemarks,
  writeRemarksWish,
} from "../wire/cascade/remark.ts";

/** Bytes of remarks in one message. */
const MESSAGE_BYTES_MAX = 12_000;

interface ToldRemarksOptions {
  /** Who has a stream from here. */
  readonly children: (stream: number) => readonly Child[];
  /** Its publisher is at this node. */
  readonly isOwn: (child: Child) => boolean;
  readonly told: (stream: number, remarks: readonly NumberedRemark[]) => void;
  /** A child wants to hear what came after the remark with this number: answered by `give`. */
  readonly wished: (child: Child, since: number) => void;
}

export class ToldRemarks {
  readonly #options: ToldRemarksOptions;
  /** By stream: the newest that came from a parent, once one has told what is kept. */
  readonly #newest = new Map<number, number>();
  /** Who asked before that: a part of what is kept would look like all of it. */
  readonly #early = new Map<Child, number>();
  /** Who has got what was kept: what is said since is for them. */
  readonly #listening = new WeakSet<Child>();

  constructor(options: ToldRemarksOptions) {
    this.#options = options;
  }

  /** A parent gives a stream, and what is said of it. */
  accepted(stream: number, link: Link, alias: number): void {
    link.send(writeRemarksWish({ alias, since: this.#newest.get(stream) ?? 0 }));
  }

  /** A parent tells; another may have told it before. */
  heard(stream: number, { remarks }: Remarks): void {
    const newest = this.#newest.get(stream) ?? 0;
    const fresh = remarks.filter(({ id }) => id > newest);
    this.#newest.set(stream, Math.max(newest, ...fresh.map(({ id }) => id)));
    if (fresh.length > 0) this.#options.told(stream, fresh);
    for (const [child, since] of this.#early) {
      if (child.stream === stream) this.#pass(child, since);
    }
  }

  /** A child asks. */
  asked(child: Child, since: number): void {
    const { stream } = child;
    if (stream === null) return;
    if (this.#options.isOwn(child) || this.#newest.has(stream)) this.#pass(child, since);
    else this.#early.set(child, since);
  }

  /** What is kept, for who asked for it; and then what follows. */
  give(child: Child, remarks: readonly NumberedRemark[]): void {
    this.#listening.add(child);
    send(child, remarks);
  }

  /** For all children that listen. */
  tell(stream: number, remarks: readonly NumberedRemark[]): void {
    for (const child of this.#options.children(stream)) {
      if (this.#listening.has(child)) send(child, remarks);
    }
  }

  /** It is not had from others any more. */
  forget(stream: number): void {
    this.#newest.delete(stream);
    for (const child of this.#early.keys()) if (child.stream === stream) this.#early.delete(child);
  }

  /** It has the stream from here no more. */
  left(child: Child): void {
    this.#early.delete(child);
  }

  #pass(child: Child, since: number): void {
    this.#early.delete(child);
    this.#options.wished(child, since);
  }
}

/** At least one message: nothing is an answer, too. */
function send({ link, alias }: Child, remarks: readonly NumberedRemark[]): void {
  let at = 0;
  do {
    const next = endOf(remarks, at);
    link.send(writeRemarks({ alias, remarks: remarks.slice(at, next) }));
    at = next;
  } while (at < remarks.length);
}

/** So far they fit into one message. */
function endOf(remarks: readonly NumberedRemark[], from: number): number {
  let bytes = 0;
  let end = from;
  while (end < remarks.length && end - from < REMARKS_MAX) {
    bytes += remarks[end]!.json.length;
    if (bytes > MESSAGE_BYTES_MAX) break;
    end += 1;
  }
  return end;
}
