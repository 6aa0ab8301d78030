/** A cluster in virtual time: real relays and real rings, nodes' control and links made up. */
import type { RoleWish } from "../../../src/cascade/greeting.ts";
import { WEAR_LIMITS, type WearLimits } from "../../../src/cascade/handover.ts";
import { Keyring, LinkEnd } from "../../../src/cascade/keyring.ts";
import { LINK_PAYLOAD_MAX } from "../../../src/cascade/path-size.ts";
import type { LinkPort } from "../../../src/relay/link-port.ts";
import { seeded } from "../../support/random.ts";
import { Network, type Path } from "./network.ts";
import { SimNode } from "./node.ts";
import { FRAME_US } from "./publisher.ts";
import { Timeline } from "./timeline.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly path?: Partial<Path>;
  readonly childrenMax?: number;
  readonly role?: (node: number) => RoleWish;
  readonly region?: (node: number) => string;
  /** How worn an association may be. */
  readonly wearLimits?: WearLimits;
}

/** DTLS gives up after so long, and tries again so often before. */
const HANDSHAKE_US = 4_000_000;
const HANDSHAKE_AGAIN_US = 500_000;

/** A session between two nodes, as each end has it. */
interface Session {
  readonly node: SimNode;
  readonly boot: number;
  readonly session: number;
  open: boolean;
  /** Datagrams that it has carried. */
  readonly wear: { sent: number; received: number; forged: number };
}

export class World {
  readonly timeline = new Timeline();
  readonly random: () => number;
  readonly network: Network;
  readonly keyring = new Keyring("test", [new Uint8Array(32).fill(7)]);
  readonly childrenMax: number;
  readonly wearLimits: WearLimits;
  /** Sessions that were ever there. */
  sessions = 0;
  readonly nodes: SimNode[] = [];
  /** Whether what is sent by the end of a session with this number arrives. */
  passes: (session: number) => boolean = () => true;
  readonly #numbers = new Map<string, number>();
  /** Nodes that new processes are told of. */
  readonly #seeds: number[] = [0];

  constructor(options: WorldOptions) {
    this.random = seeded(options.seed);
    this.network = new Network(this.timeline, this.random, options.path);
    this.childrenMax = options.childrenMax ?? 64;
    this.wearLimits = options.wearLimits ?? WEAR_LIMITS;
    for (let i = 0; i < options.nodes; i += 1) {
      const role = options.role?.(i) ?? "core";
      this.nodes.push(new SimNode(this, i, role, options.region?.(i) ?? ""));
      this.#numbers.set(this.idOf(i), i);
    }
    this.timeline.at(0, () => this.#publish());
  }

  get now(): number {
    return this.timeline.now;
  }

  /** Ids are in no order that numbers are in. */
  idOf(number: number): string {
    return (((number + 1) * 0x9e3779b1) >>> 0).toString(16).padStart(32, "0");
  }

  numberOf(id: string): number {
    return this.#numbers.get(id) ?? -1;
  }

  node(number: number): SimNode {
    return this.nodes[number]!;
  }

  /** All know these. */
  seedAll(...numbers: number[]): void {
    if (numbers.length > 0) this.#seeds.splice(0, this.#seeds.length, ...numbers);
    for (const node of this.nodes) this.seed(node);
  }

  seed(node: SimNode): void {
    const others = this.#seeds.filter((number) => number !== node.number);
    node.seed(...others.map((number) => this.node(number).address));
  }

  /** A new process where one crashed. */
  restart(node: SimNode): void {
    node.start();
    this.seed(node);
  }

  run(us: number): void {
    this.timeline.run(this.now + us);
  }

  /** Nothing passes between these and all others, or in one direction only. */
  isolate(numbers: readonly number[], cut: boolean, ways: "both" | "in" | "out" = "both"): void {
    for (const number of numbers) {
      for (const { number: other } of this.nodes) {
        if (numbers.includes(other)) continue;
        if (ways !== "in") this.network.path(number, other).cut = cut;
        if (ways !== "out") this.network.path(other, number).cut = cut;
      }
    }
  }

  /** Datagrams pass in both directions. */
  reaches(from: SimNode, to: SimNode): boolean {
    const { network } = this;
    return !network.path(from.number, to.number).cut && !network.path(to.number, from.number).cut;
  }

  /** What DTLS would do: both ends are linked after two round trips, if they can hear each other. */
  dial(from: SimNode, address: string): void {
    const to = this.nodes.find((node) => node.address === address);
    const { boot } = from;
    const patience = this.now + HANDSHAKE_US;
    const connect = (): void => {
      if (!from.alive || from.boot !== boot) return;
      if (to?.alive && this.reaches(from, to)) this.#link(from, to, address);
      else if (this.now >= patience) from.receive(() => from.relay.unreachable(address, from.now));
      else this.timeline.at(this.now + HANDSHAKE_AGAIN_US, connect);
    };
    const way = to === undefined ? 0 : this.network.path(from.number, to.number).delayUs;
    this.timeline.at(this.now + 4 * way, connect);
  }

  #link(from: SimNode, to: SimNode, address: string): void {
    const exported = new Uint8Array(32);
    new DataView(exported.buffer).setUint32(0, this.sessions);
    const [caller, callee] = [from, to].map((node): Session => {
      const wear = { sent: 0, received: 0, forged: 0 };
      return { node, boot: node.boot, session: ++this.sessions, open: true, wear };
    }) as [Session, Session];
    const { kid } = this.keyring.first;
    const open = (end: LinkEnd, self: Session, other: Session, dialled: string | null): void => {
      const security = { end, node: other.node.id, exported };
      self.node.receive(() => {
        const port = this.#port(self, other);
        self.node.relay.linked(port, security, kid, dialled, self.node.now);
      });
    };
    open(LinkEnd.callee, callee, caller, null);
    open(LinkEnd.caller, caller, callee, address);
  }

  #port(self: Session, other: Session): LinkPort {
    const buffer = new Uint8Array(LINK_PAYLOAD_MAX);
    const send = (datagram: Uint8Array, take: (bytes: Uint8Array, arrival: number) => void) => {
      this.network.send(self.node.number, other.node.number, datagram, (bytes) => {
        const { node, boot } = other;
        if (!this.passes(self.session)) return;
        if (!node.alive || node.boot !== boot || !other.open) return;
        const arrival = node.now;
        node.receive(() => {
          if (other.open) take(bytes, arrival);
        });
      });
    };
    return {
      session: self.session,
      buffer,
      wear: self.wear,
      transmit: (length) => {
        self.wear.sent += 1;
        const { sent } = self.wear;
        send(buffer.slice(0, length), (bytes, arrival) => {
          const { node, session, wear } = other;
          wear.received = Math.max(wear.received, sent);
          node.relay.received(session, bytes, 0, bytes.length, node.now, arrival);
        });
        return true;
      },
      close: () => {
        self.open = false;
        send(new Uint8Array(0), () => {
          other.open = false;
          other.node.relay.unlinked(other.session, "its session ended", other.node.now);
        });
      },
    };
  }

  #publish(): void {
    for (const node of this.nodes) {
      if (!node.alive || node.publishers.size === 0) continue;
      for (const publisher of node.publishers.values()) publisher.tick(node.now);
      node.published();
    }
    this.timeline.at(this.now + FRAME_US, () => this.#publish());
  }
}
