/** Where sessions are rehearsed: a worker's own classes, without sockets and on memory of their own. */
import { assert } from "../assert.ts";
import { COUNTER_NAMES } from "../contract/counters.ts";
import type { WorkerCommand } from "../contract/messages.ts";
import type { Home } from "../host/home.ts";
import type { MediaLogic } from "../host/media-logic.ts";
import { Sessions, type SessionsGround } from "../host/sessions.ts";
import { Sockets } from "../host/sockets.ts";
import { pinnedRegion, unpin } from "../io/pinned.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import { PeerEvent } from "../peer/events.ts";
import { createTransmit } from "../peer/transmit.ts";
import { Doorbells, WorkerBlock } from "../ring/doorbell.ts";
import type { Region } from "../srtp/cipher.ts";
import { FarEnd } from "./far-end.ts";

/** One way between the two ends. */
const PATH_US = 10_000;
/** Datagrams of one end in a handshake; some five are usual. */
const FLIGHTS_MAX = 20;
/** No socket has it: what is sent by it is lost. */
const NO_SOCKET = -1;

type Open = Extract<WorkerCommand, { type: "publisher-open" | "viewer-open" }>;

export class Stage {
  /** Time on the stage, us. */
  now: number;
  readonly home: Home;
  /** What sessions send by: as a worker's, but nobody gets it. */
  readonly sender = new UdpSender(NO_SOCKET, true);
  /** Where the next datagram for the worker is written, from its beginning. */
  readonly inbound: Region;
  logic!: MediaLogic;
  readonly #ground: SessionsGround;
  readonly #regions: Region[] = [];
  readonly #transmit = createTransmit();

  /** `ground`: of the worker's own sessions; nothing of it is changed. */
  constructor(ground: SessionsGround, logicIn: (home: Home) => MediaLogic) {
    this.#ground = ground;
    this.now = ground.clock();
    const counters = new Float64Array(COUNTER_NAMES.length);
    const { receiver } = ground.sockets;
    const poller = { wantWritable: () => {} };
    const sockets = new Sockets([NO_SOCKET], receiver, [this.sender], poller, counters);
    const emit = (): void => {};
    const sessions = new Sessions({
      ...ground,
      sockets,
      counters,
      emit,
      clock: () => this.now,
    });
    const bells = new Doorbells([WorkerBlock.create()], [0], () => {});
    const allocate = (bytes: number): Region => this.allocate(bytes);
    this.home = { sockets, sessions, counters, bells, emit, allocate };
    this.inbound = this.allocate(DATAGRAM_BYTES_MAX);
    this.logic = logicIn(this.home);
    sessions.serve(this.logic);
  }

  /** Memory until the stage is closed. */
  allocate(bytes: number): Region {
    const region = pinnedRegion(bytes);
    this.#regions.push(region);
    return region;
  }

  command(command: WorkerCommand): void {
    this.home.sessions.handleCommand(command);
  }

  /** Opens a session and connects it. */
  join(open: Open): FarEnd {
    const { dtls, ciphers } = this.#ground;
    this.command(open);
    const end = new FarEnd(open.session, open.peer, dtls, ciphers, this.now);
    this.receive(end, end.writeCheck(this.inbound.bytes));
    for (let flight = 0; flight < FLIGHTS_MAX; flight += 1) {
      this.now += PATH_US;
      this.#deliver(end);
      this.now += PATH_US;
      const length = end.pollTransmit(this.inbound.bytes);
      if (length > 0) this.receive(end, length);
      else if (end.connected) return end;
    }
    throw new Error("a rehearsed handshake came to no end");
  }

  leave(end: FarEnd): void {
    this.command({ type: "close", session: end.session, reason: "deleted" });
    end.free();
  }

  /** A datagram of the far end, which stands in `inbound`. */
  receive(end: FarEnd, length: number): void {
    const { now, inbound, logic, sender } = this;
    const { table } = this.home.sessions;
    const event = table.handleDatagram(now, inbound, 0, length, sender, end.sockaddr, 0);
    const peer = table.peer!;
    if (event === PeerEvent.rtp) logic.rtp(peer, now, inbound, 0, now);
    else if (event === PeerEvent.rtcp) logic.rtcp(peer, now, inbound, 0, now);
    else if (event === PeerEvent.connected) logic.connected(peer, now);
    else assert(event !== PeerEvent.closed, "a rehearsed session goes on");
  }

  /** The rest of a worker's turn. */
  turn(): void {
    const { now, logic } = this;
    logic.received(now);
    if (logic.workAt(now, 0) <= now) logic.work(now, Number.POSITIVE_INFINITY, 0);
    if (now >= logic.nextTimeout()) logic.handleTimeout(now);
    this.sender.flush();
  }

  close(): void {
    this.sender.free();
    for (const region of this.#regions) unpin(region);
  }

  #deliver(end: FarEnd): void {
    const { table } = this.home.sessions;
    const transmit = this.#transmit;
    while (table.pollTransmit(transmit)) end.receive(this.now, transmit.bytes, transmit.length);
  }
}
