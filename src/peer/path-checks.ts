import { PATH_CHECKS_PER_SECOND } from "../limits.ts";
import { sameRun } from "../wire/bytes.ts";
import { samePath, type Transport } from "../wire/path.ts";
import type { StunMessage } from "../wire/stun.ts";
import { writeBindingRequest } from "../wire/stun-writer.ts";
import { checkUsername } from "./ice-credentials.ts";
import type { RemotePath } from "./remote-path.ts";
import type { Transmit } from "./transmit.ts";

const SECOND_US = 1_000_000;
/** Checks that an answer may still come for: at five a second those of 1.6 s, else of 40 s. */
const KEPT = 8;
const ID_BYTES = 12;
const TIE_BREAKER_BYTES = 8;
/** RFC 8445 5.1.2.1: peer-reflexive candidate, one component. */
const PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255;
/** Of the checks of one second, those that the selected path need not share. */
const SELECTED_ALONE = 2;

/**
 * The checks of ours that a session has under way. Each carries 96 random bits: only who receives at
 * an address can answer what was sent there.
 */
export class PathChecks {
  readonly #random: (out: Uint8Array) => void;
  /** KEPT transaction ids, then the tie-breaker. */
  readonly #bytes = new Uint8Array(KEPT * ID_BYTES + TIE_BREAKER_BYTES);
  readonly #sentAt = new Float64Array(KEPT).fill(Number.NEGATIVE_INFINITY);
  readonly #paths: (RemotePath | null)[] = new Array(KEPT).fill(null);
  #asked = 0;
  #sent = 0;

  constructor(random: (out: Uint8Array) => void) {
    this.#random = random;
    random(this.#bytes);
  }

  /** When the next check may leave, us; those of other paths leave some for the selected one. */
  freeAt(selected: boolean): number {
    const most = PATH_CHECKS_PER_SECOND - (selected ? 0 : SELECTED_ALONE);
    return this.#sentAt[(this.#asked + KEPT - most) % KEPT]! + SECOND_US;
  }

  /** Draws an id for a check of `path`, which leaves by the next `pollTransmit`. */
  ask(now: number, path: RemotePath): void {
    const slot = this.#asked % KEPT;
    this.#random(this.#id(slot));
    this.#sentAt[slot] = now;
    this.#paths[slot] = path;
    this.#asked += 1;
    // More than KEPT at once cannot be: the budget is smaller.
  }

  /** Whether the message answers a question of ours that went out to anywhere. */
  awaits(bytes: Uint8Array, transactionIdOffset: number): boolean {
    return this.#slotOf(bytes, transactionIdOffset) !== -1;
  }

  /**
   * The path that the message answers for, or null. RFC 8445 7.2.5.2.1: the answer comes from where
   * the check went.
   */
  pathOf(
    bytes: Uint8Array,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    offset: number,
  ): RemotePath | null {
    const slot = this.#slotOf(bytes, message.transactionIdOffset);
    if (slot === -1) return null;
    const path = this.#paths[slot]!;
    return samePath(path, via, sockaddr, offset) ? path : null;
  }

  /** The message was authentic: a second one of its kind is a replay. */
  settle(bytes: Uint8Array, message: StunMessage): void {
    const slot = this.#slotOf(bytes, message.transactionIdOffset);
    if (slot !== -1) this.#paths[slot] = null;
  }

  /** Answers for `path` count no more. */
  forget(path: RemotePath): void {
    for (let slot = 0; slot < KEPT; slot += 1) {
      if (this.#paths[slot] === path) this.#paths[slot] = null;
    }
  }

  pollTransmit(out: Transmit): boolean {
    while (this.#sent < this.#asked) {
      const slot = this.#sent % KEPT;
      const path = this.#paths[slot]!;
      this.#sent += 1;
      if (path === null || path.keys === null) continue;
      const { keys } = path;
      const request = {
        transactionId: this.#id(slot),
        username: checkUsername(keys),
        priority: PRIORITY,
        // RFC 8445 6.1.1: a lite agent is controlled.
        controlling: null,
        controlled: this.#bytes.subarray(KEPT * ID_BYTES),
        useCandidate: false,
      };
      out.length = writeBindingRequest(out.bytes, 0, request, keys.remotePwd);
      out.path = path;
      return true;
    }
    return false;
  }

  #id(slot: number): Uint8Array {
    return this.#bytes.subarray(slot * ID_BYTES, (slot + 1) * ID_BYTES);
  }

  #slotOf(bytes: Uint8Array, offset: number): number {
    for (let slot = 0; slot < KEPT; slot += 1) {
      if (this.#paths[slot] === null) continue;
      if (sameRun(this.#bytes, slot * ID_BYTES, bytes, offset, ID_BYTES)) return slot;
    }
    return -1;
  }
}
