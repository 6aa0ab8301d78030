import { assert } from "../assert.ts";
import { sameRun } from "../wire/bytes.ts";
import { type Path, samePath, type Transport } from "../wire/path.ts";
import { STUN_METHOD_BINDING, StunClass, type StunMessage, verifyIntegrity } from "../wire/stun.ts";
import {
  STUN_RESPONSE_BYTES_MAX,
  writeBindingRequest,
  writeBindingSuccess,
} from "../wire/stun-writer.ts";
import { type IceAgent, IceOutcome } from "./ice.ts";
import {
  checkUsername,
  type IceCredentials,
  type IceKeys,
  keysOf,
  usernameMatches,
} from "./ice-credentials.ts";
import { PathSet, RemotePath } from "./remote-path.ts";
import type { Transmit } from "./transmit.ts";

/** RFC 8445 14.2: Ta. */
const PACE_US = 50_000;
/** RFC 7675 5.1 asks for 5 s, times 0.8 to 1.2 at random; browsers use half of it. */
const CONSENT_US = 2_500_000;
/** An unanswered consent check is repeated. */
const CONSENT_RETRY_US = 500_000;
/** Checks that an answer may still come for: 8 x 50 ms at first, 4 s afterwards. */
const TRANSACTIONS_MAX = 8;
const ID_BYTES = 12;
/** RFC 8445 5.1.2.1: host candidate, one component. */
const PRIORITY = 126 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

interface Transaction {
  readonly id: Uint8Array;
  sentAt: number;
  path: RemotePath | null;
}

/**
 * The controlling side: checks the server's addresses in turn, always nominating, and keeps the
 * first that answers. A server that is no lite agent checks us as well, and is answered. Used by our
 * own WHIP and WHEP clients.
 */
export class IceControlling implements IceAgent {
  selected: RemotePath | null = null;
  readonly validated = new PathSet();
  roundTripUs: number | null = null;
  /** Any authenticated packet: whoever publishes or watches trusts the server it has chosen. */
  consentAt: number;
  readonly unproven = false;
  readonly sighted = null;
  stirred = false;
  readonly #paths: readonly RemotePath[];
  readonly #random: (out: Uint8Array) => void;
  readonly #tieBreaker = new Uint8Array(8);
  readonly #dice = new Uint8Array(1);
  readonly #transactions: Transaction[] = [];
  #keys: IceKeys;
  #username: Uint8Array;
  #turn = 0;
  #nextAt: number;
  #due = false;
  readonly #reply = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
  #replyLength = 0;
  #replyPath: RemotePath | null = null;
  /** False from a restart until an answer under the new credentials. */
  #settled = false;

