import { copyPath, type Path } from "../wire/path.ts";
import { STUN_METHOD_BINDING, StunClass, type StunMessage, verifyIntegrity } from "../wire/stun.ts";
import {
  STUN_RESPONSE_BYTES_MAX,
  writeBindingError,
  writeBindingSuccess,
} from "../wire/stun-writer.ts";
import { type IceAgent, IceOutcome, PathSet } from "./ice.ts";
import { type IceCredentials, type IceKeys, keysOf, usernameMatches } from "./ice-credentials.ts";
import type { Transmit } from "./transmit.ts";

/** A client that never nominates moves to another address when its old one is silent for so long. */
const SILENT_PATH_US = 5_000_000;

/**
 * The lite side of ICE (RFC 8445 2.5): answers authenticated checks from where they came and learns
 * the remote address from them. The newest authenticated USE-CANDIDATE selects the address; for
 * clients that never send one, the first valid check does.
 */
export class IceLite implements IceAgent {
  selected: Path | null = null;
  readonly validated = new PathSet();
  readonly roundTripUs = null;
  #current: IceKeys;
  /** Answered until a pair is selected with the current ones (RFC 9725 4.3.3). */
  #previous: IceKeys | null = null;
  #selectedWith: IceKeys | null = null;
  #nominated = false;
  #selectedHeardAt = 0;
  readonly #reply = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
  #replyLength = 0;
  #replyPath: Path | null = null;

  constructor(credentials: IceCredentials) {
    this.#current = keysOf(credentials);
  }

  handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome {
    if (message.class !== StunClass.request || message.method !== STUN_METHOD_BINDING) {
      return IceOutcome.ignored;
    }
    const keys = this.#authenticate(bytes, offset, message);
    if (keys === null) return IceOutcome.forged;
    const known = this.validated.find(socket, sockaddr, sockaddrOffset);
    const path = known ?? copyPath(socket, sockaddr, sockaddrOffset);
    // RFC 8445 7.3.1.1: a lite agent is always controlled.
    if (message.iceControlled) return this.#refuse(bytes, message, path, keys, 487);
    // RFC 8489 6.3.1
    if (message.unknownCount > 0) return this.#refuse(bytes, message, path, keys, 420);
    if (known === null) this.validated.add(path, this.selected);
    this.#select(now, keys, path, message.useCandidate);
    const at = message.transactionIdOffset;
    this.#replyLength = writeBindingSuccess(
      this.#reply,
      0,
      bytes,
      at,
      path.sockaddr,
      keys.localPwd,
    );
    this.#replyPath = path;
    return IceOutcome.valid;
  }

  restart(_now: number, credentials: IceCredentials): void {
    // A second restart before the first one's pair: those credentials never carried anything.
    this.#previous = this.#selectedWith;
    this.#current = keysOf(credentials);
  }

  lose(path: Path): void {
    this.validated.remove(path);
    if (this.selected === path) this.selected = null;
    if (this.#replyPath === path) this.#replyLength = 0;
  }

  handleTimeout(_now: number): void {}

  nextTimeout(): number {
    return Infinity;
  }

  pollTransmit(out: Transmit): boolean {
    if (this.#replyLength === 0 || this.#replyPath === null) return false;
    for (let i = 0; i < this.#replyLength; i += 1) out.bytes[i] = this.#reply[i]!;
    out.length = this.#replyLength;
    out.path = this.#replyPath;
    this.#replyLength = 0;
    return true;
  }

  /** The credentials that the request was made with, or null. */
  #authenticate(bytes: Uint8Array, offset: number, message: StunMessage): IceKeys | null {
    for (const keys of [this.#current, this.#previous]) {
      if (keys === null || message.usernameOffset === -1) continue;
      if (!usernameMatches(keys, bytes, message.usernameOffset, message.usernameLength)) continue;
      if (verifyIntegrity(bytes, offset, message, keys.localPwd)) return keys;
    }
    return null;
  }

  #select(now: number, keys: IceKeys, path: Path, nominates: boolean): void {
    const fresh = this.#selectedWith !== keys;
    const silent = now - this.#selectedHeardAt >= SILENT_PATH_US;
    if (fresh) this.#nominated = false;
    const first = this.selected === null || (fresh && keys === this.#current);
    if (first || nominates || (silent && !this.#nominated)) {
      // With the old credentials nothing moves any more once the new ones have selected: then
      // #previous is null, and such a request is not authentic.
      this.selected = path;
      this.#selectedWith = keys;
      if (keys === this.#current) this.#previous = null;
    }
    if (nominates) this.#nominated = true;
    if (this.selected === path) this.#selectedHeardAt = now;
  }

  #refuse(
    bytes: Uint8Array,
    message: StunMessage,
    path: Path,
    keys: IceKeys,
    code: 420 | 487,
  ): IceOutcome {
    const at = message.transactionIdOffset;
    const key = keys.localPwd;
    this.#replyLength = writeBindingError(this.#reply, 0, bytes, at, code, key, message);
    this.#replyPath = path;
    return IceOutcome.refused;
  }
}
