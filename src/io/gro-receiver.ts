import { SOL_SOCKET, SOL_UDP, setOption } from "./libc.ts";
import { CMSG_HEADER_BYTES, ReceiveArena, SCM_TIMESTAMPNS } from "./receive-arena.ts";

const UDP_GRO = 104;
const CONTROL_BYTES = 128;
/** Messages of one call. */
const BATCH = 16;
/** A coalesced message is as large as a UDP datagram can be. */
const MESSAGE_BYTES = 65_536;

/**
 * Asks the kernel to hand over runs of datagrams as one message; false when it cannot. A sender's
 * UDP_SEGMENT message on loopback then arrives whole, as a card with segmentation offload spares
 * the sender to cut it up.
 */
export function enableGro(fd: number): boolean {
  return setOption(fd, SOL_UDP, UDP_GRO, 1);
}

/**
 * Batched receive for sockets with UDP_GRO: message i is cut into datagrams of `segment(i)` bytes, the
 * last of which may be shorter.
 */
export class GroReceiver extends ReceiveArena {
  readonly #segments = new Uint32Array(BATCH);

  constructor() {
    super(BATCH, MESSAGE_BYTES, CONTROL_BYTES);
  }

  /** Takes what waits in the socket, `batch` messages at most; 0 when nothing does. */
  receive(fd: number): number {
    return Math.max(0, this.receiveBatch(fd));
  }

  segment(i: number): number {
    return this.#segments[i]!;
  }

  protected override readControls(i: number, now: number, toMonotonic: number): void {
    this.#segments[i] = this.length(i);
    this.arrivals[i] = now;
    const view = this.controls;
    let at = this.controlOffset(i);
    const end = at + this.controlLength(i);
    while (at + CMSG_HEADER_BYTES <= end) {
      const length = view.getUint32(at, true);
      const level = view.getInt32(at + 8, true);
      const type = view.getInt32(at + 12, true);
      const data = at + CMSG_HEADER_BYTES;
      if (level === SOL_UDP && type === UDP_GRO) {
        this.#segments[i] = view.getUint32(data, true) || this.length(i);
      } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPNS) {
        this.arrivals[i] = this.stamp(data, now, toMonotonic);
      }
      if (length < CMSG_HEADER_BYTES) break;
      at += (length + 7) & ~7;
    }
  }
}