  constructor(
    credentials: IceCredentials,
    paths: readonly Path[],
    random: (out: Uint8Array) => void,
    now: number,
  ) {
    assert(paths.length > 0, "the server has at least one candidate");
    this.#paths = paths.map(({ via, sockaddr }) => RemotePath.copy(via, sockaddr, 0));
    this.consentAt = now;
    this.#random = random;
    random(this.#tieBreaker);
    for (let i = 0; i < TRANSACTIONS_MAX; i += 1) {
      this.#transactions.push({ id: new Uint8Array(ID_BYTES), sentAt: 0, path: null });
    }
    this.#keys = keysOf(credentials);
    this.#username = checkUsername(this.#keys);
    this.#nextAt = now;
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
    if (message.class === StunClass.request) {
      return this.#answer(now, bytes, offset, message, via, sockaddr, sockaddrOffset);
    }
    const answer = message.class === StunClass.success || message.class === StunClass.error;
    if (!answer) return IceOutcome.ignored;
    const transaction = this.#find(bytes, message.transactionIdOffset);
    if (transaction === null || transaction.path === null) return IceOutcome.ignored;
    // RFC 8445 7.2.5.2.1: the answer comes from where the check went.
    if (!samePath(transaction.path, via, sockaddr, sockaddrOffset)) return IceOutcome.ignored;
    if (!verifyIntegrity(bytes, offset, message, this.#keys.remotePwd)) return IceOutcome.forged;
    const path = transaction.path;
    transaction.path = null;
    if (message.class === StunClass.error) {
      return message.errorCode === 403 ? IceOutcome.revoked : IceOutcome.ignored;
    }
    this.roundTripUs = now - transaction.sentAt;
    path.answeredAt = now;
    this.heard(now, path);
    if (!this.validated.paths.includes(path)) this.validated.add(path, this.selected);
    if (!this.#settled) {
      this.#settled = true;
      this.selected = path;
    }
    this.#random(this.#dice);
    this.#nextAt = now + CONSENT_US * (0.8 + (0.4 * this.#dice[0]!) / 255);
    return IceOutcome.valid;
  }

  connected(now: number): void {
    this.consentAt = now;
  }

  /** The address is this session's: another one is none of it while something comes from there. */
  heard(now: number, path: RemotePath): void {
    path.heardAt = now;
    this.consentAt = now;
  }

  isCalling(via: Transport, sockaddr: Uint8Array, sockaddrOffset: number): boolean {
    if (this.#settled) return false;
    return this.#paths.some((path) => samePath(path, via, sockaddr, sockaddrOffset));
  }

  awaits(bytes: Uint8Array, transactionIdOffset: number): boolean {
    return this.#find(bytes, transactionIdOffset) !== null;
  }

  prove(): void {}

  sight(): void {}

  restart(now: number, credentials: IceCredentials): void {
    this.#keys = keysOf(credentials);
    this.#username = checkUsername(this.#keys);
    for (const transaction of this.#transactions) transaction.path = null;
    this.#settled = false;
    this.#nextAt = now;
  }

  lose(path: RemotePath): void {
    this.validated.remove(path);
    if (this.selected === path) this.selected = null;
    if (this.#replyPath === path) this.#replyLength = 0;
  }

  handleTimeout(now: number): void {
    if (now < this.#nextAt) return;
    this.#due = true;
    const oldest = this.#transactions[this.#turn % TRANSACTIONS_MAX]!;
    const path = this.#settled ? this.selected : this.#paths[this.#turn % this.#paths.length]!;
    oldest.path = path ?? this.#paths[0]!;
    oldest.sentAt = now;
    this.#nextAt = now + (this.#settled ? CONSENT_RETRY_US : PACE_US);
  }

  nextTimeout(): number {
    return this.#nextAt;
  }

  pollTransmit(out: Transmit): boolean {
    if (this.#replyLength > 0 && this.#replyPath !== null) {
      out.bytes.set(this.#reply.subarray(0, this.#replyLength));
      out.length = this.#replyLength;
      out.path = this.#replyPath;
      this.#replyLength = 0;
      return true;
    }
    if (!this.#due) return false;
    this.#due = false;
    const transaction = this.#transactions[this.#turn % TRANSACTIONS_MAX]!;
    this.#turn += 1;
    if (transaction.path === null) return false;
    this.#random(transaction.id);
    const request = {
      transactionId: transaction.id,
      username: this.#username,
      priority: PRIORITY,
      controlling: this.#tieBreaker,
      useCandidate: true,
    };
    out.length = writeBindingRequest(out.bytes, 0, request, this.#keys.remotePwd);
    out.path = transaction.path;
    return true;
  }

  /**
   * A full agent's own check (RFC 8445 7.3). It is a sign of life where our check has succeeded
   * already, and selects nothing.
   */
  #answer(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome {
    const { usernameOffset, usernameLength } = message;
    if (usernameOffset === -1) return IceOutcome.forged;
    const named = usernameMatches(this.#keys, bytes, usernameOffset, usernameLength);
    if (!named || !verifyIntegrity(bytes, offset, message, this.#keys.localPwd)) {
      return IceOutcome.forged;
    }
    const known = this.validated.find(via, sockaddr, sockaddrOffset);
    const path = known ?? RemotePath.copy(via, sockaddr, sockaddrOffset);
    const at = message.transactionIdOffset;
    const key = this.#keys.localPwd;
    this.#replyLength = writeBindingSuccess(this.#reply, 0, bytes, at, path.sockaddr, key);
    this.#replyPath = path;
    if (known === null) return IceOutcome.ignored;
    this.heard(now, known);
    return IceOutcome.valid;
  }

  #find(bytes: Uint8Array, offset: number): Transaction | null {
    for (const transaction of this.#transactions) {
      if (transaction.path === null) continue;
      if (sameRun(transaction.id, 0, bytes, offset, ID_BYTES)) return transaction;
    }
    return null;
  }
}
