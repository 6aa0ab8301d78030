/**
 * One node of the cascade: its links, what they tell, whom it gives streams and whom it has them from.
 * Pure: time and frames come in, frames and decisions go out.
 */
import type { Elements } from "../wire/cascade/elements.ts";
import { Message } from "../wire/cascade/kinds.ts";
import type { NamedTrack } from "../wire/cascade/name.ts";
import { readDrain, writeDrain } from "../wire/cascade/node.ts";
import type { Copy } from "./child.ts";
import { Cores, NEARER } from "./cores.ts";
import type { LinkSecurity, NodeSelf } from "./greeting.ts";
import type { Keyring } from "./keyring.ts";
import { Link } from "./link.ts";
import { Links } from "./links.ts";
import { LookUps } from "./look-ups.ts";
import { Members } from "./members.ts";
import { NameExchange } from "./name-exchange.ts";
import { type KnownName, NameTable, outranks, sameKey } from "./names.ts";
import type { NodeEvents, NodeOptions } from "./node-options.ts";
import type { PulledRings } from "./parents.ts";
import type { Pull } from "./pull.ts";
import { Pulls } from "./pulls.ts";
import { ENDED, objection, REPLACED } from "./rivals.ts";
import { Serving } from "./serving.ts";

export class Node {
  readonly names = new NameTable();
  readonly links = new Links();
  readonly serving: Serving;
  readonly members: Members;
  readonly pulls: Pulls;
  readonly lookUps: LookUps;
  /** It makes no more links. */
  stopped = false;
  readonly #options: NodeOptions;
  readonly #events: NodeEvents;
  /** By name: the number among streams of what this node publishes. */
  readonly #published = new Map<string, number>();
  readonly #exchange: NameExchange;
  readonly #cores: Cores;
  /** By session: where it was dialled. */
  readonly #dialled = new Map<number, string>();
  #keyring: Keyring;
  /** Of the timers that run. */
  #now = 0;

  constructor(options: NodeOptions) {
    const { self, events, childrenMax, random } = options;
    this.#options = options;
    this.#events = events;
    this.#keyring = options.keyring;
    this.serving = this.#makeServing(childrenMax);
    this.members = new Members({
      self: self.id,
      role: () => this.#cores.linksAs,
      region: self.region,
      random,
      isLinked: (node) => this.links.to(node)?.isQuiet(this.#now) === false,
      isQuiet: (node) => this.links.to(node)?.isQuiet(this.#now) === true,
      linkedRegions: () => this.#cores.linkedRegions(),
      dial: (address) => events.dial(address),
    });
    this.pulls = new Pulls({
      self,
      names: this.names,
      links: this.links,
      members: this.members,
      serving: this.serving,
      tripBetween: (a, b) => this.#cores.tripBetween(a, b),
      changed: (name, now) => this.#pullChanged(name, now),
      accepted: (...given) => events.accepted(...given),
    });
    this.#cores = this.#makeCores();
    const ask = () => this.#cores.knowing();
    this.lookUps = new LookUps({ names: this.names, ask, found: (name) => events.lookedUp(name) });
    this.#exchange = new NameExchange({
      self: self.id,
      role: () => self.role,
      names: this.names,
      links: this.links,
      hasLink: (link, node) => this.#cores.hasLink(link, node),
      pulled: () => this.pulls.names(),
      changed: (name, ended) => this.#nameChanged(name, ended),
    });
  }

  get self(): NodeSelf {
    return this.#options.self;
  }

  /** Other secrets count from now on, for links that are made from now on. */
  setKeyring(keyring: Keyring): void {
    this.#keyring = keyring;
  }

  /**
   * A session is sealed. `kid`: of the secret that its knock was made with; `address`: as it was
   * dialled, null for one that was accepted.
   */
  linked(
    session: number,
    security: LinkSecurity,
    kid: string,
    address: string | null,
    now: number,
  ): void {
    if (address !== null) this.#dialled.set(session, address);
    const link = new Link({
      session,
      security,
      self: this.#options.self,
      keyring: this.#keyring,
      kid,
      load: this.#options.load,
      cores: () => this.#cores.countWithout(security.node),
      now,
      output: (frame) => this.#events.output(session, frame),
      events: {
        opened: (each, at) => this.#opened(each, at),
        message: (each, type, elements, at) => this.#message(each, type, elements, at),
        loose: (each, type, elements, at, arrival) =>
          this.#events.told(each, type, elements, at, arrival),
        closed: (each, reason, at) => this.#closed(each, reason, at),
      },
    });
    this.links.add(link);
    link.handleTimeout(now);
  }

