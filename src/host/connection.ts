import { assert } from "../assert.ts";
import {
  CONNECTION_ARENA_BYTES,
  DATAGRAM_BYTES_MAX,
  TCP_BLOCKED_US,
  TCP_STALL_US,
} from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { FRAME_HEADER_BYTES, writeFrameHeader } from "../wire/framing.ts";
import type { Backlog, Path, Transport } from "../wire/path.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** A connection's way to the kernel. */
export interface Stream {
  /** How many of these bytes it took; below 0 when it is over. */
  write(region: Region, offset: number, length: number): number;
  /** Bytes that have come, `room` at most; 0 when none have, below 0 when it is over. */
  read(region: Region, offset: number, room: number): number;
}

/**
 * A client's TCP connection as a transport: datagrams are sealed straight into its arena, each behind
 * its length, and leave as the kernel takes them. One that takes too little stalls by itself: media then
 * waits in the rings, and nobody waits for it.
 */
export class Connection implements Transport, Backlog {
  readonly region: Region;
  stalled = false;
  since = NEVER;
  readonly backlog: Backlog = this;
  /** Its client's bytes that are no whole frame yet. */
  readonly rest: Uint8Array<ArrayBuffer>;
  restLength = 0;
  /** Something stands in the arena that `flush` has not seen. */
  dirty = false;
  /** Nothing leaves or comes by it any more. */
  over = false;
  /** Datagrams and their bytes that were taken up, and those that found no room. */
  readonly sent = { datagrams: 0, bytes: 0, dropped: 0 };
  /** What waits in the arena, and how much of it `reserve` gave last; -1 for nothing. */
  #start = 0;
  #end = 0;
  #reserved = -1;
  /** The kernel has taken something since the last `flush`; when that was seen, us. */
  #moved = false;
  #movedAt = 0;

  constructor(
    readonly fd: number,
    readonly sockaddr: Uint8Array,
    readonly openedAt: number,
    allocate: (bytes: number) => Region,
    private readonly stream: Stream,
    private readonly changed: (connection: Connection) => void,
  ) {
    this.region = allocate(CONNECTION_ARENA_BYTES);
    this.rest = new Uint8Array(FRAME_HEADER_BYTES + DATAGRAM_BYTES_MAX);
  }

  /** Something waits that the kernel did not take. */
  get full(): boolean {
    return this.since !== NEVER;
  }

  /** It has taken nothing for so long that it will not. */
  isBlocked(now: number): boolean {
    return this.full && now - this.#movedAt >= TCP_BLOCKED_US;
  }

  reserve(bytes: number): number {
    this.#reserved = -1;
    return this.stalled ? -1 : this.#place(bytes);
  }

  commit(_path: Path, length: number): void {
    const whole = (length | 0) === length && length >= 0;
    assert(whole && length <= this.#reserved, "a datagram stays in the room that was given");
    this.#reserved = -1;
    writeFrameHeader(this.region.bytes, this.#end, length);
    this.#end += FRAME_HEADER_BYTES + length;
    this.sent.datagrams += 1;
    this.sent.bytes += length;
    if (this.dirty) return;
    this.dirty = true;
    this.changed(this);
  }

  send(path: Path, bytes: Uint8Array, length: number): void {
    const at = this.#place(length);
    if (at < 0) {
      this.sent.dropped += 1;
      return;
    }
    this.region.bytes.set(bytes.subarray(0, length), at);
    this.commit(path, length);
  }

  /** Hands what waits to the kernel. */
  flush(now: number): void {
    this.dirty = false;
    this.#push();
    if (this.#moved || this.since === NEVER) this.#movedAt = now;
    this.#moved = false;
    if (this.#start === this.#end) {
      this.since = NEVER;
      this.stalled = this.over;
    } else {
      this.since = Math.min(this.since, now);
      if (now - this.since >= TCP_STALL_US) this.stalled = true;
    }
  }

  /** Nothing goes by it any more. */
  end(): void {
    this.over = true;
    this.stalled = true;
  }

  /** As Stream.read. */
  read(region: Region, offset: number, room: number): number {
    return this.over ? -1 : this.stream.read(region, offset, room);
  }

  /** Room for a frame of so many bytes: where they begin; -1 for none: it takes too little. */
  #place(bytes: number): number {
    const room = FRAME_HEADER_BYTES + bytes;
    assert(room <= CONNECTION_ARENA_BYTES, "a datagram fits into the arena");
    if (this.#end + room > CONNECTION_ARENA_BYTES) this.#makeRoom();
    if (this.over || this.#end + room > CONNECTION_ARENA_BYTES) {
      this.stalled = true;
      return -1;
    }
    this.#reserved = bytes;
    return this.#end + FRAME_HEADER_BYTES;
  }

  #push(): void {
    while (this.#start < this.#end && !this.over) {
      const taken = this.stream.write(this.region, this.#start, this.#end - this.#start);
      if (taken < 0) this.end();
      if (taken <= 0) break;
      this.#moved = true;
      this.#start += taken;
    }
    if (this.#start === this.#end || this.over) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  /** What the kernel takes, and has taken, makes room for what comes. */
  #makeRoom(): void {
    this.#push();
    if (this.#start === 0) return;
    this.region.bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
