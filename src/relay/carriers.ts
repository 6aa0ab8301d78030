import type { LinkSecurity } from "../cascade/greeting.ts";
import { Handover, type HandoverEvents, type WearLimits } from "../cascade/handover.ts";
import { associationOf } from "../cascade/keyring.ts";
import type { Link } from "../cascade/link.ts";
import type { Node } from "../cascade/node.ts";
import { sameBytes } from "../wire/bytes.ts";
import { type Elements, encodeElements } from "../wire/cascade/elements.ts";
import { writePing } from "../wire/cascade/ping.ts";
import { NO_ASSOCIATION, writeRekey } from "../wire/cascade/rekey.ts";
import { Carrier } from "./carrier.ts";
import type { LinkPort } from "./link-port.ts";

/** What is dialled because nothing came is there within this, or is given up. */
const DOUBT_US = 5_000_000;
/** So long the end of a link is told again where it is not heard: no longer than a redial waits at least. */
const LEAVING_US = 180_000;

interface CarriersOptions {
  readonly node: Pick<Node, "self" | "links" | "members" | "linked">;
  readonly limits: WearLimits;
  /** Of the worker. */
  readonly counters: Float64Array;
  /** Opens a session with whoever is at this address. */
  readonly dial: (address: string) => void;
}

/** The sessions with other nodes, and which link each of them carries. */
export class Carriers {
  readonly #options: CarriersOptions;
  /** By the session that names the link, and by others that carry it. */
  readonly #bySession = new Map<number, Carrier>();
  /** Those that this end has dialled. */
  readonly #dialled = new WeakSet<LinkPort>();
  /** Those whose links this end has ended, until then. */
  readonly #leaving = new Map<Carrier, number>();

  constructor(options: CarriersOptions) {
    this.#options = options;
  }

  get(session: number): Carrier | undefined {
    return this.#bySession.get(session);
  }

  /** A session is sealed: it carries a link on, or a new one. */
  linked(
    port: LinkPort,
    security: LinkSecurity,
    kid: string,
    address: string | null,
    now: number,
  ): void {
    const { node } = this.#options;
    const begin = (at: number): void => {
      const carrier = new Carrier(port, security, address, this.#options.counters);
      this.#bySession.set(port.session, carrier);
      node.linked(port.session, security, kid, address, at);
      this.#begin(carrier, node.links.bySession(port.session)!, at);
    };
    if (address !== null) this.#dialled.add(port);
    if (address === null) begin(now);
    else if (this.#heir(port, security, address, now) || this.#resume(port, security, begin, now)) {
      node.members.reached(address, security.node);
    } else begin(now);
  }

  #begin(carrier: Carrier, link: Link, now: number): void {
    carrier.link = link;
    carrier.output.size = link.size;
    carrier.handover = new Handover({
      link,
      calls: carrier.address !== null,
      lower: this.#options.node.self.id < link.node,
      limits: this.#options.limits,
      wear: () => carrier.port.wear,
      events: this.#eventsOf(carrier, link),
      now,
    });
  }

