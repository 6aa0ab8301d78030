import type { UdpReceiver } from "../io/udp-receiver.ts";
import { RECEIVE_BATCH, TURN_MAX_US } from "../limits.ts";

/** Receive batches a socket may have in one turn, so that sending is never starved. */
const BATCHES_PER_TURN = 4;
/** Share of a turn for datagrams that come in. */
const READ_BUDGET_US = TURN_MAX_US * 0.4;
/**
 * The same while live media is late, which has half a turn: two steps of a handshake, or two hundred
 * reports. 200 joins a second on a full core, p99 of the others' delay and median of the joins' way to
 * DTLS: 230 to 500 and 40 ms with the share above, 90 to 140 and 150 with this one, 75 to 130 and 350
 * with the half of it.
 */
const READ_BUDGET_LATE_US = TURN_MAX_US * 0.2;
/** Longer than any flight of a handshake is waited for at first. */
const TIMERS_WAIT_MAX_US = 1_000_000;

export interface DatagramHandler {
  /** The i-th datagram of the receiver's batch; true for media, which costs a microsecond. */
  handleDatagram(socket: number, i: number, now: number): boolean;
  /** `handleDatagram` threw. */
  datagramFault(error: unknown, now: number): void;
  batchEnds(now: number): void;
}

/** Reads a worker's sockets in bounded turns. */
export class SocketReader {
  /** Nothing of the last batch waits any more. */
  get done(): boolean {
    return this.#next === this.#count;
  }

  readonly #receiver: Pick<UdpReceiver, "receive">;
  readonly #sockets: readonly number[];
  readonly #handler: DatagramHandler;
  readonly #clock: () => number;
  /** Which socket is read first in this turn. */
  #first = 0;
  /** The receiver's last batch, handled up to `#next`. */
  #socket = 0;
  #next = 0;
  #count = 0;
  /** Since when something that had come waits to be read; Infinity when nothing does. */
  #unreadSince = Infinity;

  constructor(
    receiver: Pick<UdpReceiver, "receive">,
    sockets: readonly number[],
    handler: DatagramHandler,
    clock: () => number,
  ) {
    this.#receiver = receiver;
    this.#sockets = sockets;
    this.#handler = handler;
    this.#clock = clock;
  }

  /**
   * Takes what the sockets have, until the reading share of this turn is used up. A handshake costs
   * up to a millisecond, so a storm of joins would otherwise hold media back for a whole batch.
   * `ready` has a bit for each readable socket; `late`: live media was left over in the turn before.
   */
  read(ready: number, now: number, late: boolean): void {
    const deadline = now + (late ? READ_BUDGET_LATE_US : READ_BUDGET_US);
    const drained = this.#drain(ready, now, deadline);
    this.#unreadSince = drained ? Infinity : Math.min(this.#unreadSince, now);
  }

  /** All that had come at the last `read` has been read. */
  get drained(): boolean {
    return this.#unreadSince === Infinity;
  }

  /**
   * True when timers up to `now`, the time of the last `read`, may run: the answer that they wait for
   * does not stand unread in a socket. Sockets that are never empty hold them up for a second.
   */
  timersMayRun(now: number): boolean {
    return this.drained || now - this.#unreadSince >= TIMERS_WAIT_MAX_US;
  }

  /** False when something may be left. */
  #drain(ready: number, now: number, deadline: number): boolean {
    if (!this.#handleBatch(now, deadline)) return false;
    let drained = true;
    // Another socket goes first each turn, or one under a storm would silence those behind it.
    this.#first = (this.#first + 1) % this.#sockets.length;
    for (let i = 0; i < this.#sockets.length; i += 1) {
      const socket = (this.#first + i) % this.#sockets.length;
      if ((ready & (1 << socket)) === 0) continue;
      let full = true;
      for (let batch = 0; full && batch < BATCHES_PER_TURN; batch += 1) {
        this.#socket = socket;
        this.#next = 0;
        this.#count = this.#receiver.receive(this.#sockets[socket]!);
        full = this.#count === RECEIVE_BATCH;
        if (!this.#handleBatch(now, deadline)) return false;
      }
      drained &&= !full;
    }
    return drained;
  }

  /** Handles what is left of the last batch; false when the time is over and some of it waits. */
  #handleBatch(now: number, deadline: number): boolean {
    if (this.done) return true;
    for (;;) {
      try {
        this.#handleDatagrams(now, deadline);
        break;
      } catch (error) {
        this.#handler.datagramFault(error, now);
      }
    }
    this.#handler.batchEnds(now);
    return this.done;
  }

  /** From the cursor on, which stands behind a datagram before that is handled. */
  #handleDatagrams(now: number, deadline: number): void {
    while (this.#next < this.#count) {
      const i = this.#next;
      this.#next += 1;
      const media = this.#handler.handleDatagram(this.#socket, i, now);
      // Media costs less than looking at the clock would be worth.
      if (!media && this.#clock() >= deadline) return;
    }
  }
}
