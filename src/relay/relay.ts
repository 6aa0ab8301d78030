/**
 * The cascade's end in this process: what it pulls from other nodes it writes into rings, what other
 * nodes pull it reads from rings. Sans I/O: sessions, sockets and time are passed in.
 */
import { Asks } from "../cascade/asks.ts";
import type { LinkSecurity, NodeSelf } from "../cascade/greeting.ts";
import { WEAR_LIMITS } from "../cascade/handover.ts";
import type { Keyring } from "../cascade/keyring.ts";
import type { Link } from "../cascade/link.ts";
import { Node } from "../cascade/node.ts";
import { type Asked, Owners } from "../cascade/owners.ts";
import type { LinkTraffic } from "../contract/cluster.ts";
import type { RingGrant, StreamSource } from "../contract/source.ts";
import { DataFrame } from "../wire/cascade/data.ts";
import { type FrameSink, readDatagram } from "../wire/cascade/datagram.ts";
import type { Elements } from "../wire/cascade/elements.ts";
import { readHalf } from "../wire/cascade/half.ts";
import { Frame, Message } from "../wire/cascade/kinds.ts";
import { readRekey } from "../wire/cascade/rekey.ts";
import type { NumberedRemark } from "../wire/cascade/remark.ts";
import { readFill, readKeyframeWish } from "../wire/cascade/wish.ts";
import { NO_TRAFFIC } from "./carrier.ts";
import { Carriers } from "./carriers.ts";
import type { ChildStream } from "./child-stream.ts";
import { Cuts } from "./cuts.ts";
import { Intakes } from "./intakes.ts";
import type { LinkPort } from "./link-port.ts";
import { LinkShare } from "./link-share.ts";
import { Offers } from "./offers.ts";
import { type Coming, NOT_COMING } from "./pulled-stream.ts";
import type { RelayEvents, RelayGround } from "./relay-ground.ts";
import { ToldRemarks } from "./told-remarks.ts";
import { TreeMessages } from "./tree-messages.ts";

export class Relay {
  readonly node: Node;
  /** What nodes ask each other for people. */
  readonly asks: Asks;
  /** What is said of streams. */
  readonly remarks: ToldRemarks;
  /** How the tails of streams are cut. */
  readonly cuts: Cuts;
  readonly #events: RelayEvents;
  readonly #offers: Offers;
  readonly #share: LinkShare;
  readonly #intakes: Intakes;
  readonly #carriers: Carriers;
  readonly #owners: Owners;
  readonly #tree: TreeMessages;
  readonly #frame = new DataFrame();
  /** Of the datagram that is being read. */
  #session = 0;
  #now = 0;
  #arrival = 0;

