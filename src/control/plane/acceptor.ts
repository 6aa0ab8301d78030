import type { Accepted } from "../../io/tcp-socket.ts";
import {
  FIRST_FRAME_BYTES_MAX,
  FIRST_FRAME_US,
  PENDING_CONNECTIONS_MAX,
  PENDING_CONNECTIONS_PER_ADDRESS,
} from "../../limits.ts";
import { localUfragOf } from "../../peer/ice-credentials.ts";
import type { Region } from "../../srtp/cipher.ts";
import { classify, DatagramKind } from "../../wire/demux.ts";
import { FRAME_HEADER_BYTES, frameLength, NO_FRAME } from "../../wire/framing.ts";
import { formatPath } from "../../wire/path.ts";
import { parseStun, StunClass, StunMessage } from "../../wire/stun.ts";
import { addressGroup } from "./address-group.ts";

/** Connections that one turn takes off a listener: whoever opens more at once waits. */
const ACCEPTS_A_TURN = 64;
/** After an accept that failed for want of descriptors. */
const FAULT_PAUSE_US = 1_000_000;

/** Why a connection is refused. */
export type TcpRefusal = "address" | "crowd" | "late" | "no-check" | "unknown" | "session";

/** What an acceptor stands on. */
export interface AcceptorIo {
  /** A connection that waits; null for none. Throws where this process can take none. */
  accept(listener: number): Accepted | null;
  /** Bytes that have come, `room` at most; 0 when none have, below 0 when it is over. */
  read(fd: number, region: Region, offset: number, room: number): number;
  close(fd: number): void;
  allocate(bytes: number): Region;
  readonly set: {
    add(fd: number, number: number): void;
    remove(fd: number): void;
    /** How many are ready. */
    wait(timeoutMs: number): number;
    ready(i: number): number;
  };
}

/** Whom an acceptor works for. */
export interface AcceptorOwner {
  /** A connection has told whose it is, and is the owner's from now on. Else: why it is refused. */
  take(client: Accepted, ufrag: string, bytes: Uint8Array): TcpRefusal | null;
  refused(why: TcpRefusal): void;
  /** No connection can be taken for a while. */
  failed(error: unknown): void;
}

/** A connection that has not told whose it is. */
interface Pending {
  readonly client: Accepted;
  readonly group: string;
  readonly number: number;
  readonly since: number;
  /** What has come so far. */
  readonly bytes: Uint8Array;
  length: number;
}

/** One message at a time. */
const message = new StunMessage();

/**
 * Takes TCP connections and reads of each the first check, which names a session; nothing is answered.
 * A connection that says something else, or nothing for five seconds, is closed.
 */
export class Acceptor {
  readonly #listeners: readonly number[];
  readonly #io: AcceptorIo;
  readonly #owner: AcceptorOwner;
  readonly #region: Region;
  /** By their numbers in the set, behind the listeners; the oldest first in `#waiting`. */
  readonly #byNumber = new Map<number, Pending>();
  readonly #groups = new Map<string, number>();
  #nextNumber: number;
  #pausedUntil = 0;

  constructor(listeners: readonly number[], io: AcceptorIo, owner: AcceptorOwner) {
    this.#listeners = listeners;
    this.#io = io;
    this.#owner = owner;
    this.#region = io.allocate(FIRST_FRAME_BYTES_MAX);
    this.#nextNumber = listeners.length;
    for (const [number, fd] of listeners.entries()) io.set.add(fd, number);
  }

  /** Connections that have not told whose they are. */
  get pending(): number {
    return this.#byNumber.size;
  }

