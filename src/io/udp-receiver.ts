import { DATAGRAM_BYTES_MAX, RECEIVE_BATCH } from "../limits.ts";
import { monotonicUs } from "./clock.ts";
import { ENOSYS, errno, libc, MSG_DONTWAIT, SOL_SOCKET } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";
import { CMSG_HEADER_BYTES, NAME_BYTES, ReceiveArena, SCM_TIMESTAMPNS } from "./receive-arena.ts";

const SOCKLEN_BYTES = 4;
const CONTROL_BYTES = 64;

/** Batched receive by recvmmsg: a message is a datagram. */
export class UdpReceiver extends ReceiveArena {
  /** socklen_t for recvfrom. */
  readonly #nameLength = pinnedRegion(SOCKLEN_BYTES);
  #batching: boolean;

  /** `batching` false makes one call a datagram, without the kernel's receive stamps (no recvmmsg). */
  constructor(batching = true) {
    super(RECEIVE_BATCH, DATAGRAM_BYTES_MAX, CONTROL_BYTES);
    this.#batching = batching;
  }

  /** Takes what waits in the socket, RECEIVE_BATCH at most; 0 when nothing does. */
  receive(fd: number): number {
    if (!this.#batching) return this.#receiveSingly(fd);
    const count = this.receiveBatch(fd);
    if (count < 0 && errno() === ENOSYS) {
      this.#batching = false;
      return this.#receiveSingly(fd);
    }
    return Math.max(0, count);
  }

  #receiveSingly(fd: number): number {
    let count = 0;
    const now = monotonicUs();
    while (count < RECEIVE_BATCH) {
      this.#nameLength.bytes[0] = NAME_BYTES;
      const length = libc.recvfrom(
        fd,
        addressOf(this.region, this.offset(count), DATAGRAM_BYTES_MAX),
        DATAGRAM_BYTES_MAX,
        MSG_DONTWAIT,
        addressOf(this.namesRegion, this.nameOffset(count), NAME_BYTES),
        addressOf(this.#nameLength, 0, SOCKLEN_BYTES),
      );
      if (length < 0) break;
      this.setLength(count, length);
      this.arrivals[count] = now;
      count += 1;
    }
    return count;
  }

  /** There is the stamp and nothing else. */
  protected override readControls(i: number, now: number, toMonotonic: number): void {
    const control = this.controlOffset(i);
    const view = this.controls;
    const stamped =
      this.controlLength(i) !== 0 &&
      view.getInt32(control + 8, true) === SOL_SOCKET &&
      view.getInt32(control + 12, true) === SCM_TIMESTAMPNS;
    this.arrivals[i] = stamped ? this.stamp(control + CMSG_HEADER_BYTES, now, toMonotonic) : now;
  }
}
