import type { Transport } from "../wire/path.ts";
import { STUN_METHOD_BINDING, StunClass, type StunMessage, verifyIntegrity } from "../wire/stun.ts";
import {
  STUN_RESPONSE_BYTES_MAX,
  writeBindingError,
  writeBindingSuccess,
} from "../wire/stun-writer.ts";
import { type IceAgent, IceOutcome } from "./ice.ts";
import { type IceCredentials, type IceKeys, keysOf, usernameMatches } from "./ice-credentials.ts";
import { PathChecks } from "./path-checks.ts";
import { PathChoice } from "./path-choice.ts";
import type { PathSet, RemotePath } from "./remote-path.ts";
import type { Transmit } from "./transmit.ts";

/** Before DTLS is complete a client that never nominates moves when its old address was silent for so
 * long. */
const SILENT_PATH_US = 5_000_000;
/** Answers that wait for `pollTransmit`: one batch may bring the checks of some paths. */
const REPLIES_MAX = 4;

interface Reply {
  readonly path: RemotePath;
  readonly bytes: Uint8Array;
}

/**
 * The lite side of ICE (RFC 8445 2.5): answers authenticated checks from where they came and learns
 * the remote address from them. During the handshake the newest authenticated USE-CANDIDATE selects
 * the address; for clients that never send one, the first valid check does. Beyond that side it
 * sends checks of its own, since a check alone says nothing about who lives where it came from:
 * see PathChoice.
 */
export class IceLite implements IceAgent {
  readonly roundTripUs = null;
  readonly #checks: PathChecks;
  readonly #choice: PathChoice;
  #current: IceKeys;
  /** Answered until a pair is selected with the current ones (RFC 9725 4.3.3). */
  #previous: IceKeys | null = null;
  #connected = false;
  #nominated = false;
  readonly #fixed: boolean;
  /** Of a fixed session: the only address there is for it. */
  #home: RemotePath | null = null;
  readonly #replies: Reply[] = [];

  /**
   * `random` fills its argument: transaction ids, the tie-breaker, when to ask. `fixed`: the address of
   * the first check is the only one. A check can be overheard and repeated from anywhere; whoever does
   * not roam needs not be looked for there.
   */
  constructor(credentials: IceCredentials, random: (out: Uint8Array) => void, fixed = false) {
    this.#fixed = fixed;
    this.#current = keysOf(credentials);
    this.#checks = new PathChecks(random);
    this.#choice = new PathChoice(this.#checks, random);
  }

  get selected(): RemotePath | null {
    return this.#choice.selected;
  }

  get validated(): PathSet {
    return this.#choice.paths;
  }

  get consentAt(): number {
    return this.#choice.consentAt;
  }

  get unproven(): boolean {
    return this.#choice.unproven;
  }

  get stirred(): boolean {
    return this.#choice.stirred;
  }

  set stirred(value: boolean) {
    this.#choice.stirred = value;
  }

  handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome {
    if (message.method !== STUN_METHOD_BINDING) return IceOutcome.ignored;
    if (message.class === StunClass.success || message.class === StunClass.error) {
      return this.#handleAnswer(now, bytes, offset, message, via, sockaddr, sockaddrOffset);
    }
    if (message.class !== StunClass.request) return IceOutcome.ignored;
    const known = this.validated.find(via, sockaddr, sockaddrOffset);
    if (this.#home !== null && known !== this.#home) return IceOutcome.ignored;
    const keys = this.#authenticate(bytes, offset, message);
    if (keys === null) return IceOutcome.forged;
    const path = known ?? this.#choice.pathOf(via, sockaddr, sockaddrOffset);
    // RFC 8445 7.3.1.1: a lite agent is always controlled.
    if (message.iceControlled) return this.#refuse(bytes, message, path, keys, 487);
    // RFC 8489 6.3.1
    if (message.unknownCount > 0) return this.#refuse(bytes, message, path, keys, 420);
    if (known === null) this.#choice.add(path);
    if (this.#fixed) this.#home = path;
    // A late or replayed check of before a restart does not bring its credentials back.
    if (path.keys !== this.#current) path.keys = keys;
    this.#place(now, keys, path, message.useCandidate);
    const out = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
    const at = message.transactionIdOffset;
    const length = writeBindingSuccess(out, 0, bytes, at, path.sockaddr, keys.localPwd);
    this.#reply(path, out, length);
    return IceOutcome.valid;
  }

  connected(now: number, proven: boolean): void {
    this.#connected = true;
    this.#choice.connected(now, proven);
  }

  heard(now: number, path: RemotePath): void {
    this.#choice.heard(now, path);
  }

  sight(now: number, via: Transport, sockaddr: Uint8Array, sockaddrOffset: number): void {
    this.#choice.sight(now, this.#current, via, sockaddr, sockaddrOffset);
  }

  get sighted(): RemotePath | null {
    return this.#choice.sighted;
  }

  isCalling(): boolean {
    return false;
  }

  awaits(bytes: Uint8Array, transactionIdOffset: number): boolean {
    return this.#checks.awaits(bytes, transactionIdOffset);
  }

  prove(now: number, path: RemotePath): void {
    this.#choice.prove(now, path);
  }

  restart(_now: number, credentials: IceCredentials): void {
    // A second restart before the first one's pair: those credentials never carried anything.
    this.#previous = this.selected?.keys ?? null;
    this.#current = keysOf(credentials);
  }

  lose(path: RemotePath): void {
    this.#choice.lose(path);
  }

  handleTimeout(now: number): void {
    this.#choice.handleTimeout(now);
    this.#settle();
  }

  nextTimeout(): number {
    return this.#choice.nextTimeout();
  }

  pollTransmit(out: Transmit): boolean {
    const reply = this.#replies.shift();
    if (reply === undefined) return this.#checks.pollTransmit(out);
    out.bytes.set(reply.bytes);
    out.length = reply.bytes.length;
    out.path = reply.path;
    return true;
  }

  /** Queues an answer. Where many wait, the selected path's own is not the one that is dropped. */
  #reply(path: RemotePath, bytes: Uint8Array, length: number): void {
    if (this.#replies.length >= REPLIES_MAX) {
      if (path !== this.selected) return;
      this.#replies.shift();
    }
    this.#replies.push({ path, bytes: bytes.subarray(0, length) });
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

  /** What an authenticated check from `path` does to the choice of the address. */
  #place(now: number, keys: IceKeys, path: RemotePath, nominates: boolean): void {
    const { selected } = this;
    // The first pair under new credentials is where the client wants to be.
    const renewed = keys === this.#current && selected !== null && selected.keys !== keys;
    if (!this.#connected) {
      const silent = selected !== null && now - selected.heardAt >= SILENT_PATH_US;
      const first = selected === null || renewed;
      if (first || nominates || (silent && !this.#nominated)) this.#choice.preselect(path);
      this.#nominated = nominates || (this.#nominated && !renewed);
    }
    this.#choice.checked(now, path, nominates || renewed);
    this.#settle();
  }

  /** Once a pair is selected with the new credentials the old ones are void. */
  #settle(): void {
    if (this.#previous !== null && this.selected?.keys === this.#current) this.#previous = null;
  }

  /**
   * An answer to a check of ours. RFC 8489 9.1.4: one that the peer's password does not authenticate
   * counts as never received; a bystander's STUN server may well answer what it does not know.
   */
  #handleAnswer(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome {
    const path = this.#checks.pathOf(bytes, message, via, sockaddr, sockaddrOffset);
    if (path === null || path.keys === null) return IceOutcome.ignored;
    if (!verifyIntegrity(bytes, offset, message, path.keys.remotePwd)) return IceOutcome.forged;
    this.#checks.settle(bytes, message);
    if (message.class === StunClass.error && message.errorCode !== 487) {
      // RFC 7675 5.2: 403 withdraws the consent of the path that it comes from.
      const withdrawn = message.errorCode === 403 && path === this.selected;
      return withdrawn ? IceOutcome.revoked : IceOutcome.ignored;
    }
    this.#choice.keep(path);
    this.#choice.answered(now, path);
    this.#settle();
    return IceOutcome.valid;
  }

  #refuse(
    bytes: Uint8Array,
    message: StunMessage,
    path: RemotePath,
    keys: IceKeys,
    code: 420 | 487,
  ): IceOutcome {
    const out = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
    const at = message.transactionIdOffset;
    this.#reply(path, out, writeBindingError(out, 0, bytes, at, code, keys.localPwd, message));
    return IceOutcome.refused;
  }
}
