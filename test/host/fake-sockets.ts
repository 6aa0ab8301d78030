import type { Sender } from "../../src/host/outlet.ts";
import type { Receiver } from "../../src/host/sockets.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { NAME_BYTES } from "../../src/io/receive-arena.ts";
import { DATAGRAM_BYTES_MAX, RECEIVE_BATCH } from "../../src/limits.ts";
import type { Path } from "../../src/wire/path.ts";

interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Uint8Array;
}

/** Has what a test puts in `waiting`, whatever socket is read. */
export class FakeReceiver implements Receiver {
  readonly waiting: Datagram[] = [];
  readonly region = pinnedRegion(RECEIVE_BATCH * DATAGRAM_BYTES_MAX);
  readonly names = new Uint8Array(RECEIVE_BATCH * NAME_BYTES);
  readonly arrivals = new Float64Array(RECEIVE_BATCH);
  readonly #lengths = new Int32Array(RECEIVE_BATCH);

  receive(): number {
    const batch = this.waiting.splice(0, RECEIVE_BATCH);
    for (const [i, { bytes, from }] of batch.entries()) {
      this.region.bytes.set(bytes, this.offset(i));
      this.names.set(from, this.nameOffset(i));
      this.#lengths[i] = bytes.length;
    }
    return batch.length;
  }

  offset(i: number): number {
    return i * DATAGRAM_BYTES_MAX;
  }

  length(i: number): number {
    return this.#lengths[i]!;
  }

  nameOffset(i: number): number {
    return i * NAME_BYTES;
  }
}

/** Keeps what is sent. */
export class FakeSender implements Sender {
  full = false;
  stalled = false;
  readonly backlog = null;
  readonly sent: Uint8Array[] = [];
  readonly region = pinnedRegion(DATAGRAM_BYTES_MAX);
  readonly counters = { datagrams: 0, bytes: 0, errors: 0, dropped: 0 };

  reserve(): number {
    return this.full || this.stalled ? -1 : 0;
  }

  commit(_path: Path, length: number): void {
    this.sent.push(this.region.bytes.slice(0, length));
  }

  send(_path: Path, bytes: Uint8Array, length: number): void {
    this.sent.push(bytes.slice(0, length));
  }

  flush(): boolean {
    return !this.full;
  }
}
