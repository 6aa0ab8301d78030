import type { Elements } from "../wire/cascade/elements.ts";
import type { NodeSelf } from "./greeting.ts";
import type { Keyring } from "./keyring.ts";
import type { Link, OwnLoad } from "./link.ts";
import type { KnownName } from "./names.ts";
import type { Pull } from "./pull.ts";
import type { ServingEvents } from "./serving.ts";

/** What a node makes happen. */
export interface NodeEvents extends ServingEvents {
  /** Opens a link to whoever is at this address (`linked`, or `unreachable`). */
  dial(address: string): void;
  /** Puts an encoded frame on its way over a session. */
  output(session: number, frame: Uint8Array): void;
  /** The session below a link is of no use any more; it may end when what was sent has left. */
  hangUp(session: number, now: number): void;
  /** What counts under a name: of another node, or null when no other node has it. */
  heard(name: string, known: KnownName | null): void;
  /** A name that was looked up was heard of, or nobody knows it. */
  lookedUp(name: string): void;
  /** Another node has a name that this one publishes, and counts. */
  outranked(name: string): void;
  /** Whether a link may carry this stream beside what it carries; null: one that is not here yet. */
  carries(link: Link, stream: number | null): boolean;
  /** A parent gives a stream: where its rings are. */
  accepted(pull: Pull, heads: readonly (number | null)[], link: Link, alias: number): void;
  linkOpened(link: Link): void;
  linkClosed(link: Link, reason: string): void;
  /** This node is a core from now on, or an edge: there are as many cores as it knows beside it. */
  turned(cores: number): void;
  /** A parent told something about a ring; its type is one of those that no rule of the tree needs. */
  told(link: Link, type: number, elements: Elements, now: number, arrival: number): void;
}

export interface NodeOptions {
  readonly self: NodeSelf;
  readonly keyring: Keyring;
  readonly childrenMax: number;
  readonly random: () => number;
  readonly load: () => OwnLoad;
  readonly events: NodeEvents;
  /** One past the highest origin sequence of each ring of a stream here; null before the first. */
  readonly heads: (stream: number) => readonly (number | null)[];
}
