import { assert } from "../assert.ts";
import { GSO_SEGMENTS_MAX, SEND_ARENA_BYTES, SEND_MESSAGES_MAX } from "../limits.ts";
import { assertInside, type Region } from "../srtp/cipher.ts";
import type { Path } from "../wire/path.ts";
import {
  EAGAIN,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOSYS,
  errno,
  libc,
  MSG_DONTWAIT,
  SOL_UDP,
  UDP_SEGMENT,
} from "./libc.ts";
import { addressOf, pinnedRegion, unpin, writeAddress, writeWord } from "./pinned.ts";

const MSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
const NAME_BYTES = 32;
/** cmsghdr (16) + u16, aligned to 8. */
const CONTROL_BYTES = 24;
const CONTROL_LENGTH = 18;

/** Datagrams and errors since the start; the worker copies them into its counters. */
export interface SendCounters {
  datagrams: number;
  bytes: number;
  /** Messages that the kernel refused for good (unreachable, too long ...). */
  errors: number;
  /** Datagrams of `send` that neither kernel nor arena had room for. */
  dropped: number;
}

/**
 * Batched send for one socket. Datagrams are written straight into one pinned arena and leave by one
 * sendmmsg; neighbours of equal size to the same path become segments of one UDP_SEGMENT message
 * (the last may be shorter). Use: `offset = reserve(n)`, write, `commit(path, length)`, or `send` for
 * what stands elsewhere, at the end of a turn `flush()`.
 */
export class UdpSender {
  readonly region: Region = pinnedRegion(SEND_ARENA_BYTES);
  /** What is not committed yet finds no room, though `send` may. */
  stalled = false;
  readonly backlog = null;
  readonly counters: SendCounters = { datagrams: 0, bytes: 0, errors: 0, dropped: 0 };
  private readonly names = pinnedRegion(SEND_MESSAGES_MAX * NAME_BYTES);
  private readonly iovecs = pinnedRegion(SEND_MESSAGES_MAX * IOVEC_BYTES);
  private readonly controls = pinnedRegion(SEND_MESSAGES_MAX * CONTROL_BYTES);
  private readonly headers = pinnedRegion(SEND_MESSAGES_MAX * MSGHDR_BYTES);
  private readonly headerWords = new Uint32Array(this.headers.bytes.buffer);
  private readonly iovecView = new DataView(this.iovecs.bytes.buffer);
  /** Where each message begins in the arena. */
  private readonly starts = new Uint32Array(SEND_MESSAGES_MAX);
  private readonly controlView = new DataView(this.controls.bytes.buffer);
  /** Bytes used in the arena; `reserve` hands out from here. */
  private end = 0;
  /** Bytes behind `end` that the last `reserve` gave; -1 when it gave none, or they are used. */
  private reserved = -1;
  private messages = 0;
  /** First message that the kernel has not taken yet. */
  private first = 0;
  // The message that a further segment may join.
  private lastPath: Path | null = null;
  private segmentSize = 0;
  private segments = 0;
  private closed = true;

  constructor(
    private readonly fd: number,
    /** False sends every datagram by itself (no UDP_SEGMENT in this kernel). */
    private gso: boolean,
    /** False makes one call a datagram (no sendmmsg: a sandbox that does not know it). */
    private batching = true,
  ) {
    for (let i = 0; i < SEND_MESSAGES_MAX; i += 1) {
      const header = new DataView(this.headers.bytes.buffer, i * MSGHDR_BYTES, MSGHDR_BYTES);
      writeAddress(header, 0, this.names, i * NAME_BYTES, NAME_BYTES);
      writeAddress(header, 16, this.iovecs, i * IOVEC_BYTES, IOVEC_BYTES);
      writeWord(header, 24, 1);
      writeAddress(header, 32, this.controls, i * CONTROL_BYTES, CONTROL_BYTES);
      const control = i * CONTROL_BYTES;
      writeWord(this.controlView, control, CONTROL_LENGTH);
      this.controlView.setInt32(control + 8, SOL_UDP, true);
      this.controlView.setInt32(control + 12, UDP_SEGMENT, true);
    }
  }

  /** True while the kernel's buffer is full: poll for writability, then `flush`. */
  get blocked(): boolean {
    return this.messages > 0;
  }

  /** Room for one datagram of up to `bytes`; -1 while there is none: the caller keeps what it has. */
  reserve(bytes: number): number {
    if (!this.stalled) return this.place(bytes);
    this.reserved = -1;
    return -1;
  }

  private place(bytes: number): number {
    assertInside(this.region, 0, bytes);
    this.reserved = -1;
    if (this.messages === SEND_MESSAGES_MAX || this.end + bytes > SEND_ARENA_BYTES) {
      if (!this.flush()) return -1;
    }
    this.reserved = bytes;
    return this.end;
  }

  /** Queues the datagram written at the offset of the last `reserve`. */
  commit(path: Path, length: number): void {
    const whole = (length | 0) === length && length >= 0;
    assert(whole && length <= this.reserved, "a datagram stays in the room that was given");
    this.reserved = -1;
    const joins =
      this.gso &&
      !this.closed &&
      this.lastPath === path &&
      length <= this.segmentSize &&
      this.segments < GSO_SEGMENTS_MAX;
    if (joins) this.join(length);
    else this.open(path, length);
    this.end += length;
  }

  /** Queues a copy of a datagram that nobody keeps: without room it is dropped. */
  send(path: Path, bytes: Uint8Array, length: number): void {
    const at = this.place(length);
    if (at < 0) {
      this.counters.dropped += 1;
      return;
    }
    for (let i = 0; i < length; i += 1) this.region.bytes[at + i] = bytes[i]!;
    this.commit(path, length);
  }

