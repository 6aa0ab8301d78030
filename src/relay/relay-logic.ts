/** The relay as a worker's logic: what control commands, and what sessions and the loop bring. */
import { NEARER } from "../cascade/cores.ts";
import { type Disagreement, type NodeSelf, roleOf } from "../cascade/greeting.ts";
import type { Link } from "../cascade/link.ts";
import type { Node } from "../cascade/node.ts";
import { nodeIdOf } from "../cascade/node-id.ts";
import { REPLACED } from "../cascade/rivals.ts";
import type { ClusterEvent, ClusterSetup } from "../contract/cluster.ts";
import type { WorkerCommand } from "../contract/messages.ts";
import type { CloseReason } from "../contract/session.ts";
import type { StreamSource } from "../contract/source.ts";
import type { Peer } from "../peer/peer.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Answer } from "../wire/cascade/ask.ts";
import type { RelayKeys } from "./keys.ts";
import { LinkSessions } from "./link-sessions.ts";
import type { LoadMeter } from "./own-load.ts";
import { Relay } from "./relay.ts";
import type { RelayGround } from "./relay-ground.ts";
import { RelayState } from "./state.ts";

/** Status is told so often. */
const STATE_US = 1_000_000;
/** So long it is told again that this node leaves where that is not heard. */
const TOLD_MAX_US = 250_000;
/** A turn sends at its end, behind the timers: the next one's come when all of it is out. */
const LEAVING_TURNS = 2;

/** Ends of links that are no node's fault. */
const EXPECTED: ReadonlySet<string> = new Set([
  "no answer",
  "stopping",
  "its session ended",
  NEARER,
]);
const ITSELF: Disagreement = "it is this node itself";
/** To strangers a node says nothing: it looks the same from here whatever the reason is. */
const UNANSWERED_MEND =
  "let it run with the same secret and cluster name, and let UDP through to its --link port";

interface RelayLogicOptions {
  readonly ground: Omit<RelayGround, "load" | "linkRate">;
  readonly load: LoadMeter;
  readonly keys: RelayKeys;
  readonly emit: (event: ClusterEvent) => void;
  readonly log: (level: "info" | "warn", message: string, fields: Record<string, string>) => void;
  readonly allocate: (bytes: number) => Region;
  readonly dial: (address: string, now: number) => Peer | null;
  readonly close: (session: number, reason: CloseReason, now: number) => void;
  readonly clock: () => number;
}

/** Before control has told who this node is, there is nothing. */
export class RelayLogic {
  readonly #options: RelayLogicOptions;
  readonly #state = new RelayState();
  readonly #early = new Map<number, StreamSource>();
  #relay: Relay | null = null;
  /**
   * When the relay's timers run next; null when something may have changed that. To find out costs more
   * than to pass on a packet, and packets alone change nothing.
   */
  #timersAt: number | null = null;
  #links: LinkSessions | null = null;
  #stateAt = 0;
  /** Something waits to go on or to leave. */
  #unflushed = false;
  /** Until when all links are told that they are over; Infinity: they are not. */
  #tellsUntil = Number.POSITIVE_INFINITY;
  /** Turns until what was said has left for certain; 0: it need not. */
  #leaving = 0;

  constructor(options: RelayLogicOptions) {
    this.#options = options;
  }

  get relay(): Relay | null {
    return this.#relay;
  }

  connected(peer: Peer, now: number): void {
    this.#unflushed = true;
    this.#timersAt = null;
    this.#links?.connected(peer, now);
  }

  received(peer: Peer, now: number, region: Region, offset: number, arrival: number): void {
    this.#timersAt = null;
    this.#links?.received(peer, now, region, offset, arrival);
  }

  /**
   * All datagrams of a batch were read. What they brought goes on in this turn, but behind the end of a
   * handshake: whoever it is for could not open it before.
   */
  batchEnds(): void {
    this.#unflushed = true;
  }

  closed(session: number, now: number): void {
    this.#timersAt = null;
    this.#links?.closed(session, now);
  }

