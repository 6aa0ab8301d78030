import { type Elements, encodeElements } from "../wire/cascade/elements.ts";
import { type Hello, type NodeRole, readHello } from "../wire/cascade/hello.ts";
import { Frame, Message } from "../wire/cascade/kinds.ts";
import { readClose, writeClose } from "../wire/cascade/node.ts";
import {
  readAcknowledge,
  readOrdered,
  writeAcknowledge,
  writeOrdered,
} from "../wire/cascade/ordered.ts";
import {
  encodePaddedPing,
  readPing,
  readPong,
  writePing,
  writePong,
} from "../wire/cascade/ping.ts";
import { writeRole } from "../wire/cascade/role.ts";
import { Channel } from "./channel.ts";
import { Gray } from "./gray.ts";
import { decideRole, disagreement, greet, type LinkSecurity, type NodeSelf } from "./greeting.ts";
import { type Keyring, LinkEnd } from "./keyring.ts";
import { LinkTime } from "./link-time.ts";
import { Liveness } from "./liveness.ts";
import type { NodeId } from "./node-id.ts";
import { PathSize } from "./path-size.ts";

/** A HELLO takes two round trips at most. */
const GREETING_TIMEOUT_US = 5_000_000;
/** A link of which nothing is heard for so long is lost; links without streams say a word a second. */
const LINK_LOST_US = 5_000_000;
/** Before, another one is tried beside it: soon where a parent owes a word each 25 ms. */
const QUIET_US = 2_500_000;
const QUIET_PARENT_US = 1_000_000;
/** Another link showed that there are enough cores, after this one had said that it is one. */
const ROLE_CHANGED = "it is an edge now";

/** What a link tells whoever has it. */
export interface LinkEvents {
  /** The other end has shown that it belongs here. */
  opened(link: Link, now: number): void;
  /** A message of the ordered channel; its type has been read. */
  message(link: Link, type: number, elements: Elements, now: number): void;
  /** A frame that may come twice or not at all. `arrival`: the kernel's stamp. */
  loose(link: Link, type: number, elements: Elements, now: number, arrival: number): void;
  /** It is over, for this reason in words; nothing more is told of it. */
  closed(link: Link, reason: string, now: number): void;
}

/** How busy this node is, for the other ends. */
export interface OwnLoad {
  /** Share of a core, 0..1. */
  readonly busy: number;
  readonly lagUs: number;
  /** Of what this node may give to viewers, 0..1, of which 1 takes no more; null while that is not known. */
  readonly filled: number | null;
}

interface LinkOptions {
  /** What the worker calls the session below. */
  readonly session: number;
  readonly security: LinkSecurity;
  readonly self: NodeSelf;
  readonly keyring: Keyring;
  /** Of the secret that the knock was made with. */
  readonly kid: string;
  readonly events: LinkEvents;
  /** Puts an encoded frame on its way. */
  readonly output: (frame: Uint8Array) => void;
  readonly load: () => OwnLoad;
  /** Cores that this node knows beside the other end. */
  readonly cores: () => number;
  readonly now: number;
}

/** One link to another node, above its sealed datagrams. */
export class Link {
  /** The first that carried it, which may be over: it names the link. */
  readonly session: number;
  readonly security: LinkSecurity;
  /** Of the other end. */
  readonly node: NodeId;
  /** When its session was there. */
  readonly begunAt: number;
  readonly time = new LinkTime();
  readonly liveness: Liveness;
  readonly gray = new Gray();
  /** How much goes into one datagram. */
  readonly size: PathSize;
  /** Of the other end; null until it was found right. */
  hello: Hello | null = null;
  /** What the other end says of itself, be it right or wrong: for people. */
  claim: Hello | null = null;
  /** Share of its time that the other end is busy, 0..1, and how late its media is, us. */
  load = 0;
  lagUs = 0;
  /** Of what its node may give to viewers, as in OwnLoad. */
  filled: number | null = null;
  /** The other end's clock shows so much more than ours, us; null while that is not known. */
  aheadUs: number | null = null;
  closed = false;
  readonly #options: LinkOptions;
  readonly #channel = new Channel();
  /** What this node has said that it is; null before it has. */
  #saidRole: NodeRole | null = null;
  /** A CLOSE is behind all that was to be told. */
  #said = false;

