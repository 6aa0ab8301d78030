import { ACCEPTS_PER_SECOND } from "../limits.ts";
import { TokenBucket } from "../media/token-bucket.ts";
import { copyPath, type Path, type Transport } from "../wire/path.ts";
import { STUN_METHOD_BINDING, StunClass, type StunMessage, verifyIntegrity } from "../wire/stun.ts";
import type { Peer } from "./peer.ts";
import type { Tombstones } from "./tombstones.ts";

/** Makes sessions of those whom nobody has announced. */
export interface Acceptor {
  /** Whether anybody is expected by this name. To be answered by a look: any stranger may ask. */
  expects(localUfrag: string): boolean;
  /**
   * The local password that a check with these ufrags must be made with; null when nobody is expected
   * by them. Nothing is known of who sent it: nothing may be made of it yet.
   */
  passwordOf(localUfrag: string, remoteUfrag: string): string | null;
  /**
   * The check was made with that password. The peer of who sent it, with these ufrags, for the table to
   * add; null turns it away.
   */
  accept(now: number, localUfrag: string, remoteUfrag: string, path: Path): Peer | null;
}

/** RFC 8839 5.4. */
const USERNAME = /^([A-Za-z0-9+/]{4,256}):([A-Za-z0-9+/]{4,256})$/;

/**
 * Checks for a local ufrag that no session has. Nothing is made of one, nor answered, before it has
 * shown the password.
 */
export class Newcomers {
  readonly #acceptor: Acceptor;
  readonly #closed: Tombstones;
  readonly #questions = new TokenBucket(ACCEPTS_PER_SECOND, ACCEPTS_PER_SECOND);

  /** Whoever was `closed` a moment ago does not come again by itself. */
  constructor(acceptor: Acceptor, closed: Tombstones) {
    this.#acceptor = acceptor;
    this.#closed = closed;
  }

  /** The peer that this message makes; null when it makes none. */
  peerOf(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): Peer | null {
    if (!isCheck(message)) return null;
    const { usernameOffset: at, usernameLength } = message;
    const name = USERNAME.exec(String.fromCharCode(...bytes.subarray(at, at + usernameLength)));
    if (name === null) return null;
    const [local, remote] = [name[1]!, name[2]!];
    if (this.#closed.has(now, local) || !this.#acceptor.expects(local)) return null;
    // Strangers who do not even know a name take nothing from this.
    if (!this.#questions.take(now, 1)) return null;
    const password = this.#acceptor.passwordOf(local, remote);
    if (password === null) return null;
    if (!verifyIntegrity(bytes, offset, message, new TextEncoder().encode(password))) return null;
    const path = copyPath(via, sockaddr, sockaddrOffset);
    return this.#acceptor.accept(now, local, remote, path);
  }
}

/** RFC 8445 7.1.1: a Binding request with a name, its proof and a fingerprint. */
function isCheck(message: StunMessage): boolean {
  if (message.class !== StunClass.request || message.method !== STUN_METHOD_BINDING) return false;
  return message.usernameOffset !== -1 && message.integrityOffset !== -1 && message.fingerprintOk;
}
