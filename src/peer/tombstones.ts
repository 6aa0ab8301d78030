import { copyPath, type Path, type Transport } from "../wire/path.ts";
import { STUN_METHOD_BINDING, StunClass, type StunMessage, verifyIntegrity } from "../wire/stun.ts";
import { STUN_RESPONSE_BYTES_MAX, writeBindingError } from "../wire/stun-writer.ts";
import { type IceKeys, usernameMatches } from "./ice-credentials.ts";
import type { Transmit } from "./transmit.ts";

/** Longer than a client's consent interval (RFC 7675 5.1: at most 6 s), so that each one hears it. */
const LIFETIME_US = 10_000_000;
/** 1,024 x about 300 B: sessions closed within 10 s beyond that are not answered. */
const TOMBSTONES_MAX = 1024;
/** Answers that wait for `pollTransmit`; more checks at once go unanswered, and come again. */
const ANSWERS_MAX = 64;

interface Tombstone {
  readonly keys: IceKeys;
  readonly until: number;
}

interface Answer {
  readonly bytes: Uint8Array;
  readonly path: Path;
}

/**
 * Sessions closed a moment ago: their authenticated checks are answered with 403, which revokes
 * consent at once (RFC 9725 4.2, RFC 7675 5.2) should the DTLS close_notify be lost.
 */
export class Tombstones {
  readonly #byUfrag = new Map<string, Tombstone>();
  readonly #answers: Answer[] = [];

  add(now: number, localUfrag: string, keys: IceKeys): void {
    for (const [ufrag, { until }] of this.#byUfrag) {
      if (until > now && this.#byUfrag.size < TOMBSTONES_MAX) break;
      this.#byUfrag.delete(ufrag);
    }
    this.#byUfrag.set(localUfrag, { keys, until: now + LIFETIME_US });
  }

  get size(): number {
    return this.#byUfrag.size;
  }

  /** Whether a session with this local ufrag was closed a moment ago. */
  has(now: number, localUfrag: string): boolean {
    const tombstone = this.#byUfrag.get(localUfrag);
    return tombstone !== undefined && tombstone.until > now;
  }

  /** True when the request belongs to a closed session and is authentic; its 403 is then queued. */
  refuse(
    now: number,
    localUfrag: string,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): boolean {
    const tombstone = this.#byUfrag.get(localUfrag);
    if (tombstone === undefined || tombstone.until <= now) return false;
    if (message.class !== StunClass.request || message.method !== STUN_METHOD_BINDING) return false;
    const { keys } = tombstone;
    if (!usernameMatches(keys, bytes, message.usernameOffset, message.usernameLength)) return false;
    if (!verifyIntegrity(bytes, offset, message, keys.localPwd)) return false;
    if (this.#answers.length >= ANSWERS_MAX) return true;
    const answer = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
    const at = message.transactionIdOffset;
    const length = writeBindingError(answer, 0, bytes, at, 403, keys.localPwd);
    const path = copyPath(via, sockaddr, sockaddrOffset);
    this.#answers.push({ bytes: answer.subarray(0, length), path });
    return true;
  }

  pollTransmit(out: Transmit): boolean {
    const answer = this.#answers.shift();
    if (answer === undefined) return false;
    out.bytes.set(answer.bytes);
    out.length = answer.bytes.length;
    out.path = answer.path;
    return true;
  }
}