  /** Hands the queue to the kernel; false when its buffer is full and something still waits. */
  flush(): boolean {
    while (this.first < this.messages) {
      if (!this.batching) {
        if (!this.sendOne()) return false;
        continue;
      }
      const count = this.messages - this.first;
      const sent = libc.sendmmsg(
        this.fd,
        addressOf(this.headers, this.first * MSGHDR_BYTES, count * MSGHDR_BYTES),
        count,
        MSG_DONTWAIT,
      );
      if (sent > 0) {
        this.countSent(sent);
        this.first += sent;
      } else if (!this.handleError(errno())) {
        // Whatever is queued later must not join a message that may be half-way out.
        this.closed = true;
        return false;
      }
    }
    this.first = 0;
    this.messages = 0;
    this.end = 0;
    this.reserved = -1;
    this.closed = true;
    this.lastPath = null;
    return true;
  }

  /** Lets go of its memory; it is not used any more. */
  free(): void {
    const { region, names, iovecs, controls, headers } = this;
    for (const each of [region, names, iovecs, controls, headers]) unpin(each);
  }

  private join(length: number): void {
    const message = this.messages - 1;
    const bytes = this.iovecView.getUint32(message * 16 + 8, true) + length;
    this.iovecView.setUint32(message * 16 + 8, bytes, true);
    this.segments += 1;
    this.closed = length < this.segmentSize;
    this.headerWords[message * 16 + 10] = CONTROL_BYTES;
  }

  private open(path: Path, length: number): void {
    const message = this.messages;
    const sockaddr = path.sockaddr;
    const name = message * NAME_BYTES;
    assert(sockaddr.length <= NAME_BYTES, "an address fits into its place");
    for (let i = 0; i < sockaddr.length; i += 1) this.names.bytes[name + i] = sockaddr[i]!;
    writeAddress(this.iovecView, message * 16, this.region, this.end, length);
    this.starts[message] = this.end;
    this.iovecView.setUint32(message * 16 + 8, length, true);
    this.headerWords[message * 16 + 2] = sockaddr.length; // msg_namelen
    this.headerWords[message * 16 + 10] = 0; // msg_controllen: one segment needs no UDP_SEGMENT
    this.controlView.setUint16(message * CONTROL_BYTES + 16, length, true);
    this.messages += 1;
    this.lastPath = path;
    this.segmentSize = length;
    this.segments = 1;
    this.closed = false;
  }

  private countSent(sent: number): void {
    for (let i = this.first; i < this.first + sent; i += 1) {
      const bytes = this.iovecView.getUint32(i * 16 + 8, true);
      this.counters.bytes += bytes;
      this.counters.datagrams += this.segmentsOf(i, bytes);
    }
  }

  private segmentsOf(message: number, bytes: number): number {
    if (this.headerWords[message * 16 + 10] === 0) return 1;
    return Math.ceil(bytes / this.controlView.getUint16(message * CONTROL_BYTES + 16, true));
  }

  /** True when sending can go on (the offending message was dealt with). */
  private handleError(code: number): boolean {
    if (code === EINTR) return true;
    if (code === EAGAIN) return false;
    if (code === ENOSYS) {
      this.batching = false;
      return true;
    }
    const segmented = this.headerWords[this.first * 16 + 10] !== 0;
    if (segmented && (code === EINVAL || code === EIO || code === EMSGSIZE)) {
      // No segmentation offload on this kernel or route (coturn#1907: disable it for good); or a segment
      // that is longer than this route takes, which is nobody's fault.
      const fits = this.sendSegments();
      if (code !== EMSGSIZE && fits) this.gso = false;
    } else {
      this.counters.errors += 1;
    }
    this.first += 1;
    return true;
  }

  /** The first message by a call of its own; false when the kernel's buffer is full. */
  private sendOne(): boolean {
    if (this.headerWords[this.first * 16 + 10] !== 0) this.sendSegments();
    else if (!this.sendDatagram(this.first)) return false;
    this.first += 1;
    return true;
  }

  private sendDatagram(message: number): boolean {
    const length = this.iovecView.getUint32(message * 16 + 8, true);
    const sent = this.sendPart(message, this.starts[message]!, length);
    if (sent === length) {
      this.counters.datagrams += 1;
      this.counters.bytes += length;
    } else if (errno() === EAGAIN) {
      this.closed = true;
      return false;
    } else {
      this.counters.errors += 1;
    }
    return true;
  }

  /** One datagram of a message by a call of its own. */
  private sendPart(message: number, start: number, length: number): number {
    const nameLength = this.headerWords[message * 16 + 2]!;
    return libc.sendto(
      this.fd,
      addressOf(this.region, start, length),
      length,
      MSG_DONTWAIT,
      addressOf(this.names, message * NAME_BYTES, nameLength),
      nameLength,
    );
  }

  /** Sends the segments of the first message one by one; false when one is too long. */
  private sendSegments(): boolean {
    const message = this.first;
    const size = this.controlView.getUint16(message * CONTROL_BYTES + 16, true);
    const start = this.starts[message]!;
    const bytes = this.iovecView.getUint32(message * 16 + 8, true);
    let fits = true;
    for (let at = 0; at < bytes; at += size) {
      const length = Math.min(size, bytes - at);
      const sent = this.sendPart(message, start + at, length);
      if (sent === length) {
        this.counters.datagrams += 1;
        this.counters.bytes += length;
      } else {
        this.counters.errors += 1;
        if (errno() === EMSGSIZE) fits = false;
      }
    }
    return fits;
  }
}