  /** News in a ring, or a wish: see Relay. */
  mark(index: number, now: number): void {
    if (this.#relay?.mark(index, now) === true) this.#timersAt = null;
  }

  /** All that had come by `readAt` has been read. */
  judge(readAt: number): void {
    if (this.#relay?.judge(readAt) === true) this.#timersAt = null;
  }

  /** Moves media to children as Relay does; all of it leaves in the turn that it came in. */
  forward(now: number, deadline: number): boolean {
    const relay = this.#relay;
    if (relay === null) return false;
    const left = relay.forward(now, deadline, this.#options.clock);
    relay.flush();
    return left;
  }

  setSource(stream: number, source: StreamSource | null): void {
    this.#timersAt = null;
    if (this.#relay !== null) this.#relay.setSource(stream, source);
    else if (source === null) this.#early.delete(stream);
    else this.#early.set(stream, source);
  }

  command(command: WorkerCommand, now: number): void {
    this.#timersAt = null;
    if (command.type === "cluster") this.#begin(command.setup);
    const relay = this.#relay;
    if (relay === null) return;
    const { node } = relay;
    if (command.type === "cluster-secrets") this.#setSecrets(node, command.secrets);
    else if (command.type === "seeds") node.members.setSeeds(command.addresses, now);
    else if (command.type === "publish") {
      const { name, stream, tracks, epochMin } = command;
      relay.publish(name, stream, tracks, now, epochMin);
    } else if (command.type === "unpublish") relay.unpublish(command.name, now);
    else if (command.type === "pull") relay.pull(command.name, command.stream, command.rings, now);
    else if (command.type === "end-pull") {
      relay.endPull(command.stream, now);
      this.#options.emit({ type: "pull-ended", stream: command.stream });
    } else if (command.type === "viewers") relay.setViewers(command.stream, command.count, now);
    else if (command.type === "ask-owner") {
      relay.askOwner(command.request, command.name, command.withinMs, now);
    } else if (command.type === "look-up") node.lookUps.begin(command.name, now);
    else if (command.type === "filled") this.#options.load.filled = command.share;
    else if (command.type === "ask") {
      const { request, to, question } = command;
      const nodes = relay.asks.ask(request, to, question);
      this.#options.emit({ type: "asked", request, nodes });
    } else if (command.type === "answer") {
      relay.asks.answer(command.asker, command.request, command.answer);
    } else if (command.type === "tell-remarks") {
      relay.remarks.tell(command.stream, command.remarks);
    } else if (command.type === "give-remarks") {
      relay.giveRemarks(command.session, command.alias, command.remarks);
    } else if (command.type === "cuts") relay.cuts.setOpen(command.stream, command.open);
    else if (command.type === "cut") relay.cuts.decided(command.stream, command, now);
    else if (command.type === "drain") node.drain(command.ms);
    else if (command.type === "leave") {
      relay.stop(now);
      this.#tellsUntil = now + TOLD_MAX_US;
    }
  }

  handleTimeout(now: number): void {
    const relay = this.#relay;
    if (relay === null) return;
    if (now >= this.#soonest(relay)) {
      relay.handleTimeout(now);
      this.#timersAt = null;
    }
    if (now >= this.#stateAt) {
      this.#stateAt = now + STATE_US;
      this.#options.emit({
        type: "cluster-state",
        state: this.#state.of(relay, this.#options.keys.kids),
      });
      this.#tellUnanswered(relay);
    }
    relay.flush();
    this.#unflushed = false;
    this.#leave(relay, now);
  }

  #leave(relay: Relay, now: number): void {
    const tells = this.#tellsUntil < Number.POSITIVE_INFINITY;
    if (tells && (now >= this.#tellsUntil || !relay.leaves)) {
      this.#tellsUntil = Number.POSITIVE_INFINITY;
      this.#leaving = LEAVING_TURNS;
    }
    if (this.#leaving === 0) return;
    this.#leaving -= 1;
    if (this.#leaving === 0) this.#options.emit({ type: "left" });
  }

  nextTimeout(): number {
    if (this.#relay === null) return Number.POSITIVE_INFINITY;
    if (this.#unflushed || this.#leaving > 0) return 0;
    return Math.min(this.#soonest(this.#relay), this.#stateAt, this.#tellsUntil);
  }

  #soonest(relay: Relay): number {
    this.#timersAt ??= relay.nextTimeout();
    return this.#timersAt;
  }

  #begin(setup: ClusterSetup): void {
    const { keys, emit, log, allocate, dial, close, clock, load } = this.#options;
    const { linkRate } = setup;
    const ground = { ...this.#options.ground, linkRate, load: () => load.look(clock()) };
    const keyring = keys.set(setup.cluster, setup.secrets);
    const self: NodeSelf = { ...setup, id: setup.node, ...roleOf(setup.role) };
    let toldRole = setup.role === "edge";
    this.#relay = new Relay(self, keyring, setup.childrenMax, ground, {
      dial: (address) => this.#links?.dial(address),
      heard: (name, stream) => emit({ type: "heard", name, stream }),
      outranked: (name) => emit({ type: "outranked", name }),
      wanted: (name) => emit({ type: "wanted", name }),
      children: (stream, count) => emit({ type: "children", stream, count }),
      lookedUp: (name) => emit({ type: "looked-up", name }),
      remarks: (stream, remarks) => {
        const copies = remarks.map(({ id, json }) => ({ id, json: json.slice() }));
        emit({ type: "remarks", stream, remarks: copies });
      },
      remarksWished: ({ stream, link: { session }, alias }, since) => {
        if (stream !== null) emit({ type: "remarks-wished", stream, session, alias, since });
      },
      owner: (request, alive) => emit({ type: "owner-answer", request, alive }),
      asked: (asker, request, question) => {
        emit({ type: "question", asker, request, question: question.slice() });
      },
      answered: (answer) => emit({ type: "answer-part", ...partOf(answer) }),
      linkOpened: ({ node, hello }) => {
        log("info", "Node linked", { node, address: hello?.addresses[0] ?? "" });
        if (!toldRole && self.role === "edge") this.#tellRole(self, hello?.cores ?? 0);
        toldRole = true;
      },
      turned: (cores) => this.#tellRole(self, cores),
      cut: (stream, { edition, number, body }) => {
        emit({ type: "cut", stream, edition, number, body });
      },
      cutsWished: (stream, wished) => emit({ type: "cuts-wished", stream, wished }),
      linkClosed: (link, reason) => this.#unlinked(link, reason, setup.node),
    });
    const relay = this.#relay;
    const answered = (address: string): void => keys.answered(address);
    this.#links = new LinkSessions({ relay, allocate, dial, answered, close, clock });
    for (const [stream, source] of this.#early) relay.setSource(stream, source);
    this.#early.clear();
  }

  #tellRole({ wish, role }: NodeSelf, cores: number): void {
    const { log } = this.#options;
    const fields = { cores: String(cores) };
    if (role === "core") log("info", "There are too few cores: this node is one now", fields);
    else if (wish === "auto") log("info", "There are enough cores: this node is an edge", fields);
    else log("warn", "There are as many cores as may be: this node is an edge", fields);
  }

  #unlinked(link: Link, reason: string, self: string): void {
    // A node may be among its own seeds, and two nodes may have called each other at once.
    if (reason === REPLACED || (link.node === self && reason === ITSELF)) return;
    // What was dialled while nothing came by a link, and was not needed: that goes on.
    if (link.claim === null && this.#relay?.node.links.to(link.node)?.open === true) return;
    const dialled = this.#links?.addressOf(link.session) ?? "";
    const words = this.#state.failed(link, dialled, reason);
    const { log } = this.#options;
    const level = EXPECTED.has(reason) ? "info" : "warn";
    log(level, "Node unlinked", { node: link.node, reason: words });
  }

  #tellUnanswered({ node }: Relay): void {
    for (const address of node.members.takeUnanswered()) {
      this.#state.unanswered(address);
      this.#options.log("warn", "Nobody answers at a seed", { address, mend: UNANSWERED_MEND });
    }
    for (const secret of this.#options.keys.takeStrangers()) {
      this.#state.stranger(secret);
      this.#options.log("warn", "A node knocks with another secret or cluster name", { secret });
    }
  }

  #setSecrets(node: Node, secrets: readonly Uint8Array[]): void {
    const { keys } = this.#options;
    if (keys.keyring !== null) node.setKeyring(keys.set(keys.keyring.cluster, secrets));
  }
}

/** As control has it: in memory of its own, which is all that goes to another thread. */
function partOf({ nonce, node, number, more, asked, part }: Answer) {
  const nodes = asked.map(nodeIdOf);
  return { request: nonce, node: nodeIdOf(node), number, more, asked: nodes, part: part.slice() };
}
