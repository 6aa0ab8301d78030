/** A full node's viewers on their way to another one of its cluster. */

import type { Config } from "../../config.ts";
import { TICKET_HOPS_MAX } from "../../limits.ts";
import type { Gate } from "../bus/gate.ts";
import type { Metrics } from "../bus/metrics.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Sampler } from "../plane/sampler.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { ViewLimits } from "../streams/layer-limits.ts";
import { Neighbours } from "../streams/neighbours.ts";
import type { Registry } from "../streams/registry.ts";
import { Room } from "../streams/room.ts";
import type { Grant } from "./auth.ts";
import type { AppContext } from "./context.ts";
import type { Ticket } from "./ticket.ts";
import { Tickets } from "./tickets.ts";

/** In the URL of the redirect. */
const TICKET = "ticket";

interface HandoverOptions {
  readonly cluster: Cluster;
  readonly room: Room;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** A viewer that was found to be allowed. */
export interface Guest {
  readonly name: string;
  readonly limits: ViewLimits;
  /** By which it came; null for one that nobody sent. */
  readonly ticket: Ticket | null;
}

export class Handover {
  readonly room: Room;
  readonly #options: HandoverOptions;
  readonly #neighbours: Neighbours;
  readonly #tickets: Tickets;

  constructor(options: HandoverOptions) {
    this.room = options.room;
    this.#options = options;
    this.#neighbours = new Neighbours(options.cluster);
    this.#tickets = new Tickets(options);
  }

  /** Whether the client was sent here by another node, as it says. */
  isSent(c: AppContext): boolean {
    return new URL(c.req.url).searchParams.has(TICKET);
  }

  /** The ticket of a POST to the stream, used up by it; null when there is none. */
  take(c: AppContext, stream: string): Ticket | Response | null {
    const text = new URL(c.req.url).searchParams.get(TICKET);
    if (text === null) return null;
    const ticket = this.#tickets.take(text, stream);
    if (ticket instanceof Response) this.#options.metrics.refused("ticket");
    return ticket;
  }

  /** Whether another node would take viewers of this one. */
  get leads(): boolean {
    return this.#neighbours.best({ stream: "", via: [], secure: false }) !== null;
  }

  /** Whether there is no room for a viewer, but at another node. */
  canSend(c: AppContext, name: string, ticket: Ticket | null): boolean {
    return this.room.full !== null && this.#find(c, name, ticket) !== null;
  }

  /**
   * 307 to another node while this one is full (RFC 9725 4.5: method and body stay); null when it is not,
   * or nobody else takes the viewer. Its own token stays here: the ticket says what it allows.
   */
  send(c: AppContext, { name, limits, ticket }: Guest): Response | null {
    const { full } = this.room;
    if (full === null) return null;
    const node = this.#find(c, name, ticket);
    if (node === null) return null;
    const via = ticket?.via ?? [];
    const target = new URL(node.url);
    target.pathname = new URL(c.req.url).pathname;
    const text = this.#tickets.give({ stream: name, limits, audience: node, via });
    target.searchParams.set(TICKET, text);
    this.#neighbours.sent(node.node);
    this.#options.metrics.sentOn(full);
    return new Response(null, {
      status: 307,
      headers: { Location: target.href, "Cache-Control": "no-store" },
    });
  }

  #find(c: AppContext, stream: string, ticket: Ticket | null) {
    const via = ticket?.via ?? [];
    if (via.length >= TICKET_HOPS_MAX) return null;
    return this.#neighbours.best({ stream, via, secure: c.get("client").scheme === "https" });
  }
}

interface HandoverParts extends Omit<HandoverOptions, "cluster" | "room"> {
  readonly plane: MediaPlane;
  readonly sampler: Sampler;
  readonly registry: Registry;
  readonly gate: Gate;
}

/** Null where this node belongs to no cluster. */
export function startHandover(
  { cluster: config, limits }: Config,
  cluster: Cluster | null,
  parts: HandoverParts,
): Handover | null {
  if (config === null || cluster === null) return null;
  const { capacity } = config;
  const draining = () => parts.gate.draining;
  const room = new Room({ ...parts, sessionsMax: limits.sessions, capacity, draining });
  return new Handover({ ...parts, cluster, room });
}

/** What a ticket allows. */
export function grantOf({ stream, limits }: Ticket): Grant {
  return {
    rights: ["view"],
    covers: (name) => name === stream,
    limits,
    tokenHash: null,
    name: null,
  };
}
