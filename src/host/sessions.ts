/** All sessions of a worker, as a guest of its loop: what their peers receive, send and come to. */

import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../contract/messages.ts";
import type { CloseReason } from "../contract/session.ts";
import { createPeerCounters } from "../peer/counters.ts";
import type { DtlsFactory } from "../peer/dtls.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import { InboundBudget } from "../peer/inbound-budget.ts";
import type { KnockKey, KnockKeys } from "../peer/knock.ts";
import { LinkGate } from "../peer/link-gate.ts";
import { Peer } from "../peer/peer.ts";
import { PeerTable } from "../peer/peer-table.ts";
import type { Region, SrtpCipherFactory } from "../srtp/cipher.ts";
import { formatPath, kindOf, type Path } from "../wire/path.ts";
import { ConnectionEnds } from "./connection-ends.ts";
import type { Connections } from "./connections.ts";
import { obeyDrill } from "./drills.ts";
import { LinkMaker } from "./link-maker.ts";
import type { Guest } from "./loop.ts";
import type { MediaLogic } from "./media-logic.ts";
import { Outbox } from "./outbox.ts";
import { PeerTotals } from "./peer-totals.ts";
import { SessionFaults } from "./session-faults.ts";
import { type DatagramHandler, SocketReader } from "./socket-reader.ts";
import type { Sockets } from "./sockets.ts";

/** What sessions stand on. */
export interface SessionsGround {
  readonly sockets: Sockets;
  /** Of the worker's block. */
  readonly counters: Float64Array;
  readonly dtls: DtlsFactory;
  readonly ciphers: SrtpCipherFactory;
  readonly emit: (event: WorkerEvent) => void;
  /** Monotonic, us. */
  readonly clock: () => number;
  /** Fills its argument. */
  readonly random: (out: Uint8Array) => void;
  /** Its sessions are links between nodes: whoever knocks with one of these keys gets one. */
  readonly knocks?: KnockKeys;
}

export class Sessions implements Guest, DatagramHandler {
  readonly table: PeerTable;
  readonly #ground: SessionsGround;
  readonly #sockets: Sockets;
  readonly #counters: Float64Array;
  readonly #peerCounters = createPeerCounters();
  readonly #totals: PeerTotals;
  readonly #links: LinkMaker;
  readonly #reader: SocketReader;
  readonly #connections: Connections | null;
  readonly #ends: ConnectionEnds;
  readonly #outbox: Outbox;
  readonly #faults: SessionFaults;
  #logic!: MediaLogic;
  /** When the sockets were read in this turn. */
  #readAt = 0;

