/**
 * One session with one remote end: ICE, DTLS and the SRTP contexts, without sockets.
 *
 * Order of use after any `handle*`, `close` or `restart`: act on the event, drain `pollTransmit`
 * until it returns false, then ask `nextTimeout`.
 */
import type { CloseReason, PeerSetup } from "../commands.ts";
import type { Region, SrtpCipherFactory } from "../srtp/cipher.ts";
import type { SrtpReceiver } from "../srtp/receiver.ts";
import type { SrtpSender } from "../srtp/sender.ts";
import type { Path } from "../wire/path.ts";
import type { RtpHeader } from "../wire/rtp.ts";
import type { PeerCounters } from "./counters.ts";
import type { DtlsFactory } from "./dtls.ts";
import type { PeerEventCode } from "./events.ts";
import type { Transmit } from "./transmit.ts";

/** The ufrag and password of both ends. */
export interface IceCredentials {
  readonly localUfrag: string;
  readonly localPwd: string;
  readonly remoteUfrag: string;
  readonly remotePwd: string;
}

/** `lite`: a server that answers. `controlling`: a client that checks the server's addresses. */
export type IceStrategy =
  | { readonly mode: "lite" }
  | {
      readonly mode: "controlling";
      /** The server's candidates, each by one of our sockets, best first. */
      readonly paths: readonly Path[];
      /** Fills its argument with random bytes (transaction ids, tie-breaker). */
      readonly random: (out: Uint8Array) => void;
    };

export interface PeerOptions {
  readonly session: number;
  readonly setup: PeerSetup;
  readonly ice: IceStrategy;
  readonly dtls: DtlsFactory;
  readonly ciphers: SrtpCipherFactory;
  readonly counters: PeerCounters;
  /** Remote SSRCs that get receive state; packets of others are counted and dropped. */
  readonly sourcesMax: number;
  /** Microseconds, monotonic. */
  readonly now: number;
}

/** `new`: no valid check yet. `connecting`: DTLS runs. `closed`: see `closeReason`. */
export type PeerState = "new" | "connecting" | "connected" | "closed";

export declare class Peer {
  readonly session: number;
  readonly state: PeerState;
  readonly closeReason: CloseReason | null;
  /** Why, in words, for the log; empty when `closeReason` says all. */
  readonly closeDetail: string;
  /** Where media goes: the selected pair's remote address; null before the first valid check. */
  readonly path: Path | null;
  /** Exist from `connected` on. */
  readonly sender: SrtpSender | null;
  readonly receiver: SrtpReceiver | null;
  /** SRTP profile name for the log ("AEAD_AES_128_GCM" ...), or null before `connected`. */
  readonly srtpProfile: string | null;
  /** True while the peer consents to receive (RFC 7675): send media only then. */
  readonly mediaAllowed: boolean;
  /** Of the last `rtp` event: the parsed header and the 48-bit packet index. Reused. */
  readonly rtp: RtpHeader;
  readonly index: number;
  /** Length of the plaintext packet of the last `rtp` or `rtcp` event. */
  readonly length: number;
  /** Round trip of the last check, in microseconds; controlling side only, else null. */
  readonly roundTripUs: number | null;

  constructor(options: PeerOptions);
  /** One datagram of any protocol; demultiplexes by RFC 7983. SRTP is opened in place. */
  handleDatagram(
    now: number,
    region: Region,
    offset: number,
    length: number,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode;
  /** Retransmissions, checks, consent and connect timeouts. Harmless when early. */
  handleTimeout(now: number): PeerEventCode;
  nextTimeout(): number;
  /** Fills `out` with one datagram; false when there is none. */
  pollTransmit(out: Transmit): boolean;
  /** Authenticated close (RFC 9725 4.2). Drain `pollTransmit`, then `free`. */
  close(now: number, reason: CloseReason): void;
  /** New credentials; the old ones are answered until a pair is selected with the new ones. */
  restart(now: number, credentials: IceCredentials): void;
  /** Releases the foreign memory of DTLS and ciphers. */
  free(): void;
}
