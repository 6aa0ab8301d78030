/**
 * The loop of a media worker: sockets in, logic, sockets out. It sleeps in one epoll_wait on its
 * sockets and its doorbell until the next deadline, works in bounded chunks, and gives the
 * JavaScript event loop (commands from control) a turn after each.
 */
import type { CloseReason, WorkerCommand, WorkerEvent, WorkerSetup } from "../commands.ts";
import { Counter } from "../counters.ts";
import { HEARTBEAT_TIMEOUT_MS, RECEIVE_BATCH, SLEEP_MAX_US, TURN_MAX_US } from "../limits.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import { Peer } from "../peer/peer.ts";
import { PeerTable } from "../peer/peer-table.ts";
import { createTransmit } from "../peer/transmit.ts";
import { WorkerBlock } from "../ring/doorbell.ts";
import type { Region, SrtpCipherFactory } from "../srtp/cipher.ts";
import { PortableSrtpFactory } from "../srtp/cipher-portable.ts";
import { formatPath } from "../wire/path.ts";
import { monotonicUs, realtimeUs } from "./clock.ts";
import { OpenSslDtlsFactory } from "./dtls-openssl.ts";
import { LoopMeter } from "./loop-meter.ts";
import { openOpenSsl } from "./openssl.ts";
import { Poller } from "./poller.ts";
import { threadId } from "./processor-time.ts";
import { OpenSslSrtpFactory } from "./srtp-openssl.ts";
import { UdpReceiver } from "./udp-receiver.ts";
import { UdpSender } from "./udp-sender.ts";

/** What a worker does with what the loop brings. All times in us, monotonic. */
export interface MediaLogic {
  /** A session may carry media now. */
  connected(peer: Peer, now: number): void;
  /** A plaintext RTP or RTCP packet stands in `region` at `offset`. */
  rtp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  rtcp(peer: Peer, now: number, region: Region, offset: number, arrival: number): void;
  /** The session is over; the peer is out of the table. */
  closed(peer: Peer, now: number): void;
  command(command: WorkerCommand, now: number): void;
  /** A writer marked this ring. */
  mark(index: number): void;
  /** After each batch of datagrams. */
  received(now: number): void;
  /** Forwards media until done or `deadline`; true when work is left. */
  work(now: number, deadline: number): boolean;
  readonly hasWork: boolean;
  handleTimeout(now: number): void;
  nextTimeout(): number;
}

/** Receive batches a socket may have in one turn, so that sending is never starved. */
const BATCHES_PER_TURN = 4;
/** Share of a turn for datagrams that come in. */
const READ_BUDGET_US = TURN_MAX_US * 0.4;

export class MediaLoop {
  readonly block: WorkerBlock;
  readonly table: PeerTable;
  readonly senders: readonly UdpSender[];
  readonly wallOffsetUs = realtimeUs() - monotonicUs();
  private readonly receiver: UdpReceiver;
  private readonly poller: Poller;
  private readonly peerCounters = createPeerCounters();
  private readonly transmit = createTransmit();
  private readonly dtls: OpenSslDtlsFactory;
  private readonly ciphers: SrtpCipherFactory;
  private readonly writableWanted: boolean[];
  private readonly meter: LoopMeter;
  private readonly visitMark: (index: number) => void;
  private logic!: MediaLogic;
  /** Which socket is read first in this turn. */
  private firstSocket = 0;
  /** The receiver's last batch, handled up to `batchNext`. */
  private batchSocket = 0;
  private batchNext = 0;
  private batchCount = 0;
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
    this.block = new WorkerBlock(setup.block);
    this.block.thread = threadId();
    this.table = new PeerTable(this.peerCounters);
    this.senders = setup.sockets.map((fd) => new UdpSender(fd, segmentation, batching));
    this.writableWanted = setup.sockets.map(() => false);
    this.poller = new Poller(setup.pollFd, setup.sockets, setup.doorbellFd);
    this.meter = new LoopMeter(this.block, this.table, this.senders, this.peerCounters);
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
      ice: { mode: "lite" },
      dtls: this.dtls,
      ciphers: this.ciphers,
      counters: this.peerCounters,
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

