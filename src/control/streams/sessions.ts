import type { CloseReason } from "../../contract/session.ts";
import { TOMBSTONE_US, TOMBSTONES_MAX } from "../../limits.ts";
import type { TransportKind } from "../../wire/path.ts";
import { PendingSessions } from "./pending.ts";
import type { Session } from "./session.ts";
import type { Connection } from "./session-base.ts";

/** All sessions, by every name they have. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #byNumber = new Map<number, Session>();
  readonly #byPublicId = new Map<string, Session>();
  readonly pending = new PendingSessions();
  /** Ended by themselves: how, and until when a DELETE is still 200. */
  readonly #tombstones = new Map<
    string,
    { readonly untilUs: number; readonly reason: CloseReason }
  >();

  add(session: Session): void {
    this.#byId.set(session.id, session);
    this.#byNumber.set(session.number, session);
    this.#byPublicId.set(session.publicId, session);
    this.pending.add(session);
  }

  byId(id: string): Session | null {
    return this.#byId.get(id) ?? null;
  }

  byPublicId(id: string): Session | null {
    return this.#byPublicId.get(id) ?? null;
  }

  /** Also finds a session that has ended but whose worker has not confirmed it yet. */
  byNumber(number: number): Session | null {
    return this.#byNumber.get(number) ?? null;
  }

  /** The media path of a pending one stands. */
  connected(session: Session, connection: Connection): void {
    session.connection = connection;
    session.state = "connected";
    this.pending.remove(session);
  }

  /** Its client is at another address now; the session and where it was, null for an old tale. */
  moved(
    number: number,
    path: string,
    transport: TransportKind,
  ): { session: Session; path: string } | null {
    const session = this.byNumber(number);
    if (session === null || session.state !== "connected") return null;
    const before = session.connection!;
    session.connection = { ...before, path, transport };
    return { session, path: before.path };
  }

  /** The session URL is gone from here on; the number lives until `forget`. */
  end(session: Session, nowUs: number, reason: CloseReason): void {
    if (session.state === "pending") this.pending.remove(session);
    session.state = "ended";
    this.#byId.delete(session.id);
    this.#byPublicId.delete(session.publicId);
    if (reason === "deleted") return;
    this.#tombstones.set(session.id, { untilUs: nowUs + TOMBSTONE_US, reason });
    if (this.#tombstones.size > TOMBSTONES_MAX) {
      this.#tombstones.delete(this.#tombstones.keys().next().value!);
    }
  }

  forget(session: Session): void {
    this.#byNumber.delete(session.number);
  }

  /** True once, for a session that ended by itself a moment ago. */
  takeTombstone(id: string, nowUs: number): boolean {
    const found = this.endOf(id, nowUs) !== null;
    this.#tombstones.delete(id);
    return found;
  }

  /** How a session ended a moment ago; null if it did not, or was deleted by its client. */
  endOf(id: string, nowUs: number): CloseReason | null {
    const tombstone = this.#tombstones.get(id);
    return tombstone !== undefined && nowUs < tombstone.untilUs ? tombstone.reason : null;
  }

  sweep(nowUs: number): void {
    for (const [id, { untilUs }] of this.#tombstones) {
      if (nowUs < untilUs) break;
      this.#tombstones.delete(id);
    }
  }

  /** Sessions that have not ended. */
  all(): IterableIterator<Session> {
    return this.#byId.values();
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Everything still held, for the tests of leaks. */
  get held(): number {
    return this.#byNumber.size + this.pending.size + this.#byId.size;
  }
}
