/**
 * The loop of a media worker: sockets in, logic, sockets out. It sleeps in one epoll_wait on its
 * sockets and its doorbell until the next deadline, works in bounded chunks, and gives the
 * JavaScript event loop (commands from control) a turn after each.
 */

import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../contract/messages.ts";
import type { CloseReason } from "../contract/session.ts";
import type { WorkerSetup } from "../contract/setup.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { Poller } from "../io/poller.ts";
import { threadId } from "../io/processor-time.ts";
import { randomFill } from "../io/random.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { UdpReceiver } from "../io/udp-receiver.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { SLEEP_MAX_US, TURN_MAX_US } from "../limits.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import { InboundBudget } from "../peer/inbound-budget.ts";
import { Peer } from "../peer/peer.ts";
import { PeerTable } from "../peer/peer-table.ts";
import { createTransmit } from "../peer/transmit.ts";
import { WorkerBlock } from "../ring/doorbell.ts";
import type { Region, SrtpCipherFactory } from "../srtp/cipher.ts";
import { PortableSrtpFactory } from "../srtp/cipher-portable.ts";
import { formatPath } from "../wire/path.ts";
import { obeyDrill } from "./drills.ts";
import { LoopMeter } from "./loop-meter.ts";
import { SessionFaults } from "./session-faults.ts";
import { type DatagramHandler, SocketReader } from "./socket-reader.ts";

/** What a worker does with what the loop brings. All times in us, monotonic. */
export interface MediaLogic {
  /** A session may carry media now. */
  connected(peer: Peer, now: number): void;
  /** A plaintext RTP or RTCP packet stands in `region` at `offset`. */
  rtp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  rtcp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  /** The session is over; its peer is out of the table. A second call is ignored. */
  closed(session: number, now: number): void;
  command(command: WorkerCommand, now: number): void;
  /** A writer marked this ring. */
  mark(index: number): void;
  /** After each batch of datagrams. */
  received(now: number): void;
  /** Forwards media until done or `deadline`; true when work is left. */
  work(now: number, deadline: number): boolean;
  readonly hasWork: boolean;
  /** Live media was left when `work` returned. */
  readonly late: boolean;
  handleTimeout(now: number): void;
  nextTimeout(): number;
}

export class MediaLoop implements DatagramHandler {
  readonly block: WorkerBlock;
  readonly table: PeerTable;
  readonly senders: readonly UdpSender[];
  readonly wallOffsetUs = realtimeUs() - monotonicUs();
  private readonly receiver: UdpReceiver;
  private readonly reader: SocketReader;
  private readonly poller: Poller;
  private readonly peerCounters = createPeerCounters();
  private readonly transmit = createTransmit();
  private readonly dtls: OpenSslDtlsFactory;
  private readonly ciphers: SrtpCipherFactory;
  private readonly writableWanted: boolean[];
  private readonly meter: LoopMeter;
  private readonly faults: SessionFaults;
  private readonly visitMark: (index: number) => void;
  private logic!: MediaLogic;
  private forwardAt = 0;

  constructor(
    private readonly setup: WorkerSetup,
    readonly emit: (event: WorkerEvent) => void,
  ) {
    const openSsl = openOpenSsl(setup.openssl);
    this.dtls = new OpenSslDtlsFactory(openSsl, setup.certificate);
    const { segmentation, batching, opensslCiphers } = setup.features;
    this.ciphers = opensslCiphers ? new OpenSslSrtpFactory(openSsl) : new PortableSrtpFactory();
    this.receiver = new UdpReceiver(batching);
    this.reader = new SocketReader(this.receiver, setup.sockets, this, monotonicUs);
    this.block = new WorkerBlock(setup.block);
    this.block.thread = threadId();
    this.table = new PeerTable(this.peerCounters, randomFill);
    this.senders = setup.sockets.map((fd) => new UdpSender(fd, segmentation, batching));
    this.writableWanted = setup.sockets.map(() => false);
    this.poller = new Poller(setup.pollFd, setup.sockets, setup.doorbellFd);
    this.meter = new LoopMeter(this.block, this.table, this.senders, this.peerCounters);
    this.faults = new SessionFaults(emit, () => countUp(this.block.counters, Counter.faults!));
    this.visitMark = (index) => this.logic.mark(index);
  }