  /** A link that was dialled came to nothing. */
  unreachable(address: string, now: number): void {
    this.members.failed(address, now);
  }

  /** The session has ended. */
  unlinked(session: number, reason: string, now: number): void {
    this.links.bySession(session)?.lost(reason, now);
  }

  /** A frame other than DATA came; `arrival`: the kernel's stamp. */
  frame(session: number, type: number, elements: Elements, now: number, arrival: number): void {
    this.links.bySession(session)?.handleFrame(type, elements, now, arrival);
  }

  /** This node publishes the stream from now on. */
  publish(
    name: string,
    stream: number,
    tracks: readonly NamedTrack[],
    now: number,
    epochMin = 0,
  ): KnownName {
    const known = this.names.publish(name, this.#options.self.id, tracks, epochMin);
    this.#published.set(name, stream);
    this.#exchange.published(known);
    this.serving.copyChanged(name, now);
    return known;
  }

  unpublish(name: string, now: number): void {
    const known = this.names.unpublish(name);
    if (known === null) return;
    this.#published.delete(name);
    this.#exchange.unpublished(known);
    this.serving.copyChanged(name, now);
    this.#tellHeard(name);
  }

  /** The number of a stream that this node publishes; null for another. */
  publishedStream(name: string): number | null {
    return this.#published.get(name) ?? null;
  }

  /** Has a stream of another node from now on, in the rings of the stream with this number. */
  pull(known: KnownName, stream: number, rings: PulledRings, now: number): Pull {
    this.#exchange.follow(known.name);
    return this.pulls.begin(known, stream, rings, now);
  }

  endPull(name: string, now: number): void {
    this.pulls.end(name, now);
  }

  /** Children look for another parent from now on; `ms`: until this node leaves. */
  drain(ms: number): void {
    this.serving.drain();
    for (const link of this.links.open()) link.send(writeDrain(ms));
  }

  /** Ends all links, and makes no others. */
  stop(now: number): void {
    this.stopped = true;
    this.members.stop();
    for (const link of [...this.links.all()]) link.close("stopping", now);
  }

  /** All that had come by `readAt` has been read: who is silent then is silent. True when one is. */
  judge(readAt: number): boolean {
    this.pulls.readAt = readAt;
    let found = false;
    for (const link of this.links.open()) {
      if (!link.liveness.mayBeSilent(readAt)) continue;
      if (link.liveness.judge(readAt, this.pulls.isParent(link))) found = true;
    }
    if (found) this.pulls.maintain(readAt);
    return found;
  }

  handleTimeout(now: number): void {
    this.#now = now;
    for (const link of [...this.links.all()]) link.handleTimeout(now);
    for (const link of this.links.takeRetired(now)) link.close(REPLACED, now);
    this.serving.handleTimeout(now);
    this.pulls.handleTimeout(now);
    this.members.handleTimeout(now);
    this.#cores.handleTimeout(now);
    this.lookUps.handleTimeout(now);
  }

  nextTimeout(): number {
    const { members, pulls, serving, links, lookUps } = this;
    const parts = [members, pulls, serving, links, lookUps, this.#cores];
    let soonest = Math.min(...parts.map((part) => part.nextTimeout()));
    for (const link of this.links.all()) {
      soonest = Math.min(soonest, link.nextTimeout());
      soonest = Math.min(soonest, link.liveness.dueAt(this.pulls.isParent(link)));
    }
    return soonest;
  }

  #makeServing(childrenMax: number): Serving {
    return new Serving({
      self: this.self.id,
      childrenMax,
      copyOf: (name) => this.#copyOf(name),
      best: (name) => this.pulls.best(name),
      pullsForOthers: () => this.self.role === "core",
      pulledForOthers: () => this.pulls.forOthers(),
      waitsFor: (name, link) => this.pulls.get(name)?.waitsFor(link) === true,
      shorten: (name) => this.pulls.get(name)?.shorten(),
      carries: (link, stream) => this.#events.carries(link, stream),
      wayTo: (key, asker, now) => this.pulls.wayTo(key, asker, now),
      cores: () => this.links.cores(),
      events: this.#events,
    });
  }

  #makeCores(): Cores {
    const { links, members } = this;
    const { self, random } = this.#options;
    const isUsed = (link: Link) => this.pulls.isParent(link) || this.serving.has(link);
    const isQuiet = (link: Link) => link.isQuiet(this.#now);
    const exchange = () => this.#exchange;
    const turned = (cores: number) => this.#events.turned(cores);
    return new Cores({ ...{ self, links, members, exchange, random }, isUsed, isQuiet, turned });
  }

  #opened(link: Link, now: number): void {
    const { node } = link;
    const address = this.#dialled.get(link.session);
    if (address !== undefined) this.members.reached(address, node);
    const before = this.links.to(node);
    if (before !== null) {
      const wrong = objection(link, before, this.#options.self.id, now);
      if (wrong !== null) {
        link.close(wrong, now);
        return;
      }
    }
    const { hello } = link;
    // A process that has ended takes its names with it: the next one counts epochs anew, and the same
    // key is another stream's.
    if (before !== null && before.hello?.boot !== hello?.boot) before.lost(ENDED, now);
    this.links.elect(link);
    if (before !== null && !before.closed) this.links.retire(before, now);
    this.#events.linkOpened(link);
    this.#cores.opened(link, now);
    if (hello !== null) this.pulls.started(node, hello.boot, now);
    this.#exchange.greet(link);
    this.pulls.maintain(now);
  }

  #closed(link: Link, reason: string, now: number): void {
    this.links.remove(link);
    const address = this.#dialled.get(link.session);
    if (address !== undefined) {
      this.#dialled.delete(link.session);
      // Somebody was there, whatever was wrong: perhaps this node itself.
      this.members.reached(address, link.node);
      this.members.failed(address, now);
    }
    this.members.parted(link.node, now, reason === NEARER);
    this.#events.hangUp(link.session, now);
    this.#events.linkClosed(link, reason);
    this.#cores.closed(link);
    this.serving.lost(link);
    this.pulls.lost(link, now);
    this.#exchange.forget(link);
    this.lookUps.closed(link);
  }

