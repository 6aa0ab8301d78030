import { type Epoll, EpollEvent } from "../io/epoll.ts";
import { DATAGRAM_BYTES_MAX, FIRST_FRAME_US, STREAM_READ_BYTES, TURN_MAX_US } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { cutFrames, FRAME_HEADER_BYTES } from "../wire/framing.ts";
import { Connection, type Stream } from "./connection.ts";

/** Share of a turn for what comes by connections. */
const READ_BUDGET_US = TURN_MAX_US * 0.2;
/** Connections are looked at so often. */
const LOOK_US = 1_000_000;
/** What was no whole frame at the last read stands in front of what comes. */
const READ_AT = FRAME_HEADER_BYTES + DATAGRAM_BYTES_MAX;

/** What connections are made of. */
export interface ConnectionGround {
  readonly epoll: Pick<Epoll, "add" | "change" | "remove" | "wait" | "number">;
  /** The stream of a descriptor. */
  readonly stream: (fd: number) => Stream;
  /** Ends a connection, whose descriptor somebody else closes. */
  readonly end: (fd: number) => void;
  readonly allocate: (bytes: number) => Region;
  readonly release: (region: Region) => void;
  /** Monotonic, us. */
  readonly clock: () => number;
}

/** Whom connections belong to. */
export interface ConnectionOwner {
  handleFrame(by: Connection, region: Region, offset: number, length: number, now: number): void;
  /** `handleFrame` threw. */
  frameFault(error: unknown, now: number): void;
  /** A session lives there. */
  knows(connection: Connection): boolean;
  /** It has taken nothing for TCP_BLOCKED_US. */
  blocked(connection: Connection, now: number): void;
  /** It is over. */
  lost(connection: Connection, now: number): void;
}

/** The TCP connections of a worker's clients. */
export class Connections {
  /** Datagrams and bytes that left by those that are over. */
  readonly #past = { datagrams: 0, bytes: 0, dropped: 0 };
  readonly #ground: ConnectionGround;
  readonly #region: Region;
  /** By their numbers in the epoll instance. */
  readonly #all: (Connection | null)[] = [];
  readonly #numbers = new Map<Connection, number>();
  readonly #watched = new Set<Connection>();
  #dirty: Connection[] = [];
  #owner!: ConnectionOwner;
  #lookAt = Number.POSITIVE_INFINITY;
  /** Whose frames are cut now. */
  #reading: Connection | null = null;
  #now = 0;

  constructor(ground: ConnectionGround) {
    this.#ground = ground;
    this.#region = ground.allocate(READ_AT + STREAM_READ_BYTES);
  }

  /** `owner` has what they bring; before anything else is called. */
  serve(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** A client's connection, of which these bytes have been read already. */
  add(fd: number, sockaddr: Uint8Array, bytes: Uint8Array, now: number): void {
    const { allocate, stream, epoll } = this.#ground;
    const changed = (connection: Connection) => void this.#dirty.push(connection);
    const connection = new Connection(fd, sockaddr, now, allocate, stream(fd), changed);
    const free = this.#all.indexOf(null);
    const number = free < 0 ? this.#all.length : free;
    this.#all[number] = connection;
    this.#numbers.set(connection, number);
    this.#lookAt = Math.min(this.#lookAt, now + LOOK_US);
    epoll.add(fd, EpollEvent.readable, number);
    this.#region.bytes.set(bytes, READ_AT);
    this.#cut(connection, READ_AT, READ_AT + bytes.length, now);
  }

  /** Some of them are ready: takes what has come, and gives what waits. */
  read(now: number): void {
    const { epoll, clock } = this.#ground;
    const count = epoll.wait(0);
    const deadline = now + READ_BUDGET_US;
    for (let i = 0; i < count; i += 1) {
      // Those that are left are ready still.
      if (i > 0 && clock() >= deadline) return;
      const connection = this.#all[epoll.number(i)] ?? null;
      if (connection === null) continue;
      if (connection.full) this.#flush(connection, now);
      this.#receive(connection, now);
    }
  }

  /** The end of a turn: what was sealed leaves. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    const now = this.#ground.clock();
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) if (!connection.over) this.#flush(connection, now);
  }

  nextTimeout(): number {
    return this.#lookAt;
  }

  /** Ends those that have nobody, and those that take nothing. */
  handleTimeout(now: number): void {
    if (now < this.#lookAt) return;
    for (const connection of [...this.#numbers.keys()]) {
      if (connection.isBlocked(now)) {
        this.#owner.blocked(connection, now);
        this.#drop(connection, now);
      } else if (now - connection.openedAt >= FIRST_FRAME_US && !this.#owner.knows(connection)) {
        this.#drop(connection, now);
      }
    }
    this.#lookAt = this.size === 0 ? Number.POSITIVE_INFINITY : now + LOOK_US;
  }

  /** What has left so far. */
  totals(): { readonly datagrams: number; readonly bytes: number; readonly dropped: number } {
    const sum = { ...this.#past };
    for (const { sent } of this.#numbers.keys()) add(sum, sent);
    return sum;
  }

  #flush(connection: Connection, now: number): void {
    connection.flush(now);
    if (connection.over) {
      this.#drop(connection, now);
      return;
    }
    const { full } = connection;
    if (full === this.#watched.has(connection)) return;
    const { readable, writable } = EpollEvent;
    const events = full ? readable | writable : readable;
    this.#ground.epoll.change(connection.fd, events, this.#numbers.get(connection)!);
    if (full) this.#watched.add(connection);
    else this.#watched.delete(connection);
  }

  #receive(connection: Connection, now: number): void {
    if (connection.over) return;
    const at = READ_AT - connection.restLength;
    this.#region.bytes.set(connection.rest.subarray(0, connection.restLength), at);
    const count = connection.read(this.#region, READ_AT, STREAM_READ_BYTES);
    if (count < 0) this.#drop(connection, now);
    else if (count > 0) this.#cut(connection, at, READ_AT + count, now);
  }

  /** Handles the whole frames of some bytes, and keeps what follows them. */
  #cut(connection: Connection, at: number, end: number, now: number): void {
    const { bytes } = this.#region;
    this.#reading = connection;
    this.#now = now;
    let next = -1;
    try {
      next = cutFrames(bytes, at, end, DATAGRAM_BYTES_MAX, this.#take);
    } catch (error) {
      this.#owner.frameFault(error, now);
    }
    if (next < 0) {
      this.#drop(connection, now);
      return;
    }
    connection.rest.set(bytes.subarray(next, end));
    connection.restLength = end - next;
  }

  readonly #take = (offset: number, length: number): boolean => {
    const connection = this.#reading!;
    this.#owner.handleFrame(connection, this.#region, offset, length, this.#now);
    return true;
  };

  #drop(connection: Connection, now: number): void {
    const number = this.#numbers.get(connection);
    if (number === undefined) return;
    connection.end();
    this.#numbers.delete(connection);
    this.#watched.delete(connection);
    this.#all[number] = null;
    add(this.#past, connection.sent);
    this.#ground.epoll.remove(connection.fd);
    this.#ground.end(connection.fd);
    this.#owner.lost(connection, now);
    this.#ground.release(connection.region);
  }
}

function add(
  sum: { datagrams: number; bytes: number; dropped: number },
  more: { readonly datagrams: number; readonly bytes: number; readonly dropped: number },
): void {
  sum.datagrams += more.datagrams;
  sum.bytes += more.bytes;
  sum.dropped += more.dropped;
}