  constructor(options: LinkOptions) {
    const { session, security, now } = options;
    this.session = session;
    this.security = security;
    this.node = security.node;
    this.liveness = new Liveness(now);
    this.size = new PathSize(now);
    this.#options = options;
    this.begunAt = now;
    // Who calls and does not know yet what it is to be hears first how many cores there are.
    if (security.end === LinkEnd.callee || options.self.coresMax === null) this.#greet();
  }

  get open(): boolean {
    return this.hello !== null && !this.closed;
  }

  /** Nothing is heard of it: another may do better. */
  isQuiet(now: number): boolean {
    const { heardAt, silent } = this.liveness;
    return now - heardAt >= (silent ? QUIET_PARENT_US : QUIET_US);
  }

  /** It was ended from this side, and the other end may not have heard why. */
  get leaves(): boolean {
    return this.closed && this.#said && !this.#channel.idle;
  }

  /** How it does; `newest`: number of the newest datagram that came, `come`: of how many that came. */
  look(now: number, newest: number, come: number): void {
    const { time, lagUs } = this;
    this.gray.look(now, () => ({
      ...{ newest, come, lagUs },
      laterUs: time.newestUs - time.roundTripUs,
      unansweredUs: time.unansweredUs(now),
      unanswered: time.unanswered,
    }));
  }

  /** Pieces of messages that wait for room: what is sent now comes behind them. */
  get backlog(): number {
    return this.#channel.waiting;
  }

  /** A message in order behind all earlier ones. */
  send(message: readonly unknown[]): void {
    if (!this.closed) this.#channel.send(message);
  }