  constructor(
    self: NodeSelf,
    keyring: Keyring,
    childrenMax: number,
    ground: RelayGround,
    events: RelayEvents,
  ) {
    this.#events = events;
    this.#intakes = new Intakes(ground);
    this.#offers = new Offers({
      ground,
      writer: ({ session }) => this.#carriers.get(session)?.writer ?? null,
      counted: (stream, count) => events.children(stream, count),
      rootAgeUs: (stream, now) => this.#intakes.rootAgeUs(stream, now),
    });
    this.#share = new LinkShare(ground.linkRate, this.#offers);
    const children = (stream: number) => this.node.serving.of(stream);
    const { cut: told, cutsWished: wished } = events;
    const parents = (stream: number, now: number) => this.#intakes.parentsOf(stream, now);
    this.cuts = new Cuts({ children, parents, told, wished });
    this.remarks = new ToldRemarks({
      children,
      isOwn: ({ key }) => key.owner === self.id,
      told: (stream, remarks) => events.remarks(stream, remarks),
      wished: (child, since) => events.remarksWished(child, since),
    });
    this.node = this.#makeNode(self, keyring, childrenMax, ground);
    this.#tree = new TreeMessages(this.node, this.cuts, this.remarks);
    const { names, links } = this.node;
    this.#carriers = new Carriers({
      node: this.node,
      limits: ground.wearLimits ?? WEAR_LIMITS,
      counters: ground.counters,
      dial: (address) => events.dial(address),
    });
    const { asked, answered } = events;
    this.asks = new Asks({ self: self.id, role: () => self.role, links, asked, answered });
    this.#owners = new Owners({ names, links, hears: (asked, at) => this.#hears(asked, at) });
  }

  /** A session is sealed: the other end has shown which node it is. */
  linked(
    port: LinkPort,
    security: LinkSecurity,
    kid: string,
    address: string | null,
    now: number,
  ): void {
    if (this.node.stopped) {
      port.close();
      return;
    }
    this.#carriers.linked(port, security, kid, address, now);
  }

  unreachable(address: string, now: number): void {
    if (!this.#carriers.unreachable(address, now)) this.node.unreachable(address, now);
  }

  unlinked(session: number, reason: string, now: number): void {
    if (this.#carriers.lost(session, now)) this.node.unlinked(session, reason, now);
  }

  /** The session's link was found right. */
  isOpen(session: number): boolean {
    return this.node.links.bySession(session)?.open === true;
  }

  /** The frames of one datagram; `arrival`: the kernel's stamp. False for what are none. */
  received(
    session: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
    arrival: number,
  ): boolean {
    this.#session = session;
    this.#now = now;
    this.#arrival = arrival;
    this.#carriers.heard(session, length, now);
    return readDatagram(bytes, offset, offset + length, this.#frame, this.#sink);
  }

  /** What the link with this name has carried so far. */
  traffic(session: number): LinkTraffic {
    return this.#carriers.get(session)?.traffic ?? NO_TRAFFIC;
  }

  /** How a pulled stream comes here. */
  coming(stream: number): Coming {
    return this.#intakes.get(stream)?.coming ?? NOT_COMING;
  }

  /** This node publishes the stream from now on. */
  publish(...publication: Parameters<Node["publish"]>): void {
    const [, , , now] = publication;
    this.#now = now;
    this.node.publish(...publication);
  }

  unpublish(name: string, now: number): void {
    this.node.unpublish(name, now);
  }

  /** Has a stream of another node, as heard, in rings of its own: one a track. */
  pull(name: string, stream: number, grants: readonly RingGrant[], now: number): void {
    const known = this.node.names.best(name);
    if (known === null || known.tracks.length !== grants.length) return;
    this.#now = now;
    this.endPull(stream, now);
    const begin = (rings: Parameters<Node["pull"]>[2]) => this.node.pull(known, stream, rings, now);
    this.#intakes.begin(known, stream, grants, begin, now);
  }

  /** No more; its rings are not written any more on return. */
  endPull(stream: number, now: number): void {
    const known = this.#intakes.end(stream);
    this.remarks.forget(stream);
    if (known !== null) this.node.endPull(known.name, now);
  }

  /** From so many viewers on a stream is had from two parents at once. */
  setViewers(stream: number, count: number, now: number): void {
    this.#intakes.get(stream)?.pull.setViewers(count, now);
  }

  /** To a child that asked for what is kept. */
  giveRemarks(session: number, alias: number, remarks: readonly NumberedRemark[]): void {
    const link = this.node.links.bySession(session);
    const child = link === null ? null : this.node.serving.find(link, alias);
    if (child !== null) this.remarks.give(child, remarks);
  }

  /** Asks the node that has a name whether it heard of its publisher within so long. */
  askOwner(request: number, name: string, withinMs: number, now: number): void {
    this.#owners.ask({ name, withinMs }, now, (alive) => this.#events.owner(request, alive));
  }

  /** A stream's rings are these from now on. Older rings are not read any more on return. */
  setSource(stream: number, source: StreamSource | null): void {
    this.#offers.setSource(stream, source);
  }

  /** News in a ring that children have, or a wish in one that is pulled: true for such a wish. */
  mark(index: number, now: number): boolean {
    this.#offers.mark(index);
    return this.#intakes.wished(index, now);
  }

  /** When there is media to move; see Offers. */
  workAt(): number {
    return this.#offers.workAt();
  }

  /** Moves media to children; see Offers. */
  forward(now: number, deadline: number, clock: () => number): boolean {
    return this.#offers.forward(now, deadline, clock);
  }

  /** All that had come by `readAt` has been read. True when somebody was found silent. */
  judge(readAt: number): boolean {
    this.#now = readAt;
    return this.node.judge(readAt);
  }

  handleTimeout(now: number): void {
    this.#now = now;
    this.#intakes.handleTimeout(now);
    this.#offers.handleTimeout(now);
    this.#carriers.handleTimeout(now);
    this.cuts.handleTimeout(now);
    // In front of the links, which send what they are given.
    this.asks.handleTimeout(now);
    this.node.handleTimeout(now);
  }

  nextTimeout(): number {
    return Math.min(
      this.node.nextTimeout(),
      this.#intakes.nextTimeout(),
      this.#offers.nextTimeout(),
      this.#carriers.nextTimeout(),
      this.asks.nextTimeout(),
      this.cuts.nextTimeout(),
    );
  }

  /** The end of a turn: rings' readers hear of news, and what waits for links leaves. */
  flush(): void {
    this.#intakes.flush();
    this.#carriers.flush();
  }

  /** What was flushed is out of this process. `clock`: monotonic, us. */
  sent(clock: () => number): void {
    this.#offers.sent(clock);
  }

  stop(now: number): void {
    this.node.stop(now);
  }

  /** Others may not have heard yet why links with them are over. */
  get leaves(): boolean {
    return this.#carriers.leaves;
  }

  readonly #sink: FrameSink = {
    data: (frame, bytes) => this.#data(frame, bytes),
    frame: (type, elements) => {
      if (type === Message.rekey) {
        const association = readRekey(elements);
        if (association !== null) this.#carriers.proposed(this.#session, association, this.#now);
        return;
      }
      if (type !== Frame.half) {
        this.node.frame(this.#session, type, elements, this.#now, this.#arrival);
        this.#carriers.ended(this.#session, type, elements, this.#now);
        return;
      }
      const half = readHalf(elements);
      const whole = half && this.#carriers.get(this.#session)?.halves.join(half, this.#frame);
      if (whole) this.#data(this.#frame, whole);
    },
  };

  #makeNode(self: NodeSelf, keyring: Keyring, childrenMax: number, ground: RelayGround): Node {
    const { random, load } = ground;
    return new Node({
      ...{ self, keyring, childrenMax, random, load },
      heads: (stream) => this.#offers.heads(stream, this.#now),
      events: {
        ...this.#events,
        output: (session, frame) => this.#carriers.get(session)?.output.frame(frame),
        hangUp: (session, now) => this.#carriers.hangUp(session, now),
        told: (link, type, elements, now, arrival) =>
          this.#told(link, type, elements, now, arrival),
        accepted: (pull, heads, link, alias) => {
          this.#intakes.ofPull(pull)?.accepted(heads);
          this.remarks.accepted(pull.stream, link, alias);
        },
        serve: (child, now) => this.#offers.serve(child, now),
        change: (child, now) => this.#offers.change(child, now),
        stop: (child) => {
          this.#offers.stop(child);
          this.remarks.left(child);
        },
        carries: (link, stream) => this.#share.fits(link, stream, this.#now),
      },
    });
  }

  #data(frame: DataFrame, bytes: Uint8Array): void {
    const link = this.node.links.bySession(this.#session);
    if (link === null || !link.open) return;
    link.liveness.heard(this.#arrival);
    const pull = this.node.pulls.of(link, frame.alias);
    if (pull?.takes(link, frame.alias, true) !== true) return;
    this.#intakes.data(pull, frame, bytes, link, this.#arrival);
  }

  #told(link: Link, type: number, elements: Elements, now: number, arrival: number): void {
    if (type === Message.ownQuestion) this.#owners.question(link, elements, now);
    else if (type === Message.own) this.#owners.answered(link, elements);
    else if (type === Message.ask) this.asks.heard(link, elements, now);
    else if (type === Message.answer) this.asks.answered(link, elements);
    else if (type === Frame.fill) {
      const fill = readFill(elements);
      if (fill !== null) this.#childOf(link, fill.alias)?.fill(fill);
    } else if (type === Frame.keyframe) {
      const wish = readKeyframeWish(elements);
      if (wish !== null) this.#childOf(link, wish.alias)?.requestKeyframe(wish);
    } else if (type === Message.rekey) {
      const association = readRekey(elements);
      if (association !== null) this.#carriers.told(link, association, now);
    } else if (!this.#tree.take(link, type, elements, now)) {
      const pull = this.node.pulls.of(link, elements.peekUint());
      this.#intakes.ofPull(pull)?.told(link, type, elements, arrival);
    }
  }

  /** Its publisher counts as there while something of it came within so long. */
  #hears({ name, withinMs }: Asked, now: number): boolean {
    const stream = this.node.publishedStream(name);
    const feeds = stream === null ? [] : (this.#offers.follow(stream, now)?.feeds ?? []);
    const newest = Math.max(0, ...feeds.map(({ reader }) => reader.lastReceiptUs));
    return now - newest <= withinMs * 1000;
  }

  #childOf(link: Link, alias: number): ChildStream | null {
    const child = this.node.serving.find(link, alias);
    return child === null ? null : this.#offers.of(child);
  }
}
