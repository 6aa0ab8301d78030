/** Nodes without media in virtual time: links between them are made and cut by hand. */

import type { Child } from "../../src/cascade/child.ts";
import type { NodeSelf } from "../../src/cascade/greeting.ts";
import { LinkEnd } from "../../src/cascade/keyring.ts";
import type { Link } from "../../src/cascade/link.ts";
import type { KnownName } from "../../src/cascade/names.ts";
import { Node } from "../../src/cascade/node.ts";
import { decodeElements, type Elements } from "../../src/wire/cascade/elements.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { EXPORTED, KEYRING, selfOf } from "./ends.ts";

export const TRACKS: readonly NamedTrack[] = [
  { kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 },
];

/** One end of a session between two nodes. */
interface Wire {
  readonly to: TestNode;
  readonly session: number;
  cut: boolean;
}

export class TestNode {
  readonly self: NodeSelf;
  readonly node: Node;
  /** What counts under each name, as it was told last. */
  readonly heard = new Map<string, KnownName | null>();
  readonly outranked: string[] = [];
  readonly lookedUp: string[] = [];
  readonly wanted: string[] = [];
  readonly dialled: string[] = [];
  readonly closings: string[] = [];
  /** What it became. */
  readonly roles: string[] = [];
  readonly served: Child[] = [];
  readonly told: number[] = [];
  /** What no rule of the tree needs, and whoever has timers of its own. */
  hear: (link: Link, type: number, elements: Elements) => void = () => {};
  tick: (now: number) => void = () => {};
  readonly wires = new Map<number, Wire>();

  constructor(cluster: Cluster, number: number, change: Partial<NodeSelf> = {}) {
    this.self = selfOf(number, change);
    this.node = new Node({
      self: this.self,
      keyring: KEYRING,
      childrenMax: 2,
      random: () => 0.5,
      load: () => ({ busy: 0, lagUs: 0, filled: null }),
      heads: () => [null],
      events: {
        dial: (address) => this.dialled.push(address),
        output: (session, frame) => cluster.carry(this, session, frame),
        hangUp: (session) => cluster.hangUp(this, session),
        heard: (name, known) => this.heard.set(name, known),
        lookedUp: (name) => this.lookedUp.push(name),
        outranked: (name) => this.outranked.push(name),
        accepted: () => {},
        carries: () => true,
        linkOpened: () => {},
        linkClosed: (_link, reason) => this.closings.push(reason),
        turned: () => this.roles.push(this.self.role),
        told: (link, type, elements) => {
          this.told.push(type);
          this.hear(link, type, elements);
        },
        serve: (child) => this.served.push(child),
        change: () => {},
        stop: (child) => this.served.splice(this.served.indexOf(child), 1),
        wanted: (name) => this.wanted.push(name),
      },
    });
  }

  /** Owner and epoch of what counts under a name. */
  best(name: string): string | null {
    const known = this.heard.get(name) ?? null;
    return known === null ? null : `${Number.parseInt(known.owner, 16)} ${known.epoch}`;
  }

  /** Others are asked for a name. */
  lookUp(cluster: Cluster, name: string): void {
    this.node.lookUps.begin(name, cluster.now);
  }

  publish(cluster: Cluster, name: string): void {
    this.node.publish(name, 1, TRACKS, cluster.now);
  }
}

export class Cluster {
  now = 1_000_000;
  readonly nodes: TestNode[] = [];
  readonly #flying: { at: number; run: () => void }[] = [];
  #sessions = 0;

  add(change: Partial<NodeSelf> = {}): TestNode {
    const node = new TestNode(this, this.nodes.length + 1, change);
    this.nodes.push(node);
    return node;
  }

  /** `from` has dialled `to`. */
  link(from: TestNode, to: TestNode, address: string | null = null): void {
    this.#sessions += 2;
    const [here, there] = [this.#sessions, this.#sessions + 1];
    from.wires.set(here, { to, session: there, cut: false });
    to.wires.set(there, { to: from, session: here, cut: false });
    const { kid } = KEYRING.first;
    const security = (end: LinkEnd, node: TestNode) => ({
      end,
      node: node.self.id,
      exported: EXPORTED,
    });
    from.node.linked(here, security(LinkEnd.caller, to), kid, address, this.now);
    to.node.linked(there, security(LinkEnd.callee, from), kid, null, this.now);
  }

  /** All pairs of nodes. */
  mesh(): void {
    for (const [i, from] of this.nodes.entries()) {
      for (const to of this.nodes.slice(i + 1)) this.link(from, to);
    }
    this.run(200_000);
  }

  /** Nothing passes between them in either direction, and nobody is told. */
  cut(left: TestNode, right: TestNode, cut = true): void {
    for (const [node, other] of [
      [left, right],
      [right, left],
    ] as const) {
      for (const wire of node.wires.values()) if (wire.to === other) wire.cut = cut;
    }
  }

  carry(from: TestNode, session: number, frame: Uint8Array): void {
    const wire = from.wires.get(session);
    if (wire === undefined || wire.cut) return;
    this.#flying.push({
      at: this.now + 2_000,
      run: () => {
        const elements = decodeElements(frame)!;
        wire.to.node.frame(wire.session, elements.uint(255), elements, this.now, this.now);
      },
    });
  }

  hangUp(from: TestNode, session: number): void {
    const wire = from.wires.get(session);
    from.wires.delete(session);
    if (wire === undefined || wire.cut) return;
    const run = (): void => wire.to.node.unlinked(wire.session, "its session ended", this.now);
    this.#flying.push({ at: this.now + 2_500, run });
  }

  run(us: number): void {
    for (const end = this.now + us; this.now < end; this.now += 1_000) {
      const due = this.#flying.filter(({ at }) => at <= this.now);
      for (const each of due) {
        this.#flying.splice(this.#flying.indexOf(each), 1);
        each.run();
      }
      for (const { node, tick } of this.nodes) {
        tick(this.now);
        if (node.nextTimeout() > this.now) continue;
        node.judge(this.now);
        node.handleTimeout(this.now);
      }
    }
  }
}
