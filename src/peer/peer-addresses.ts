import { CONSENT_MEDIA_TIMEOUT_US } from "../limits.ts";
import type { Transport } from "../wire/path.ts";
import { StunClass, type StunMessage } from "../wire/stun.ts";
import type { IceKeys } from "./ice-credentials.ts";
import { PathIndex } from "./path-index.ts";
import type { Peer } from "./peer.ts";
import type { RemotePath } from "./remote-path.ts";

/** An address belongs to its session while something authentic came from there so lately; browsers
 * check every 2.5 s. Afterwards another session may prove that it lives there now (a port is reused);
 * that it says so is not enough until the first has lost its consent there. */
const ADDRESS_HELD_US = 3_000_000;
/** A session of the table and what leads to it. */
export interface Entry {
  readonly peer: Peer;
  /** Local ufrags that lead here, oldest first, with their keys for the tombstone. */
  readonly credentials: { readonly ufrag: string; readonly keys: IceKeys }[];
  /** Addresses under which the peer is found. */
  readonly paths: RemotePath[];
}

/** Which session lives at which address, and which ones claim to. */
export class PeerAddresses {
  readonly #byPath: PathIndex<Entry>;
  /** Sessions that must prove an address which is another one's so far, or nobody's. */
  readonly #contenders = new Set<Entry>();

  /** `random` fills its argument; once, for the key of the addresses' hash. */
  constructor(random: (out: Uint8Array) => void) {
    this.#byPath = new PathIndex(random);
  }

  ownerAt(via: Transport, sockaddr: Uint8Array, offset: number): Entry | null {
    return this.#byPath.find(via, sockaddr, offset);
  }

  /** An answer to this session may come from an address that is not its own. */
  mustProve(entry: Entry): void {
    this.#contenders.add(entry);
  }

  forget(entry: Entry): void {
    this.#contenders.delete(entry);
    for (const path of entry.paths) this.#byPath.remove(path);
  }

  /** The contender whose question a response answers: it carries no name. */
  asker(bytes: Uint8Array, message: StunMessage): Entry | null {
    if (message.class === StunClass.request) return null;
    for (const entry of this.#contenders) {
      if (entry.peer.ice.awaits(bytes, message.transactionIdOffset)) return entry;
    }
    return null;
  }

  /** Whether one that called there may be answered from there. */
  isCalled(via: Transport, sockaddr: Uint8Array, offset: number): boolean {
    for (const { peer } of this.#contenders) {
      if (peer.ice.isCalling(via, sockaddr, offset)) return true;
    }
    return false;
  }

  /** Makes the addresses that ICE has validated lead to the peer, and only those. */
  update(now: number, entry: Entry): void {
    const { ice } = entry.peer;
    const { paths } = ice.validated;
    for (let i = entry.paths.length - 1; i >= 0; i -= 1) {
      const path = entry.paths[i]!;
      if (paths.includes(path)) continue;
      entry.paths.splice(i, 1);
      this.#byPath.remove(path);
    }
    const unanswered = entry.peer.calls && paths.length === 0;
    if (ice.sighted === null && !unanswered) this.#contenders.delete(entry);
    for (const path of paths) {
      if (entry.paths.includes(path)) continue;
      if (this.#mayTake(now, path)) {
        entry.paths.push(path);
        this.#byPath.add(path, entry);
      } else {
        this.#contenders.add(entry);
        ice.prove(now, path);
      }
    }
  }

  /**
   * True when nobody else lives at `path` (any more). A check can be spoofed, so that by itself it
   * takes no address from anybody: its session must have answered ours there.
   */
  #mayTake(now: number, path: RemotePath): boolean {
    const rival = this.#byPath.find(path.via, path.sockaddr, 0);
    if (rival === null) return true;
    const held = rival.peer.ice.validated.find(path.via, path.sockaddr, 0);
    const silent = held === null || now - held.heardAt >= CONSENT_MEDIA_TIMEOUT_US;
    if (!silent && now - path.answeredAt >= ADDRESS_HELD_US) return false;
    this.#byPath.remove(path);
    if (held === null) return true;
    // The old session loses the address, and with its last one its consent.
    rival.peer.ice.lose(held);
    rival.paths.splice(rival.paths.indexOf(held), 1);
    return true;
  }
}

/** True while something authentic has come from there lately for its session. */
export function isHeld(
  now: number,
  owner: Entry,
  via: Transport,
  sockaddr: Uint8Array,
  offset: number,
): boolean {
  const held = owner.peer.ice.validated.find(via, sockaddr, offset);
  return held !== null && now - held.heardAt < ADDRESS_HELD_US;
}
