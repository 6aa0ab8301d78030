import type { LinkSecurity } from "../cascade/greeting.ts";
import { LinkEnd } from "../cascade/keyring.ts";
import { nodeIdOf } from "../cascade/node-id.ts";
import { LINK_PAYLOAD_MAX } from "../cascade/path-size.ts";
import type { CloseReason } from "../contract/session.ts";
import { LinkSealer } from "../peer/link-sealer.ts";
import type { Peer } from "../peer/peer.ts";
import type { Region } from "../srtp/cipher.ts";
import { LINK_HEADER_BYTES } from "../wire/link-header.ts";
import type { LinkPort } from "./link-port.ts";
import type { Relay } from "./relay.ts";

const EXPORTER = "EXPORTER-spillway-link";
const EXPORTED_BYTES = 32;

interface LinkSessionsOptions {
  readonly relay: Relay;
  /** Memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
  /** Opens a session with whoever is at the address; null when that is none of ours. */
  readonly dial: (address: string, now: number) => Peer | null;
  /** Somebody is where it was dialled. */
  readonly answered: (address: string) => void;
  /** Ends a session; its last datagrams leave before. */
  readonly close: (session: number, reason: CloseReason, now: number) => void;
  /** Monotonic, us. */
  readonly clock: () => number;
}

/** Carries what the relay says over sealed sessions with other nodes, and back. */
export class LinkSessions {
  readonly #options: LinkSessionsOptions;
  /** By session: where it was dialled. */
  readonly #dialled = new Map<number, string>();
  readonly #linked = new Set<number>();

  constructor(options: LinkSessionsOptions) {
    this.#options = options;
  }

  dial(address: string): void {
    const { relay, dial, clock } = this.#options;
    const now = clock();
    this.#giveUp(address, now);
    const peer = dial(address, now);
    if (peer === null) relay.unreachable(address, now);
    else this.#dialled.set(peer.session, address);
  }

  /** A session is sealed: both ends have shown their keys. */
  connected(peer: Peer, now: number): void {
    const address = this.#dialled.get(peer.session) ?? null;
    const security: LinkSecurity = {
      end: address === null ? LinkEnd.callee : LinkEnd.caller,
      node: nodeIdOf(peer.nodeId!),
      exported: peer.exportKey(EXPORTER, EXPORTED_BYTES),
    };
    this.#linked.add(peer.session);
    if (address !== null) this.#options.answered(address);
    this.#options.relay.linked(this.#port(peer), security, peer.kid!, address, now);
  }

  /** A datagram was opened in place. */
  received(peer: Peer, now: number, region: Region, offset: number, arrival: number): void {
    const { relay } = this.#options;
    const at = offset + LINK_HEADER_BYTES;
    const length = peer.length - LINK_HEADER_BYTES;
    relay.received(peer.session, region.bytes, at, length, now, arrival);
    peer.trusted ||= relay.isOpen(peer.session);
  }

  /** Where the session was dialled; empty when it was not. */
  addressOf(session: number): string {
    return this.#dialled.get(session) ?? "";
  }

  closed(session: number, now: number): void {
    const { relay } = this.#options;
    const address = this.#dialled.get(session);
    if (this.#linked.delete(session)) relay.unlinked(session, "its session ended", now);
    else if (address !== undefined) relay.unreachable(address, now);
    this.#dialled.delete(session);
  }

  /** An earlier dial of which nothing came: by one socket there is one link to an address. */
  #giveUp(address: string, now: number): void {
    for (const [session, dialled] of this.#dialled) {
      if (dialled !== address || this.#linked.has(session)) continue;
      this.#dialled.delete(session);
      this.#options.close(session, "connect-timeout", now);
    }
  }

  #port(peer: Peer): LinkPort {
    const { allocate, close, clock } = this.#options;
    const plain = allocate(LINK_PAYLOAD_MAX);
    const sealer = new LinkSealer(peer.sender!);
    const receiver = peer.receiver!;
    return {
      wear: {
        get sent() {
          return sealer.sealed;
        },
        get received() {
          return receiver.index;
        },
        get forged() {
          return receiver.forged;
        },
      },
      session: peer.session,
      buffer: plain.bytes,
      transmit: (length) => {
        const { path } = peer;
        // Nowhere to send it: what is lost is asked for again.
        if (path === null || peer.sender === null) return true;
        const at = path.via.reserve(length + sealer.overhead);
        if (at < 0) return false;
        path.via.commit(path, sealer.seal(path.via.region as Region, at, plain, 0, length));
        return true;
      },
      close: () => close(peer.session, "deleted", clock()),
    };
  }
}