  /** This node is something else now. */
  sendRole(): void {
    this.#saidRole = this.#options.self.role;
    this.send(writeRole(this.#saidRole));
  }

  /** A frame that may be lost. */
  sendLoose(frame: readonly unknown[]): void {
    if (this.open) this.#options.output(encodeElements(frame));
  }

  /** A frame other than DATA came. */
  handleFrame(type: number, elements: Elements, now: number, arrival: number): void {
    if (this.closed) {
      if (this.leaves && type === Frame.acknowledge) this.#acknowledged(elements);
      return;
    }
    this.liveness.heard(arrival);
    if (type === Frame.ordered) this.#handleOrdered(elements, now);
    else if (type === Frame.acknowledge) this.#acknowledged(elements);
    else if (!this.open) return;
    else if (type === Frame.ping) this.#answer(elements, now, arrival);
    else if (type === Frame.pong) this.#notePong(elements, arrival);
    else this.#options.events.loose(this, type, elements, now, arrival);
  }

  /** Sends what is due, and ends a link that has failed. */
  handleTimeout(now: number): void {
    if (this.closed) return;
    const silentUs = now - this.liveness.heardAt;
    if (!this.open && now >= this.begunAt + GREETING_TIMEOUT_US) this.#end("no answer", now);
    else if (this.#channel.broken) this.#end("it sent what is no message", now);
    else if (this.#channel.isLost(now) || silentUs >= LINK_LOST_US) this.#end("no answer", now);
    if (this.closed) return;
    if (this.open && now >= this.time.dueAt) {
      this.time.asked(now);
      this.#options.output(encodeElements(writePing(Math.floor(now))));
    }
    if (this.open) this.#probe(now);
    this.#flush(now);
  }

  nextTimeout(): number {
    if (this.leaves) return this.#channel.nextTimeout(this.time.roundTripUs);
    if (this.closed) return Number.POSITIVE_INFINITY;
    if (this.#channel.acknowledgeDue) return 0;
    const greetedBy = this.begunAt + GREETING_TIMEOUT_US;
    return Math.min(
      this.#channel.nextTimeout(this.time.roundTripUs),
      this.liveness.heardAt + LINK_LOST_US,
      this.open ? Math.min(this.time.dueAt, this.size.nextTimeout()) : greetedBy,
    );
  }

  /** Ends it from this side; the reason is told to the other: `leaves` until it has heard. */
  close(reason: string, now: number): void {
    if (this.closed) return;
    this.#channel.send(writeClose(reason));
    this.#said = true;
    this.#flush(now);
    this.#end(reason, now);
  }

  /** Says again what the other end has not acknowledged. */
  leave(now: number): void {
    if (this.leaves) this.#flush(now);
  }

  /** Its session belongs to another link: it never was one. */
  abandon(): void {
    this.closed = true;
  }

  /** The session below has ended. */
  lost(reason: string, now: number): void {
    if (!this.closed) this.#end(reason, now);
  }

  #acknowledged(elements: Elements): void {
    const next = readAcknowledge(elements);
    if (next !== null) this.#channel.acknowledged(next);
  }

  #handleOrdered(elements: Elements, now: number): void {
    const ordered = readOrdered(elements);
    if (ordered === null) return;
    for (const message of this.#channel.receive(ordered)) {
      const type = message.uint(255);
      if (!message.ok) this.#channel.broken = true;
      else if (this.hello === null) this.#handleHello(type, message, now);
      else if (type === Message.close) this.#end(readClose(message) ?? "closed", now);
      else this.#options.events.message(this, type, message, now);
      if (this.closed) return;
    }
  }

  #handleHello(type: number, elements: Elements, now: number): void {
    const hello = type === Message.hello ? readHello(elements) : null;
    if (hello === null) {
      this.#end("it sent no hello", now);
      return;
    }
    this.claim = hello;
    const { self, keyring, security, events } = this.#options;
    const wrong = disagreement(hello, self, keyring, security);
    if (wrong !== null) {
      // The other end is to know whom it does not agree with.
      if (this.#saidRole === null) this.#greet();
      this.close(wrong, now);
      return;
    }
    this.hello = hello;
    if (this.#saidRole === null) {
      decideRole(self, hello);
      this.#greet();
    }
    // Whoever called it was told already.
    self.coresMax = null;
    if (this.#saidRole !== self.role) {
      this.close(ROLE_CHANGED, now);
      return;
    }
    events.opened(this, now);
  }

  #greet(): void {
    const { self, keyring, security, kid, cores } = this.#options;
    this.#saidRole = self.role;
    this.#channel.send(greet(self, keyring, security, kid, cores()));
  }

  /** A PING as long as a datagram may be, and one that is not beside it. */
  #probe(now: number): void {
    const bytes = this.size.poll(now, this.time.newestUs);
    if (bytes === null) return;
    const beside = Math.floor(now);
    const mark = beside - 1;
    this.size.sent(mark, beside);
    this.#options.output(encodePaddedPing(mark, bytes));
    this.#options.output(encodeElements(writePing(beside)));
  }

  #answer(elements: Elements, now: number, arrival: number): void {
    const at = readPing(elements);
    if (at === null) return;
    const { busy, lagUs, filled } = this.#options.load();
    const pong = {
      at,
      heldUs: Math.max(0, Math.round(now - arrival)),
      load: shareOf(busy),
      lagUs: Math.round(lagUs),
      filled: filled === null ? null : shareOf(filled),
      clockUs: Math.floor(now),
    };
    this.#options.output(encodeElements(writePong(pong)));
  }

  #notePong(elements: Elements, arrival: number): void {
    const pong = readPong(elements);
    if (pong === null) return;
    this.size.answered(pong.at, arrival);
    if (!this.time.note(pong.at, pong.heldUs, arrival)) return;
    this.load = pong.load / 255;
    this.lagUs = pong.lagUs;
    this.filled = pong.filled === null ? null : pong.filled / 255;
    const { clockUs } = pong;
    this.aheadUs = clockUs === null ? null : clockUs + this.time.newestUs / 2 - arrival;
  }

  #flush(now: number): void {
    const channel = this.#channel;
    const { output } = this.#options;
    if (channel.acknowledgeDue) {
      channel.acknowledgeDue = false;
      output(encodeElements(writeAcknowledge(channel.expected)));
    }
    for (;;) {
      const ordered = channel.poll(now, this.time.roundTripUs);
      if (ordered === null) return;
      output(encodeElements(writeOrdered(ordered)));
    }
  }

  #end(reason: string, now: number): void {
    this.closed = true;
    this.#options.events.closed(this, reason, now);
  }
}

/** In 1/255. What is not quite full does not say that it is. */
function shareOf(share: number): number {
  return share >= 1 ? 255 : Math.min(254, Math.round(255 * Math.max(0, share)));
}