  /** `connections`: of clients that come by TCP; these are theirs alone. */
  constructor(ground: SessionsGround, connections: Connections | null = null) {
    this.#ground = ground;
    this.#sockets = ground.sockets;
    this.#counters = ground.counters;
    this.#links = new LinkMaker(ground, this.#peerCounters);
    this.table = new PeerTable(this.#peerCounters, ground.random, this.#gate());
    this.#totals = new PeerTotals(this.#peerCounters, ground.counters);
    const { receiver, fds } = ground.sockets;
    this.#reader = new SocketReader(receiver, fds, this, ground.clock);
    this.#connections = connections;
    this.#ends = new ConnectionEnds(this, ground.counters, ground.emit);
    connections?.serve(this.#ends);
    this.#outbox = new Outbox(this.table, (session, error) =>
      this.fault("what it has to send", error, session, ground.clock()),
    );
    this.#faults = new SessionFaults(ground.emit, () => countUp(this.#counters, Counter.faults));
  }

  /** `logic` has what they bring; before anything else is called. */
  serve(logic: MediaLogic): void {
    this.#logic = logic;
  }

  /** A server-side peer of this worker, in the table. */
  addPeer(
    command: Extract<WorkerCommand, { type: "publisher-open" | "viewer-open" }>,
    sourcesMax: number,
    now: number,
  ): Peer {
    const { dtls, ciphers, random } = this.#ground;
    const peer = new Peer({
      session: command.session,
      setup: command.peer,
      ice: { mode: "lite", random },
      dtls,
      ciphers,
      counters: this.#peerCounters,
      inbound: new InboundBudget(command, this.#peerCounters),
      sourcesMax,
      now,
    });
    this.table.add(peer);
    return peer;
  }

  /**
   * Calls a node with `key` at whichever of `paths` answers first, each by one of our sockets. By one
   * socket there can be one link to an address, so another one needs another socket. The logic hears of
   * it by `connected` or, when `peer.closeReason` tells why, by `closed`.
   */
  dial(key: KnockKey, paths: readonly Path[], now: number): Peer {
    const peer = this.#links.caller(key, paths, now);
    this.table.add(peer);
    return peer;
  }

  /** What a command about one session makes throw costs that session; other commands the worker. */
  handleCommand(command: WorkerCommand): void {
    const now = this.#ground.clock();
    if (command.type === "connection") {
      this.#connections!.add(command.fd, command.sockaddr, command.bytes, now);
    } else if (command.type === "drill")
      this.#logic = obeyDrill(command.drill, this.#logic, this.table);
    else if (!("session" in command) || command.session === null) this.#logic.command(command, now);
    else {
      const { session } = command;
      try {
        this.#obey(command, session, now);
      } catch (error) {
        this.fault(`the command ${command.type}`, error, session, now);
        if (command.type === "stats") {
          this.#ground.emit({ type: "stats", request: command.request, sessions: [] });
        }
      }
    }
  }

  /** `session` (null: none) made `place` throw: it ends, and nobody else does. */
  fault(place: string, error: unknown, session: number | null, now: number): void {
    this.#faults.note(place, session, error, now);
    if (session === null) return;
    const peer = this.table.bySession(session);
    const close = () => peer !== null && this.table.close(now, peer, "internal-error");
    for (const step of [close, () => this.#logic.closed(session, now)]) {
      try {
        step();
      } catch (again) {
        this.#faults.note("the end of a session", session, again, now);
      }
    }
    this.#tell({ type: "closed", session, reason: "internal-error" });
  }

  /** Ends a session from our side: DTLS close_notify, then `closed` to logic and control. */
  close(session: number, reason: CloseReason, now: number): void {
    const peer = this.table.bySession(session);
    if (peer === null) return;
    this.table.close(now, peer, reason);
    this.#closed(peer, now);
  }

  nextTimeout(): number {
    if (!this.#reader.done) return 0;
    const { nextTimeout } = this.#sockets;
    const lookAt = this.#connections?.nextTimeout() ?? Infinity;
    return Math.min(this.table.nextTimeout(), this.#logic.nextTimeout(), nextTimeout, lookAt);
  }

  receive(ready: number, now: number): void {
    this.#readAt = now;
    this.#reader.read(ready, now, this.#logic.late);
    // The poller has them behind the sockets.
    if (((ready >>> this.#sockets.fds.length) & 1) === 1) {
      this.#connections?.read(now);
      this.#logic.received(now);
    }
    if (this.#reader.drained) this.#logic.drained?.(now);
    // Before media: a DTLS Finished must not stand behind packets that need its keys.
    this.#outbox.empty();
  }

  mark(index: number): void {
    this.#logic.mark(index);
  }

  workAt(now: number, patience: number): number {
    return this.#logic.workAt(now, patience);
  }

  get blocked(): boolean {
    return this.#sockets.blocked;
  }

  work(now: number, deadline: number, patience: number): boolean {
    return this.#logic.work(now, deadline, patience);
  }

  handleTimeout(now: number): void {
    const readAt = this.#readAt;
    // By the time when the sockets were read: what has come since may be what a timer waits for.
    if (readAt >= this.table.nextTimeout() && this.#reader.timersMayRun(readAt)) {
      this.table.handleTimeout(readAt, this.#onPeerEvent, this.#onTimeoutFault);
    }
    if (now >= this.#logic.nextTimeout()) this.#logic.handleTimeout(now);
    this.#connections?.handleTimeout(now);
  }

  flush(): void {
    this.#outbox.empty();
    this.#sockets.flush(this.#ground.clock);
    this.#connections?.flush();
    this.#logic.sent?.();
  }

  copyCounters(): void {
    this.#counters[Counter.sessions] = this.table.size;
    this.#totals.copy();
    this.#sockets.copyCounters();
    if (this.#connections !== null) this.#ends.count(this.#connections);
  }

  /** The i-th datagram of the receiver's batch; true for an RTP packet. */
  handleDatagram(socket: number, i: number, now: number): boolean {
    const { receiver } = this.#sockets;
    const offset = receiver.offset(i);
    const length = receiver.length(i);
    countUp(this.#counters, Counter.datagramsIn);
    countUp(this.#counters, Counter.bytesIn, length);
    const event = this.table.handleDatagram(
      now,
      receiver.region,
      offset,
      length,
      this.#sockets.senders[socket]!,
      receiver.names,
      receiver.nameOffset(i),
    );
    return this.act(event, receiver.region, offset, receiver.arrivals[i]!, now);
  }

  /** Does what a datagram has led to; true for an RTP packet. */
  act(event: PeerEventCode, region: Region, offset: number, arrival: number, now: number): boolean {
    if (event === PeerEvent.none) return false;
    const peer = this.table.peer!;
    if (event === PeerEvent.rtp) {
      this.#logic.rtp(peer, now, region, offset, arrival);
      return true;
    }
    if (event === PeerEvent.rtcp) this.#logic.rtcp(peer, now, region, offset, arrival);
    else this.#onPeerEvent(peer, event);
    return false;
  }

  /** What a datagram makes throw costs the session that it is of. */
  datagramFault(error: unknown, now: number): void {
    const { peer } = this.table;
    if (peer === null) this.#faults.note("a datagram", null, error, now);
    else this.fault("a datagram", error, peer.session, now);
  }

  batchEnds(now: number): void {
    this.#logic.received(now);
  }

  /** Lets other nodes in; null where there are none. */
  #gate(): LinkGate | null {
    const { knocks } = this.#ground;
    if (knocks === undefined) return null;
    return new LinkGate(knocks, {
      answer: (credentials, kid, now) => this.#links.callee(credentials, kid, now),
      evict: (peer, now) => this.close(peer.session, "connect-timeout", now),
    });
  }

  #obey(command: WorkerCommand, session: number, now: number): void {
    const peer = this.table.bySession(session);
    if (command.type === "close") this.#obeyClose(session, command.reason, now);
    else if (command.type !== "ice-restart") this.#logic.command(command, now);
    else if (peer !== null) this.table.restart(now, peer, command);
  }

  /** As `close`, and close_notify is out first: at `closed` control may end this thread. */
  #obeyClose(session: number, reason: CloseReason, now: number): void {
    const peer = this.table.bySession(session);
    if (peer === null) return;
    this.table.close(now, peer, reason);
    this.flush();
    this.#closed(peer, now);
  }

  readonly #onPeerEvent = (peer: Peer, event: PeerEventCode): void => {
    const now = this.#ground.clock();
    if (event === PeerEvent.connected) {
      countUp(this.#counters, Counter.joins);
      this.#tell({
        type: "connected",
        session: peer.session,
        path: peer.path === null ? "" : formatPath(peer.path),
        transport: peer.path === null ? "udp" : kindOf(peer.path),
        srtpProfile: peer.srtpProfile ?? "",
      });
      this.#logic.connected(peer, now);
    } else if (event === PeerEvent.closed) {
      this.#closed(peer, now);
    } else if (event === PeerEvent.moved && peer.state === "connected") {
      const path = peer.path!;
      const transport = kindOf(path);
      this.#tell({ type: "moved", session: peer.session, path: formatPath(path), transport });
    }
  };

  readonly #onTimeoutFault = (peer: Peer, error: unknown): void => {
    this.fault("a timer", error, peer.session, this.#ground.clock());
  };

  #closed(peer: Peer, now: number): void {
    const { session } = peer;
    const reason = peer.closeReason ?? "peer-closed";
    if (reason === "connect-timeout" || reason === "dtls-failed") {
      countUp(this.#counters, Counter.joinsFailed);
      const fields = { session, reason, detail: peer.closeDetail };
      const message = "Session failed to connect";
      // Whoever repeats an overheard knock writes no log.
      if (peer.kid === null) this.#ground.emit({ type: "log", level: "info", message, fields });
    }
    this.#logic.closed(session, now);
    this.#tell({ type: "closed", session, reason });
  }

  /** To control, if the session is one of its own. */
  #tell(event: Extract<WorkerEvent, { type: "connected" | "moved" | "closed" }>): void {
    if (event.session > 0) this.#ground.emit(event);
  }
}
