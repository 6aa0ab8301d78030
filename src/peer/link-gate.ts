import {
  LINK_ACCEPTS_PER_SECOND,
  LINK_ACCEPTS_PER_SECOND_PER_ADDRESS,
  LINKS_PENDING_MAX,
} from "../limits.ts";
import { TokenBucket } from "../media/token-bucket.ts";
import { AF_INET, type Path } from "../wire/path.ts";
import type { IceCredentials } from "./ice-credentials.ts";
import { calleeCredentials, type KnockKey, type KnockKeys, kidOf } from "./knock.ts";
import type { Acceptor } from "./newcomers.ts";
import type { Peer } from "./peer.ts";

const SECOND_US = 1_000_000;

/** Who has the links that the gate lets in. */
export interface LinkHall {
  /** The called end of a link, for its table to add. */
  answer(credentials: IceCredentials, kid: string, now: number): Peer;
  /** Ends one that is not trusted yet. */
  evict(peer: Peer, now: number): void;
}

/**
 * Links that other nodes ask for. Whoever knocks with one of the keys gets one, so many a second from
 * an address; a knock can be overheard and repeated, and DTLS be done by anybody, so that what comes of
 * it is bounded: of the links that are not trusted yet the oldest makes room.
 */
export class LinkGate implements Acceptor {
  readonly #keys: KnockKeys;
  readonly #hall: LinkHall;
  /** Oldest first; those that are trusted by now or have ended are still in it. */
  readonly #pending = new Set<Peer>();
  readonly #accepts = new TokenBucket(LINK_ACCEPTS_PER_SECOND, LINK_ACCEPTS_PER_SECOND);
  /** Accepted in this second, by address. */
  readonly #lately = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  constructor(keys: KnockKeys, hall: LinkHall) {
    this.#keys = keys;
    this.#hall = hall;
  }

  expects(localUfrag: string): boolean {
    return this.#keyOf(localUfrag) !== null;
  }

  passwordOf(localUfrag: string, remoteUfrag: string): string | null {
    const key = this.#keyOf(localUfrag);
    return key && (calleeCredentials(key, localUfrag, remoteUfrag)?.localPwd ?? null);
  }

  accept(now: number, localUfrag: string, remoteUfrag: string, path: Path): Peer | null {
    const key = this.#keyOf(localUfrag);
    const credentials = key && calleeCredentials(key, localUfrag, remoteUfrag);
    if (!credentials || !this.#mayAsk(now, hostOf(path))) return null;
    this.#makeRoom(now);
    const peer = this.#hall.answer(credentials, kidOf(localUfrag), now);
    this.#pending.add(peer);
    return peer;
  }

  #keyOf(localUfrag: string): KnockKey | null {
    return this.#keys.knockKey(kidOf(localUfrag));
  }

  #mayAsk(now: number, host: string): boolean {
    if (now - this.#since >= SECOND_US) {
      this.#since = now;
      this.#lately.clear();
    }
    const accepted = this.#lately.get(host) ?? 0;
    if (accepted >= LINK_ACCEPTS_PER_SECOND_PER_ADDRESS) return false;
    if (!this.#accepts.take(now, 1)) return false;
    this.#lately.set(host, accepted + 1);
    return true;
  }

  #makeRoom(now: number): void {
    for (const peer of this.#pending) {
      if (peer.trusted || peer.state === "closed") this.#pending.delete(peer);
    }
    if (this.#pending.size < LINKS_PENDING_MAX) return;
    const [oldest] = this.#pending;
    this.#pending.delete(oldest!);
    this.#hall.evict(oldest!, now);
  }
}

/** IPv4: the address. IPv6: the half of it that its owner does not choose. */
function hostOf({ sockaddr }: Path): string {
  return sockaddr[0] === AF_INET
    ? sockaddr.subarray(4, 8).join(".")
    : sockaddr.subarray(8, 16).join(":");
}
