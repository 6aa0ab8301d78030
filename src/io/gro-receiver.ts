import type { Region } from "../srtp/cipher.ts";
import { monotonicUs, realtimeUs } from "./clock.ts";
import { libc, setOption } from "./libc.ts";
import { addressOf, pinnedRegion, writeAddress, writeWord } from "./pinned.ts";

const SOL_SOCKET = 1;
const SOL_UDP = 17;
const UDP_GRO = 104;
const SCM_TIMESTAMPNS = 35;
const MSG_DONTWAIT = 0x40;
const MSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
const NAME_BYTES = 32;
const CONTROL_BYTES = 128;
const CMSG_HEADER_BYTES = 16;
/** Messages of one call. */
const BATCH = 16;
/** A coalesced message is as large as a UDP datagram can be. */
const MESSAGE_BYTES = 65_536;
/** A kernel stamp further off than this is a clock step: take the present time. */
const STAMP_AGE_MAX_US = 1_000_000;

/**
 * Asks the kernel to hand over runs of datagrams as one message; false when it cannot. A sender's
 * UDP_SEGMENT message on loopback then arrives whole, as a card with segmentation offload spares
 * the sender to cut it up.
 */
export function enableGro(fd: number): boolean {
  return setOption(fd, SOL_UDP, UDP_GRO, 1);
}

/**
 * Batched receive for sockets with UDP_GRO. Message i of the last `receive` lies at
 * `region.bytes[offset(i)]`, `length(i)` bytes long; it is cut into datagrams of `segment(i)` bytes,
 * the last of which may be shorter. Everything is overwritten by the next `receive`.
 */
export class GroReceiver {
  readonly region: Region = pinnedRegion(BATCH * MESSAGE_BYTES);
  readonly names: Uint8Array;
  private readonly namesRegion = pinnedRegion(BATCH * NAME_BYTES);
  private readonly controls = pinnedRegion(BATCH * CONTROL_BYTES);
  private readonly iovecs = pinnedRegion(BATCH * IOVEC_BYTES);
  private readonly headers = pinnedRegion(BATCH * MSGHDR_BYTES);
  private readonly headerView = new DataView(this.headers.bytes.buffer);
  private readonly headerWords = new Uint32Array(this.headers.bytes.buffer);
  private readonly controlView = new DataView(this.controls.bytes.buffer);
  private readonly segments = new Uint32Array(BATCH);
  private readonly arrivals = new Float64Array(BATCH);

  constructor() {
    this.names = this.namesRegion.bytes;
    const iovecs = new DataView(this.iovecs.bytes.buffer);
    for (let i = 0; i < BATCH; i += 1) {
      writeAddress(iovecs, i * IOVEC_BYTES, this.region, i * MESSAGE_BYTES, MESSAGE_BYTES);
      writeWord(iovecs, i * IOVEC_BYTES + 8, MESSAGE_BYTES);
      const header = i * MSGHDR_BYTES;
      writeAddress(this.headerView, header, this.namesRegion, i * NAME_BYTES, NAME_BYTES);
      writeAddress(this.headerView, header + 16, this.iovecs, i * IOVEC_BYTES, IOVEC_BYTES);
      writeWord(this.headerView, header + 24, 1);
      writeAddress(this.headerView, header + 32, this.controls, i * CONTROL_BYTES, CONTROL_BYTES);
    }
    this.rearm(BATCH);
  }

  /** Takes what waits in the socket, `batch` messages at most; 0 when nothing does. */
  receive(fd: number): number {
    const headers = addressOf(this.headers, 0, BATCH * MSGHDR_BYTES);
    const count = libc.recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, null);
    if (count <= 0) return 0;
    const now = monotonicUs();
    const toMonotonic = realtimeUs() - now;
    for (let i = 0; i < count; i += 1) this.readControl(i, now, toMonotonic);
    this.rearm(count);
    return count;
  }

  get batch(): number {
    return BATCH;
  }

  offset(i: number): number {
    return i * MESSAGE_BYTES;
  }

  length(i: number): number {
    return this.headerWords[i * 16 + 14]!;
  }

  segment(i: number): number {
    return this.segments[i]!;
  }

  /** The kernel's receive stamp of the message on the monotonic clock, us. */
  arrival(i: number): number {
    return this.arrivals[i]!;
  }

  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }

  private readControl(i: number, now: number, toMonotonic: number): void {
    this.segments[i] = this.length(i);
    this.arrivals[i] = now;
    const view = this.controlView;
    let at = i * CONTROL_BYTES;
    const end = at + this.headerWords[i * 16 + 10]!;
    while (at + CMSG_HEADER_BYTES <= end) {
      const length = view.getUint32(at, true);
      const level = view.getInt32(at + 8, true);
      const type = view.getInt32(at + 12, true);
      const data = at + CMSG_HEADER_BYTES;
      if (level === SOL_UDP && type === UDP_GRO) {
        this.segments[i] = view.getUint32(data, true) || this.length(i);
      } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPNS) {
        const seconds = view.getUint32(data, true) + view.getUint32(data + 4, true) * 2 ** 32;
        const stamp = seconds * 1e6 + view.getUint32(data + 8, true) / 1000 - toMonotonic;
        if (stamp <= now && stamp > now - STAMP_AGE_MAX_US) this.arrivals[i] = stamp;
      }
      if (length < CMSG_HEADER_BYTES) break;
      at += (length + 7) & ~7;
    }
  }

  /** The kernel overwrites these lengths with what it filled in. */
  private rearm(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const word = i * 16;
      this.headerWords[word + 2] = NAME_BYTES; // msg_namelen
      this.headerWords[word + 10] = CONTROL_BYTES; // msg_controllen
      this.headerWords[word + 12] = 0; // msg_flags
    }
  }
}