  #message(link: Link, type: number, elements: Elements, now: number): void {
    if (this.#exchange.message(link, type, elements)) return;
    if (type === Message.nowhere) this.lookUps.answered(link, elements);
    else if (type === Message.cores) this.#cores.heard(link, elements, now);
    else if (type === Message.role) this.#cores.roleHeard(link, elements);
    else if (type === Message.drain) {
      if (readDrain(elements) !== null) this.pulls.avoid(link, now);
    } else if (this.serving.request(link, type, elements, now)) return;
    else if (!this.pulls.answer(link, type, elements, now)) {
      this.#events.told(link, type, elements, now, now);
    }
  }

  #nameChanged(name: string, ended: boolean): void {
    const best = this.names.best(name);
    if (ended && best === null) this.pulls.get(name)?.way.despair();
    const own = this.names.own(name);
    if (own !== null && best !== null && !sameKey(best, own) && outranks(best, own)) {
      this.#events.outranked(name);
    }
    if (this.pulls.best(name) === null) this.serving.cannotHave(name);
    this.#tellHeard(name);
    this.lookUps.changed(name);
  }

  #pullChanged(name: string, now: number): void {
    this.serving.copyChanged(name, now);
    if (this.names.best(name) === null) this.#nameChanged(name, false);
  }

  #tellHeard(name: string): void {
    const best = this.pulls.best(name);
    this.#events.heard(name, best !== null && best.owner !== this.#options.self.id ? best : null);
  }

  #copyOf(name: string): Copy | null {
    const { heads } = this.#options;
    const own = this.names.own(name);
    if (own !== null) {
      const stream = this.#published.get(name)!;
      return { key: own, stream, path: [], heads: () => heads(stream) };
    }
    const pull = this.pulls.get(name);
    if (pull === undefined) return null;
    const { known, stream, path } = pull;
    return { key: known, stream, path, heads: () => heads(stream) };
  }
}