  /** A server-side peer of this worker, in the table. */
  addPeer(
    command: Extract<WorkerCommand, { type: "publisher-open" | "viewer-open" }>,
    sourcesMax: number,
    now: number,
  ): Peer {
    const peer = new Peer({
      session: command.session,
      setup: command.peer,
      ice: { mode: "lite", random: randomFill },
      dtls: this.dtls,
      ciphers: this.ciphers,
      counters: this.peerCounters,
      inbound: new InboundBudget(command, this.peerCounters),
      sourcesMax,
      now,
    });
    this.table.add(peer);
    return peer;
  }

  /** Runs until the thread ends. */
  run(logic: MediaLogic): void {
    this.logic = logic;
    const step = (): void => {
      this.turn();
      setImmediate(step);
    };
    this.emit({ type: "ready" });
    step();
  }

  /** What a command about one session makes throw costs that session; other commands the worker. */
  handleCommand(command: WorkerCommand): void {
    const now = monotonicUs();
    if (command.type === "drill") this.logic = obeyDrill(command.drill, this.logic, this.table);
    else if (!("session" in command) || command.session === null) this.logic.command(command, now);
    else {
      const { session } = command;
      try {
        this.obey(command, session, now);
      } catch (error) {
        this.sessionFault(`the command ${command.type}`, error, session, now);
        if (command.type === "stats") {
          this.emit({ type: "stats", request: command.request, sessions: [] });
        }
      }
    }
  }

  /** `session` (null: none) made `place` throw: it ends, and nobody else does. */
  sessionFault(place: string, error: unknown, session: number | null, now: number): void {
    this.faults.note(place, session, error, now);
    if (session === null) return;
    const peer = this.table.bySession(session);
    const close = () => peer !== null && this.table.close(now, peer, "internal-error");
    for (const step of [close, () => this.logic.closed(session, now)]) {
      try {
        step();
      } catch (again) {
        this.faults.note("the end of a session", session, again, now);
      }
    }
    this.emit({ type: "closed", session, reason: "internal-error" });
  }

  private obey(command: WorkerCommand, session: number, now: number): void {
    const peer = this.table.bySession(session);
    if (command.type === "close") this.obeyClose(session, command.reason, now);
    else if (command.type !== "ice-restart") this.logic.command(command, now);
    else if (peer !== null) this.table.restart(now, peer, command);
  }

  /** As `closeSession`, and close_notify is out first: at `closed` control may end this thread. */
  private obeyClose(session: number, reason: CloseReason, now: number): void {
    const peer = this.table.bySession(session);
    if (peer === null) return;
    this.table.close(now, peer, reason);
    this.queueTransmits();
    this.flush();
    this.sessionClosed(peer, now);
  }

  /** Ends a session from our side: DTLS close_notify, then `closed` to logic and control. */
  closeSession(session: number, reason: CloseReason, now: number): void {
    const peer = this.table.bySession(session);
    if (peer === null) return;
    this.table.close(now, peer, reason);
    this.sessionClosed(peer, now);
  }

  private turn(): void {
    const ready = this.sleep();
    const start = monotonicUs();
    this.block.beat();
    this.reader.read(ready, start, this.logic.late);
    // Before media: a DTLS Finished must not stand behind packets that need its keys.
    this.queueTransmits();
    this.block.takeMarked(this.visitMark);
    this.forward(start);
    const now = monotonicUs();
    // By the time when the sockets were read: what has come since may be what a timer waits for.
    if (start >= this.table.nextTimeout() && this.reader.timersMayRun(start)) {
      this.table.handleTimeout(start, this.onPeerEvent, this.onTimeoutFault);
    }
    if (now >= this.logic.nextTimeout()) this.logic.handleTimeout(now);
    this.queueTransmits();
    this.flush();
    this.meter.turn(start, monotonicUs());
  }

  private sleep(): number {
    const now = monotonicUs();
    let until = now + SLEEP_MAX_US;
    until = Math.min(until, this.table.nextTimeout(), this.logic.nextTimeout());
    const ticking = this.logic.hasWork;
    if (ticking && !this.blocked) until = Math.min(until, this.forwardAt);
    if (!this.reader.done) until = now;
    const waitMs = Math.max(0, Math.ceil((until - now) / 1000));
    // While a tick runs its time down, writers need not ring: their marks are seen at its end.
    if (waitMs === 0 || ticking || !this.block.fallAsleep()) {
      return this.poller.wait(ticking ? waitMs : 0);
    }
    countUp(this.block.counters, Counter.wakeups!);
    const ready = this.poller.wait(waitMs);
    this.block.wakeUp();
    return ready;
  }