  /** Whether the session was dialled for a link that is worn: it is to carry that on. */
  #heir(port: LinkPort, security: LinkSecurity, address: string, now: number): boolean {
    const carrier = this.#dialling(address);
    if (carrier === undefined || carrier.node !== security.node) return false;
    carrier.ports.set(port.session, port);
    carrier.handover.connected(port.session, associationOf(security.exported), now);
    return true;
  }

  /**
   * Whether the session was dialled because nothing had come by a link for long: it carries that on, where
   * the other end knows it still, and only where it does not it is to `begin` one.
   */
  #resume(
    port: LinkPort,
    { node }: LinkSecurity,
    begin: (now: number) => void,
    now: number,
  ): boolean {
    const link = this.#options.node.links.to(node);
    const carrier = link === null ? undefined : this.#bySession.get(link.session);
    if (carrier === undefined || now - carrier.doubtedAt >= DOUBT_US) return false;
    const { handover, ports, doubtedAt, separate } = carrier;
    ports.set(port.session, port);
    separate.set(port.session, begin);
    if (handover.since < doubtedAt && handover.resume(port.session, now)) return true;
    // Another one was there before.
    ports.delete(port.session);
    separate.delete(port.session);
    port.close();
    return true;
  }

  /** Whoever is at the other end of a session says which link it carries on, or whether it knows that. */
  proposed(session: number, association: Uint8Array, now: number): void {
    for (const { handover, association: own } of this.#all()) {
      if (handover.proposed !== session) continue;
      handover.resumed(sameBytes(own, association), now);
      return;
    }
    const via = this.#bySession.get(session);
    if (via === undefined || association.length === 0) return;
    const isMeant = (each: Carrier): boolean =>
      each.node === via.node && each.link.open && sameBytes(each.association, association);
    const meant = [...this.#all()].find(isMeant);
    if (meant === undefined) via.output.frame(encodeElements(writeRekey(NO_ASSOCIATION)));
    // Who dialled asks by it, and hears the answer: two that answer each other never come to an end.
    else if (meant.handover.accept(session, now) && !this.#dialled.has(meant.ports.get(session)!)) {
      meant.output.frame(encodeElements(writeRekey(association)));
    }
  }

  /** Whether what was dialled in vain was to carry a link that is there. */
  unreachable(address: string, now: number): boolean {
    const carrier = this.#dialling(address);
    carrier?.handover.failed(now);
    return carrier !== undefined;
  }

  /** A session is over. True when its link is, too. */
  lost(session: number, now: number): boolean {
    for (const carrier of this.#all()) {
      if (!carrier.ports.delete(session)) continue;
      carrier.separate.delete(session);
      if (this.#leaving.has(carrier)) {
        // The other end has heard, and has nothing more to say.
        this.#end(carrier);
        return false;
      }
      if (!carrier.handover.lost(session, now)) return true;
      this.#forget(session, carrier);
      return false;
    }
    return false;
  }

  /** Something authentic came by a session, with so many bytes of frames. */
  heard(session: number, bytes: number, now: number): void {
    const carrier = this.#bySession.get(session);
    if (carrier === undefined) return;
    carrier.datagramsIn += 1;
    carrier.bytesIn += bytes;
    carrier.handover.heard(session, now);
  }

  /** The other end of a link tells of its next association. */
  told(link: Link, association: Uint8Array, now: number): void {
    this.#bySession.get(link.session)?.handover.told(association, now);
  }

  /**
   * The link with this name is over: its sessions end when what was said has left, and where this end says
   * why when the other has heard that: else the end of a session would be all that it hears.
   */
  hangUp(session: number, now: number): void {
    const carrier = this.#bySession.get(session);
    if (carrier === undefined) return;
    carrier.output.flush();
    if (carrier.link?.leaves) this.#leaving.set(carrier, now + LEAVING_US);
    else this.#end(carrier);
  }

  /** Whether the end of links is still told. */
  get leaves(): boolean {
    return this.#leaving.size > 0;
  }

  /** A frame came by a session, of which the link may have been ended by this end. */
  ended(session: number, type: number, elements: Elements, now: number): void {
    if (this.#leaving.size === 0) return;
    const carrier = this.#bySession.get(session);
    if (carrier === undefined || !this.#leaving.has(carrier)) return;
    carrier.link.handleFrame(type, elements, now, now);
  }

  flush(): void {
    for (const { output } of this.#bySession.values()) output.flush();
  }

  handleTimeout(now: number): void {
    for (const carrier of this.#all()) {
      const { handover, link, port, datagramsIn } = carrier;
      if (link.open && link.isQuiet(now)) carrier.doubtedAt = now;
      handover.handleTimeout(now);
      link.look(now, port.wear.received, datagramsIn);
    }
    for (const [carrier, until] of this.#leaving) {
      carrier.link.leave(now);
      if (now < until && carrier.link.leaves) continue;
      carrier.output.flush();
      this.#end(carrier);
    }
  }

  nextTimeout(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { handover } of this.#bySession.values()) {
      soonest = Math.min(soonest, handover.nextTimeout());
    }
    for (const [{ link }, until] of this.#leaving) {
      soonest = Math.min(soonest, until, link.nextTimeout());
    }
    return soonest;
  }

  #end(carrier: Carrier): void {
    this.#leaving.delete(carrier);
    for (const [each, of] of this.#bySession) if (of === carrier) this.#bySession.delete(each);
    for (const port of carrier.ports.values()) port.close();
  }

  #eventsOf(carrier: Carrier, link: Link): HandoverEvents {
    const { dial, node } = this.#options;
    return {
      dial: () => dial(carrier.address!),
      take: (session) => this.#take(session, carrier, link),
      greet: (session, now) => {
        const port = carrier.ports.get(session);
        const frame = encodeElements(writePing(Math.floor(now)));
        port?.buffer.set(frame);
        port?.transmit(frame.length);
      },
      propose: (session) => {
        const port = carrier.ports.get(session);
        const frame = encodeElements(writeRekey(carrier.association));
        port?.buffer.set(frame);
        port?.transmit(frame.length);
      },
      separate: (session, now) => {
        const begin = carrier.separate.get(session);
        carrier.separate.delete(session);
        carrier.ports.delete(session);
        begin?.(now);
      },
      use: (session) => {
        const port = carrier.ports.get(session);
        if (port !== undefined) carrier.use(port);
      },
      drop: (session) => {
        const port = carrier.ports.get(session);
        carrier.ports.delete(session);
        this.#forget(session, carrier);
        port?.close();
      },
      find: (association) => {
        const other = [...this.#all()].find(
          (each) => each.node === link.node && sameBytes(each.association, association),
        );
        const session = other?.port.session ?? null;
        // One that has greeted is a link of its own.
        return session === null || node.links.bySession(session)?.open !== false ? null : session;
      },
    };
  }

  #take(session: number, carrier: Carrier, link: Link): void {
    const { links } = this.#options.node;
    carrier.separate.delete(session);
    const other = this.#bySession.get(session);
    if (other !== undefined) {
      // A called end took it for a link that has not greeted so far.
      carrier.ports.set(session, other.port);
      const mistaken = links.bySession(session);
      mistaken?.abandon();
      if (mistaken !== null) links.remove(mistaken);
    }
    this.#bySession.set(session, carrier);
    links.carry(session, link);
  }

  #forget(session: number, carrier: Carrier): void {
    const link = this.#options.node.links.bySession(session);
    // The session that names the link does so for as long as that lasts.
    if (link?.session === session || this.#bySession.get(session) !== carrier) return;
    this.#bySession.delete(session);
    this.#options.node.links.carry(session, null);
  }

  #all(): Set<Carrier> {
    return new Set(this.#bySession.values());
  }

  #dialling(address: string | null): Carrier | undefined {
    if (address === null) return undefined;
    const dials = (each: Carrier): boolean => each.handover.dials && !this.#leaving.has(each);
    return [...this.#all()].find((each) => each.address === address && dials(each));
  }
}
