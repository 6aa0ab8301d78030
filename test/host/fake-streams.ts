import type { Connection, Stream } from "../../src/host/connection.ts";
import type { ConnectionGround, ConnectionOwner } from "../../src/host/connections.ts";
import { EpollEvent } from "../../src/io/epoll.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import { FRAME_HEADER_BYTES, writeFrameHeader } from "../../src/wire/framing.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";

export function regionOf(bytes: number): Region {
  return { bytes: new Uint8Array(bytes), address: 0 };
}

export function framed(...payloads: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      payloads.map((payload) => {
        const header = new Uint8Array(FRAME_HEADER_BYTES);
        writeFrameHeader(header, 0, payload.length);
        return Buffer.concat([header, payload]);
      }),
    ),
  );
}

/** A check for this ufrag, framed: what a client's connection begins with. */
export function checkFor(ufrag: string): Uint8Array {
  const text = new TextEncoder();
  const bytes = new Uint8Array(700);
  const fields = {
    transactionId: new Uint8Array(12),
    username: text.encode(`${ufrag}:them`),
    priority: 1,
    controlling: new Uint8Array(8),
    useCandidate: true,
  };
  const length = writeBindingRequest(bytes, 0, fields, text.encode("a-password-of-24-letters"));
  return framed(bytes.subarray(0, length));
}

/** A kernel that has a connection: what a test lets it take and bring. */
export class FakeStream implements Stream {
  /** Bytes that it takes yet. */
  room = Number.POSITIVE_INFINITY;
  readonly written: number[] = [];
  /** What comes, a read each. */
  readonly coming: Uint8Array[] = [];
  over = false;

  write(region: Region, offset: number, length: number): number {
    if (this.over) return -1;
    const count = Math.min(length, this.room);
    this.room -= count;
    this.written.push(...region.bytes.subarray(offset, offset + count));
    return count;
  }

  read(region: Region, offset: number, room: number): number {
    const bytes = this.coming.shift();
    if (bytes === undefined) return this.over ? -1 : 0;
    if (bytes.length > room) this.coming.unshift(bytes.subarray(room));
    region.bytes.set(bytes.subarray(0, room), offset);
    return Math.min(bytes.length, room);
  }
}

/** Connections' ground with a stream for each descriptor. */
export class FakeKernel {
  now = 0;
  readonly streams = new Map<number, FakeStream>();
  readonly watched = new Map<number, { events: number; number: number }>();
  readonly ended: number[] = [];
  /** What ciphers write to has an address. */
  allocate = regionOf;
  /** Regions that are in use. */
  regions = 0;
  #ready: number[] = [];

  get ground(): ConnectionGround {
    return {
      epoll: {
        add: (fd, events, number) => void this.watched.set(fd, { events, number }),
        change: (fd, events, number) => void this.watched.set(fd, { events, number }),
        remove: (fd) => void this.watched.delete(fd),
        wait: () => {
          const isReady = (fd: number, events: number) => {
            const { coming, over, room } = this.streams.get(fd)!;
            const writable = (events & EpollEvent.writable) !== 0 && room > 0;
            return coming.length > 0 || over || writable;
          };
          const ready = [...this.watched].filter(([fd, { events }]) => isReady(fd, events));
          this.#ready = ready.map(([, { number }]) => number);
          return this.#ready.length;
        },
        number: (i) => this.#ready[i]!,
      },
      stream: (fd) => {
        const stream = new FakeStream();
        this.streams.set(fd, stream);
        return stream;
      },
      end: (fd) => void this.ended.push(fd),
      allocate: (bytes) => {
        this.regions += 1;
        return this.allocate(bytes);
      },
      release: () => {
        this.regions -= 1;
      },
      clock: () => this.now,
    };
  }
}

/** Keeps what connections bring. */
export class FakeOwner implements ConnectionOwner {
  readonly frames: { readonly fd: number; readonly bytes: readonly number[] }[] = [];
  readonly faults: unknown[] = [];
  readonly blockedFds: number[] = [];
  readonly lostFds: number[] = [];
  /** Of these no session lives there. */
  readonly strange = new Set<number>();
  onFrame: (by: Connection) => void = () => {};

  handleFrame(by: Connection, region: Region, offset: number, length: number): void {
    this.frames.push({ fd: by.fd, bytes: [...region.bytes.subarray(offset, offset + length)] });
    this.onFrame(by);
  }

  frameFault(error: unknown): void {
    this.faults.push(error);
  }

  knows({ fd }: Connection): boolean {
    return !this.strange.has(fd);
  }

  blocked({ fd }: Connection): void {
    this.blockedFds.push(fd);
  }

  lost({ fd }: Connection): void {
    this.lostFds.push(fd);
  }
}