  /** What a datagram makes throw costs the session that it is of. */
  datagramFault(error: unknown, now: number): void {
    const { peer } = this.table;
    if (peer === null) this.faults.note("a datagram", null, error, now);
    else this.sessionFault("a datagram", error, peer.session, now);
  }

  batchEnds(now: number): void {
    this.logic.received(now);
  }

  private readonly onTimeoutFault = (peer: Peer, error: unknown): void => {
    this.sessionFault("a timer", error, peer.session, monotonicUs());
  };

  /** The i-th datagram of the receiver's batch; true for an RTP packet. */
  handleDatagram(socket: number, i: number, now: number): boolean {
    const { receiver } = this;
    const offset = receiver.offset(i);
    const length = receiver.length(i);
    countUp(this.block.counters, Counter.datagramsIn!);
    countUp(this.block.counters, Counter.bytesIn!, length);
    const event = this.table.handleDatagram(
      now,
      receiver.region,
      offset,
      length,
      socket,
      receiver.names,
      receiver.nameOffset(i),
    );
    if (event === PeerEvent.none) return false;
    const peer = this.table.peer!;
    const arrival = receiver.arrivals[i]!;
    if (event === PeerEvent.rtp) {
      this.logic.rtp(peer, now, receiver.region, offset, arrival);
      return true;
    }
    if (event === PeerEvent.rtcp) this.logic.rtcp(peer, now, receiver.region, offset, arrival);
    else this.onPeerEvent(peer, event);
    return false;
  }

  private readonly onPeerEvent = (peer: Peer, event: PeerEventCode): void => {
    const now = monotonicUs();
    if (event === PeerEvent.connected) {
      countUp(this.block.counters, Counter.joins!);
      this.emit({
        type: "connected",
        session: peer.session,
        path: peer.path === null ? "" : formatPath(peer.path),
        srtpProfile: peer.srtpProfile ?? "",
      });
      this.logic.connected(peer, now);
    } else if (event === PeerEvent.closed) {
      this.sessionClosed(peer, now);
    } else if (event === PeerEvent.moved && peer.state === "connected") {
      this.emit({ type: "moved", session: peer.session, path: formatPath(peer.path!) });
    }
  };

  private sessionClosed(peer: Peer, now: number): void {
    const reason = peer.closeReason ?? "peer-closed";
    if (reason === "connect-timeout" || reason === "dtls-failed") {
      countUp(this.block.counters, Counter.joinsFailed!);
      const fields = { session: peer.session, reason, detail: peer.closeDetail };
      this.emit({ type: "log", level: "info", message: "Session failed to connect", fields });
    }
    this.logic.closed(peer.session, now);
    this.emit({ type: "closed", session: peer.session, reason });
  }

  private forward(now: number): void {
    if (!this.logic.hasWork || now < this.forwardAt || this.blocked) return;
    const left = this.logic.work(now, now + TURN_MAX_US / 2);
    // Work left over goes on at once, after the sockets had their turn; else the next tick.
    this.forwardAt = left ? 0 : now + this.meter.tickUs;
  }

  /** Some socket's kernel buffer is full: media stays in the rings until it drains. */
  private get blocked(): boolean {
    return this.writableWanted.includes(true);
  }

  private queueTransmits(): void {
    for (;;) {
      try {
        while (this.table.pollTransmit(this.transmit)) {
          const { path, length, bytes } = this.transmit;
          this.senders[path.socket]!.send(path, bytes, length);
        }
        return;
      } catch (error) {
        this.transmitFault(error);
      }
    }
  }

  private transmitFault(error: unknown): void {
    const { transmitting } = this.table;
    // Not of a session: the worker's own fault, and the next call would meet it again.
    if (transmitting === null) throw error;
    this.sessionFault("what it has to send", error, transmitting.session, monotonicUs());
    this.table.silence(transmitting);
  }

  private flush(): void {
    for (let i = 0; i < this.senders.length; i += 1) {
      const full = !this.senders[i]!.flush();
      if (full === this.writableWanted[i]) continue;
      this.writableWanted[i] = full;
      this.poller.wantWritable(this.setup.sockets[i]!, i, full);
      if (full) countUp(this.block.counters, Counter.sendBufferFull!);
    }
  }
}
