import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** One that another has replaced stays for so long: the other has to tell what it told first. */
const RETIRING_US = 500_000;

/** The links of a node, of which one to each other node counts. */
export class Links {
  readonly #bySession = new Map<number, Link>();
  /** By sessions that carry a link beside its first one, or after it. */
  readonly #byLater = new Map<number, Link>();
  /** Replaced ones, and when they are to be closed. */
  readonly #retiring = new Map<Link, number>();
  readonly #byNode = new Map<NodeId, Link>();

  add(link: Link): void {
    this.#bySession.set(link.session, link);
  }

  bySession(session: number): Link | null {
    return this.#bySession.get(session) ?? this.#byLater.get(session) ?? null;
  }

  /** What comes by this session is the link's, too; null: no more. */
  carry(session: number, link: Link | null): void {
    if (link === null) this.#byLater.delete(session);
    else this.#byLater.set(session, link);
  }

  /** The one that counts; null when there is none that is open. */
  to(node: NodeId): Link | null {
    return this.#byNode.get(node) ?? null;
  }

  /** Those that count. */
  open(): IterableIterator<Link> {
    return this.#byNode.values();
  }

  /** Those of them that core nodes are at the other end of. */
  cores(): Link[] {
    return [...this.open()].filter(({ hello }) => hello?.role === "core");
  }

  all(): IterableIterator<Link> {
    return this.#bySession.values();
  }

  get openCount(): number {
    return this.#byNode.size;
  }

  /** From now on it is the one to its node. */
  elect(link: Link): void {
    this.#byNode.set(link.node, link);
  }

  /** Another takes its place. */
  retire(link: Link, now: number): void {
    this.#retiring.set(link, now + RETIRING_US);
  }

  /** Those that were replaced and are to be closed now. */
  takeRetired(now: number): Link[] {
    const due = [...this.#retiring].filter(([, at]) => now >= at).map(([link]) => link);
    for (const link of due) this.#retiring.delete(link);
    return due;
  }

  nextTimeout(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#retiring.values());
  }

  remove(link: Link): void {
    this.#retiring.delete(link);
    this.#bySession.delete(link.session);
    for (const [session, each] of this.#byLater) {
      if (each === link) this.#byLater.delete(session);
    }
    if (this.#byNode.get(link.node) === link) this.#byNode.delete(link.node);
  }
}
