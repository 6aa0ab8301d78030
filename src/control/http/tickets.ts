import type { LinkState } from "../../contract/cluster.ts";
import { TICKET_HOPS_MAX, TICKET_LIFE_MS } from "../../limits.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { ViewLimits } from "../streams/layer-limits.ts";
import { Nonces } from "./nonces.ts";
import { problem, retryLater } from "./problem.ts";
import { NONCE_BYTES, readTicket, type Ticket, ticketKeys, writeTicket } from "./ticket.ts";

interface TicketsOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** What a ticket is made of beside what the node itself puts in. */
interface Passage {
  readonly stream: string;
  readonly limits: ViewLimits;
  /** The node that it is for. */
  readonly audience: Pick<LinkState, "node" | "clock">;
  /** Nodes that the viewer has come by. */
  readonly via: readonly string[];
}

/** A ticket by the time of day of another node may be valid for so long by ours. */
const AHEAD_MAX_MS = 2 * TICKET_LIFE_MS;
/** One by our own clock for so much longer than its life: half of a round trip is a guess at one way. */
const GUESS_MAX_MS = 1000;
const DIFFER = "If that happens to all, the clocks of the two nodes differ.";

/** The tickets that this node gives, and those that it is given. */
export class Tickets {
  readonly #options: TicketsOptions;
  readonly #startedMs: number;
  readonly #used = new Nonces();
  #keys: readonly Uint8Array[] = [];
  /** That they were derived of: a reload brings others. */
  #secrets: readonly Uint8Array[] | null = null;

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#startedMs = Math.floor(options.clock.wall());
  }

  give({ via, audience, ...rest }: Passage): string {
    const { clock, random, cluster } = this.#options;
    const theirs = audience.clock;
    const now = theirs === null ? clock.wall() : (clock.now() + theirs.aheadUs) / 1000;
    const ticket: Ticket = {
      ...rest,
      audience: audience.node,
      via: [...via, cluster.setup.node],
      expiresMs: Math.max(0, Math.floor(now)) + TICKET_LIFE_MS,
      nonce: Buffer.from(random(NONCE_BYTES)).toString("hex"),
      boot: theirs?.boot ?? null,
    };
    return writeTicket(ticket, this.#keysNow()[0]!);
  }

  /** For a POST to this stream; it is used up then. A Response is the refusal. */
  take(text: string, stream: string): Ticket | Response {
    const { clock, cluster } = this.#options;
    const ticket = readTicket(text, this.#keysNow());
    if (ticket === null) {
      return refuse("It was altered, or comes from a node that has no secret in common with this.");
    }
    const { audience, via, nonce } = ticket;
    const self = cluster.setup.node;
    if (audience !== self) return refuse("It is for another node.");
    if (ticket.stream !== stream) return refuse("It is for another stream.");
    if (via.length > TICKET_HOPS_MAX || via.includes(self)) {
      return refuse(`It was sent on more than ${TICKET_HOPS_MAX} times.`);
    }
    const untimely = this.#untimely(ticket);
    if (untimely !== null) return untimely;
    if (!this.#used.isNew(nonce)) return refuse("It has been used; each is good for one POST.");
    // By a clock that nobody sets: what is forgotten has expired.
    const now = clock.now() / 1000;
    if (!this.#used.note(nonce, now + this.#leftMs(ticket), now)) {
      return later("Too many come at once.");
    }
    return ticket;
  }

  /** How long it is good from now on, by the clock that it expires by. */
  #leftMs({ expiresMs, boot }: Ticket): number {
    const { clock } = this.#options;
    return expiresMs - (boot === null ? clock.wall() : clock.now() / 1000);
  }

  #untimely(ticket: Ticket): Response | null {
    const { boot, expiresMs } = ticket;
    // The process before this one may have taken it.
    const old = "It is older than this server.";
    if (boot !== null && boot !== this.#options.cluster.setup.boot) return later(old);
    const left = this.#leftMs(ticket);
    if (left <= 0) {
      const why = boot === null ? ` ${DIFFER}` : "";
      return refuse(`It was good for ${TICKET_LIFE_MS / 1000} seconds, and has expired.${why}`);
    }
    const most = boot === null ? AHEAD_MAX_MS : TICKET_LIFE_MS + GUESS_MAX_MS;
    if (left > most) return refuse(`It comes from the future. ${DIFFER}`);
    if (boot === null && expiresMs - TICKET_LIFE_MS < this.#startedMs) return later(old);
    return null;
  }

  #keysNow(): readonly Uint8Array[] {
    const { cluster, secrets } = this.#options.cluster.setup;
    if (secrets !== this.#secrets) {
      this.#keys = ticketKeys(cluster, secrets);
      this.#secrets = secrets;
    }
    return this.#keys;
  }
}

const AGAIN = "Ask again at the address that you first had.";

function refuse(why: string): Response {
  return problem(
    403,
    "Ticket refused",
    `The ticket of this redirect does not count. ${why} ${AGAIN}`,
  );
}

function later(why: string): Response {
  const detail = `The ticket of this redirect does not count. ${why} ${AGAIN}`;
  return retryLater(503, 1, "Ticket refused", detail);
}
