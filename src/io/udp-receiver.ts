import { DATAGRAM_BYTES_MAX, RECEIVE_BATCH } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { monotonicUs, realtimeUs } from "./clock.ts";
import { ENOSYS, errno, libc } from "./libc.ts";
import { addressOf, pinnedRegion, writeAddress, writeWord } from "./pinned.ts";

const MSG_DONTWAIT = 0x40;
const MSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
const SOCKLEN_BYTES = 4;
const NAME_BYTES = 32;
const CONTROL_BYTES = 64;
const SOL_SOCKET = 1;
const SCM_TIMESTAMPNS = 35;
/** A kernel stamp further off than this is a clock step between stamp and reading: use `now`. */
const STAMP_AGE_MAX_US = 1_000_000;

/**
 * Batched receive by recvmmsg into one pinned arena. Datagram i of the last batch lies at
 * `region.bytes[offset(i)]`, `length(i)` bytes long, from the sockaddr at `names[nameOffset(i)]`.
 * Everything is overwritten by the next `receive`.
 */
export class UdpReceiver {
  readonly region: Region = pinnedRegion(RECEIVE_BATCH * DATAGRAM_BYTES_MAX);
  readonly names: Uint8Array;
  /** Kernel receive stamps, mapped to the monotonic clock, us. */
  readonly arrivals = new Float64Array(RECEIVE_BATCH);
  private readonly namesRegion = pinnedRegion(RECEIVE_BATCH * NAME_BYTES);
  /** socklen_t for recvfrom. */
  private readonly nameLength = pinnedRegion(SOCKLEN_BYTES);
  private readonly controls = pinnedRegion(RECEIVE_BATCH * CONTROL_BYTES);
  private readonly iovecs = pinnedRegion(RECEIVE_BATCH * IOVEC_BYTES);
  private readonly headers = pinnedRegion(RECEIVE_BATCH * MSGHDR_BYTES);
  private readonly headerView = new DataView(this.headers.bytes.buffer);
  private readonly headerWords = new Uint32Array(this.headers.bytes.buffer);
  private readonly controlView = new DataView(this.controls.bytes.buffer);

  constructor(
    /** False makes one call a datagram, without the kernel's receive stamps (no recvmmsg). */
    private batching = true,
  ) {
    this.names = this.namesRegion.bytes;
    const iovecs = new DataView(this.iovecs.bytes.buffer);
    for (let i = 0; i < RECEIVE_BATCH; i += 1) {
      writeAddress(
        iovecs,
        i * IOVEC_BYTES,
        this.region,
        i * DATAGRAM_BYTES_MAX,
        DATAGRAM_BYTES_MAX,
      );
      writeWord(iovecs, i * IOVEC_BYTES + 8, DATAGRAM_BYTES_MAX);
      const header = i * MSGHDR_BYTES;
      writeAddress(this.headerView, header, this.namesRegion, i * NAME_BYTES, NAME_BYTES);
      writeAddress(this.headerView, header + 16, this.iovecs, i * IOVEC_BYTES, IOVEC_BYTES);
      writeWord(this.headerView, header + 24, 1);
      writeAddress(this.headerView, header + 32, this.controls, i * CONTROL_BYTES, CONTROL_BYTES);
    }
    this.rearm(RECEIVE_BATCH);
  }

  /** Takes what waits in the socket, RECEIVE_BATCH at most; 0 when nothing does. */
  receive(fd: number): number {
    if (!this.batching) return this.receiveSingly(fd);
    const headers = addressOf(this.headers, 0, RECEIVE_BATCH * MSGHDR_BYTES);
    const count = libc.recvmmsg(fd, headers, RECEIVE_BATCH, MSG_DONTWAIT, null);
    if (count < 0 && errno() === ENOSYS) {
      this.batching = false;
      return this.receiveSingly(fd);
    }
    if (count <= 0) return 0;
    const now = monotonicUs();
    const toMonotonic = realtimeUs() - now;
    for (let i = 0; i < count; i += 1) this.arrivals[i] = this.stamp(i, now, toMonotonic);
    this.rearm(count);
    return count;
  }

  offset(i: number): number {
    return i * DATAGRAM_BYTES_MAX;
  }

  length(i: number): number {
    return this.headerWords[i * 16 + 14]!;
  }

  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }

  private receiveSingly(fd: number): number {
    let count = 0;
    const now = monotonicUs();
    while (count < RECEIVE_BATCH) {
      this.nameLength.bytes[0] = NAME_BYTES;
      const length = libc.recvfrom(
        fd,
        addressOf(this.region, count * DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX),
        DATAGRAM_BYTES_MAX,
        MSG_DONTWAIT,
        addressOf(this.namesRegion, count * NAME_BYTES, NAME_BYTES),
        addressOf(this.nameLength, 0, SOCKLEN_BYTES),
      );
      if (length < 0) break;
      this.headerWords[count * 16 + 14] = length;
      this.arrivals[count] = now;
      count += 1;
    }
    return count;
  }

  private stamp(i: number, now: number, toMonotonic: number): number {
    const control = i * CONTROL_BYTES;
    const view = this.controlView;
    if (this.headerWords[i * 16 + 10] === 0) return now;
    if (view.getInt32(control + 8, true) !== SOL_SOCKET) return now;
    if (view.getInt32(control + 12, true) !== SCM_TIMESTAMPNS) return now;
    const seconds =
      view.getUint32(control + 16, true) + view.getUint32(control + 20, true) * 2 ** 32;
    const arrival = seconds * 1e6 + view.getUint32(control + 24, true) / 1000 - toMonotonic;
    return arrival > now || arrival < now - STAMP_AGE_MAX_US ? now : arrival;
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