  handleCommand(command: WorkerCommand): void {
    const now = monotonicUs();
    if (command.type === "close") this.obeyClose(command.session, command.reason, now);
    else if (command.type === "ice-restart") {
      const peer = this.table.bySession(command.session);
      if (peer !== null) this.table.restart(now, peer, command);
    } else if (command.type === "drill") drill(command.kind);
    else this.logic.command(command, now);
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
    this.readSockets(ready, start);
    // Before media: a DTLS Finished must not stand behind packets that need its keys.
    this.queueTransmits();
    this.block.takeMarked(this.visitMark);
    this.forward(start);
    const now = monotonicUs();
    if (now >= this.table.nextTimeout()) this.table.handleTimeout(now, this.onPeerEvent);
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
    if (this.batchNext < this.batchCount) until = now;
    const waitMs = Math.max(0, Math.ceil((until - now) / 1000));
    // While a tick runs its time down, writers need not ring: their marks are seen at its end.
    if (waitMs === 0 || ticking || !this.block.fallAsleep()) {
      return this.poller.wait(ticking ? waitMs : 0);
    }
    this.block.count(Counter.wakeups!, 1);
    const ready = this.poller.wait(waitMs);
    this.block.wakeUp();
    return ready;
  }

  /**
   * Takes what the sockets have, until the reading share of this turn is used up. A handshake costs
   * up to a millisecond, so a storm of joins would otherwise hold media back for a whole batch.
   */
  private readSockets(ready: number, now: number): void {
    const deadline = now + READ_BUDGET_US;
    if (!this.handleBatch(now, deadline)) return;
    // Another socket goes first each turn, or one under a storm would silence those behind it.
    const { sockets } = this.setup;
    this.firstSocket = (this.firstSocket + 1) % sockets.length;
    for (let i = 0; i < sockets.length; i += 1) {
      const socket = (this.firstSocket + i) % sockets.length;
      if ((ready & (1 << socket)) === 0) continue;
      for (let batch = 0; batch < BATCHES_PER_TURN; batch += 1) {
        this.batchSocket = socket;
        this.batchNext = 0;
        this.batchCount = this.receiver.receive(sockets[socket]!);
        const full = this.batchCount === RECEIVE_BATCH;
        if (!this.handleBatch(now, deadline)) return;
        if (!full) break;
      }
    }
  }

  /** Handles what is left of the last batch; false when the time is over and some of it waits. */
  private handleBatch(now: number, deadline: number): boolean {
    if (this.batchNext === this.batchCount) return true;
    while (this.batchNext < this.batchCount) {
      const media = this.handleDatagram(this.batchSocket, this.batchNext, now);
      this.batchNext += 1;
      // Media costs a microsecond, less than looking at the clock would be worth.
      if (!media && monotonicUs() >= deadline) break;
    }
    this.logic.received(now);
    return this.batchNext === this.batchCount;
  }

  /** True for an RTP packet. */
  private handleDatagram(socket: number, i: number, now: number): boolean {
    const { receiver } = this;
    const offset = receiver.offset(i);
    const length = receiver.length(i);
    this.block.count(Counter.datagramsIn!, 1);
    this.block.count(Counter.bytesIn!, length);
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
      this.block.count(Counter.joins!, 1);
      this.emit({
        type: "connected",
        session: peer.session,
        path: peer.path === null ? "" : formatPath(peer.path),
        srtpProfile: peer.srtpProfile ?? "",
      });
      this.logic.connected(peer, now);
    } else if (event === PeerEvent.closed) {
      this.sessionClosed(peer, now);
    }
  };

  private sessionClosed(peer: Peer, now: number): void {
    const reason = peer.closeReason ?? "peer-closed";
    if (reason === "connect-timeout" || reason === "dtls-failed") {
      this.block.count(Counter.joinsFailed!, 1);
      const fields = { session: peer.session, reason, detail: peer.closeDetail };
      this.emit({ type: "log", level: "info", message: "Session failed to connect", fields });
    }
    this.logic.closed(peer, now);
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
    while (this.table.pollTransmit(this.transmit)) this.send();
  }

  private flush(): void {
    for (let i = 0; i < this.senders.length; i += 1) {
      const sender = this.senders[i]!;
      const full = !sender.flush();
      if (full === this.writableWanted[i]) continue;
      this.writableWanted[i] = full;
      this.poller.wantWritable(this.setup.sockets[i]!, i, full);
      if (full) this.block.count(Counter.sendBufferFull!, 1);
    }
  }

  private send(): void {
    const { path, length, bytes } = this.transmit;
    const sender = this.senders[path.socket]!;
    const at = sender.reserve(length);
    if (at < 0) return;
    for (let i = 0; i < length; i += 1) sender.region.bytes[at + i] = bytes[i]!;
    sender.commit(path, length);
  }
}

/** Crash drills of the test suite; control passes them on only with --drills. */
function drill(kind: "throw" | "hang" | "block"): void {
  if (kind === "throw") throw new Error("drill: a worker throws");
  const end = monotonicUs() + HEARTBEAT_TIMEOUT_MS * 60_000;
  while (kind === "hang" && monotonicUs() < end);
  // In native code no request to end can reach the thread.
  if (kind === "block") Bun.sleepSync(HEARTBEAT_TIMEOUT_MS * 60);
}