  /** Takes who waits, and reads what has come. `now`: monotonic, us. */
  turn(now: number): void {
    const { set } = this.#io;
    const count = set.wait(0);
    for (let i = 0; i < count; i += 1) {
      const number = set.ready(i);
      if (number < this.#listeners.length) this.#accept(this.#listeners[number]!, now);
      else this.#read(this.#byNumber.get(number));
    }
    this.#expire(now);
  }

  close(): void {
    for (const pending of this.#byNumber.values()) this.#io.close(pending.client.fd);
    this.#byNumber.clear();
    this.#groups.clear();
  }

  #accept(listener: number, now: number): void {
    if (now < this.#pausedUntil) return;
    try {
      for (let i = 0; i < ACCEPTS_A_TURN; i += 1) {
        const client = this.#io.accept(listener);
        if (client === null) return;
        this.#admit(client, now);
      }
    } catch (error) {
      this.#pausedUntil = now + FAULT_PAUSE_US;
      this.#owner.failed(error);
    }
  }

  #admit(client: Accepted, now: number): void {
    const group = groupOf(client);
    const others = this.#groups.get(group) ?? 0;
    if (others >= PENDING_CONNECTIONS_PER_ADDRESS) {
      this.#owner.refused("address");
      this.#io.close(client.fd);
      return;
    }
    if (this.pending >= PENDING_CONNECTIONS_MAX) this.#refuse(this.#oldest()!, "crowd");
    const number = this.#nextNumber;
    this.#nextNumber = number === 0xffffffff ? this.#listeners.length : number + 1;
    const bytes = new Uint8Array(FIRST_FRAME_BYTES_MAX);
    this.#byNumber.set(number, { client, group, number, since: now, bytes, length: 0 });
    this.#groups.set(group, others + 1);
    this.#io.set.add(client.fd, number);
  }

  #read(pending: Pending | undefined): void {
    if (pending === undefined) return;
    const room = FIRST_FRAME_BYTES_MAX - pending.length;
    const count = this.#io.read(pending.client.fd, this.#region, 0, room);
    if (count === 0) return;
    if (count < 0) {
      this.#refuse(pending, "no-check");
      return;
    }
    pending.bytes.set(this.#region.bytes.subarray(0, count), pending.length);
    pending.length += count;
    const ufrag = firstUfrag(pending.bytes, pending.length);
    if (ufrag === "") this.#refuse(pending, "no-check");
    else if (ufrag !== null) this.#give(pending, ufrag);
  }

  #give(pending: Pending, ufrag: string): void {
    this.#forget(pending);
    const bytes = pending.bytes.slice(0, pending.length);
    const refusal = this.#owner.take(pending.client, ufrag, bytes);
    if (refusal === null) return;
    this.#owner.refused(refusal);
    this.#io.close(pending.client.fd);
  }

  #expire(now: number): void {
    for (const pending of this.#byNumber.values()) {
      if (now - pending.since < FIRST_FRAME_US) return;
      this.#refuse(pending, "late");
    }
  }

  #oldest(): Pending | undefined {
    return this.#byNumber.values().next().value;
  }

  #refuse(pending: Pending, why: TcpRefusal): void {
    this.#forget(pending);
    this.#owner.refused(why);
    this.#io.close(pending.client.fd);
  }

  #forget({ client, group, number }: Pending): void {
    this.#io.set.remove(client.fd);
    this.#byNumber.delete(number);
    const left = this.#groups.get(group)! - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }
}

/** Whom the check asks for that a connection begins with; null before it is whole, "" for another thing. */
function firstUfrag(bytes: Uint8Array, length: number): string | null {
  const frame = frameLength(bytes, 0, length);
  if (frame === NO_FRAME) return null;
  if (FRAME_HEADER_BYTES + frame > FIRST_FRAME_BYTES_MAX) return "";
  if (FRAME_HEADER_BYTES + frame > length) return null;
  const at = FRAME_HEADER_BYTES;
  if (classify(bytes, at, frame) !== DatagramKind.stun) return "";
  if (!parseStun(bytes, at, frame, message) || message.class !== StunClass.request) return "";
  const { usernameOffset, usernameLength } = message;
  return usernameOffset === -1 ? "" : localUfragOf(bytes, usernameOffset, usernameLength);
}

function groupOf(client: Accepted): string {
  const text = formatPath(client);
  return addressGroup(text.slice(0, text.lastIndexOf(":")).replace(/^\[|\]$/g, ""));
}
