import type { Region } from "../srtp/cipher.ts";
import { monotonicUs, realtimeUs } from "./clock.ts";
import { libc, MSG_DONTWAIT } from "./libc.ts";
import { addressOf, pinnedRegion, writeAddress, writeWord } from "./pinned.ts";

export const SCM_TIMESTAMPNS = 35;
/** struct sockaddr_in6, and some more. */
export const NAME_BYTES = 32;
/** struct cmsghdr: length (8), level (4), type (4); its data stands behind it. */
export const CMSG_HEADER_BYTES = 16;
/** struct mmsghdr. */
const HEADER_BYTES = 64;
const HEADER_WORDS = HEADER_BYTES / 4;
const IOVEC_BYTES = 16;
/** Places in a struct mmsghdr: bytes, and words of 32 bits. */
const NAME_AT = 0;
const IOVEC_AT = 16;
const IOVECS_AT = 24;
const CONTROL_AT = 32;
const NAME_LENGTH = 2;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const LENGTH = 14;
/** A kernel stamp further off than this is a clock step between stamp and reading: use `now`. */
const STAMP_AGE_MAX_US = 1_000_000;

/**
 * What recvmmsg fills: one pinned arena with a place for each message of a batch. Message i of the last
 * batch lies at `region.bytes[offset(i)]`, `length(i)` bytes long, from the sockaddr at
 * `names[nameOffset(i)]`. Everything is overwritten by the next batch.
 */
export abstract class ReceiveArena {
  readonly region: Region;
  readonly names: Uint8Array;
  /** Kernel receive stamps, mapped to the monotonic clock, us. */
  readonly arrivals: Float64Array;
  /** Messages that one call takes at most. */
  readonly batch: number;
  protected readonly namesRegion: Region;
  protected readonly controls: DataView;
  readonly #messageBytes: number;
  readonly #controlBytes: number;
  readonly #headers: Region;
  readonly #words: Uint32Array;

  constructor(batch: number, messageBytes: number, controlBytes: number) {
    this.batch = batch;
    this.#messageBytes = messageBytes;
    this.#controlBytes = controlBytes;
    this.region = pinnedRegion(batch * messageBytes);
    this.namesRegion = pinnedRegion(batch * NAME_BYTES);
    this.names = this.namesRegion.bytes;
    this.arrivals = new Float64Array(batch);
    const controls = pinnedRegion(batch * controlBytes);
    this.controls = new DataView(controls.bytes.buffer);
    this.#headers = pinnedRegion(batch * HEADER_BYTES);
    this.#words = new Uint32Array(this.#headers.bytes.buffer);
    this.#pointTo(controls);
    this.#rearm(batch);
  }

  offset(i: number): number {
    return i * this.#messageBytes;
  }

  length(i: number): number {
    return this.#words[i * HEADER_WORDS + LENGTH]!;
  }

  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }

  /** One recvmmsg. Returns how many messages came; below 0 when the call failed (`errno`). */
  protected receiveBatch(fd: number): number {
    const headers = addressOf(this.#headers, 0, this.batch * HEADER_BYTES);
    const count = libc.recvmmsg(fd, headers, this.batch, MSG_DONTWAIT, null);
    if (count <= 0) return count;
    const now = monotonicUs();
    const toMonotonic = realtimeUs() - now;
    for (let i = 0; i < count; i += 1) this.readControls(i, now, toMonotonic);
    this.#rearm(count);
    return count;
  }

  /** Reads message i's controls, and sets its arrival. `now` is on the monotonic clock. */
  protected abstract readControls(i: number, now: number, toMonotonic: number): void;

  /** Where message i's controls begin, and how many bytes of them there are. */
  protected controlOffset(i: number): number {
    return i * this.#controlBytes;
  }

  protected controlLength(i: number): number {
    return this.#words[i * HEADER_WORDS + CONTROL_LENGTH]!;
  }

  /** A message that came by another call. */
  protected setLength(i: number, length: number): void {
    this.#words[i * HEADER_WORDS + LENGTH] = length;
  }

  /** The struct timespec at `at` of the controls, of the wall clock, on the monotonic one. */
  protected stamp(at: number, now: number, toMonotonic: number): number {
    const view = this.controls;
    const seconds = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    const arrival = seconds * 1e6 + view.getUint32(at + 8, true) / 1000 - toMonotonic;
    return arrival > now || arrival < now - STAMP_AGE_MAX_US ? now : arrival;
  }

  #pointTo(controls: Region): void {
    const iovecs = pinnedRegion(this.batch * IOVEC_BYTES);
    const iovecView = new DataView(iovecs.bytes.buffer);
    const headers = new DataView(this.#headers.bytes.buffer);
    const [bytes, controlBytes] = [this.#messageBytes, this.#controlBytes];
    for (let i = 0; i < this.batch; i += 1) {
      writeAddress(iovecView, i * IOVEC_BYTES, this.region, i * bytes, bytes);
      writeWord(iovecView, i * IOVEC_BYTES + 8, bytes);
      const header = i * HEADER_BYTES;
      writeAddress(headers, header + NAME_AT, this.namesRegion, i * NAME_BYTES, NAME_BYTES);
      writeAddress(headers, header + IOVEC_AT, iovecs, i * IOVEC_BYTES, IOVEC_BYTES);
      writeWord(headers, header + IOVECS_AT, 1);
      writeAddress(headers, header + CONTROL_AT, controls, i * controlBytes, controlBytes);
    }
  }

  /** The kernel overwrites these with what it filled in. */
  #rearm(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const word = i * HEADER_WORDS;
      this.#words[word + NAME_LENGTH] = NAME_BYTES;
      this.#words[word + CONTROL_LENGTH] = this.#controlBytes;
      this.#words[word + FLAGS] = 0;
    }
  }
}
