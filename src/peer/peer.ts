import { assert } from "../assert.ts";
import type { CloseReason, PeerSetup } from "../commands.ts";
import {
  CONNECT_TIMEOUT_US,
  CONSENT_MEDIA_TIMEOUT_US,
  CONSENT_SESSION_TIMEOUT_US,
} from "../limits.ts";
import type { Region, SrtpCipherFactory } from "../srtp/cipher.ts";
import { SrtpProfile } from "../srtp/cipher.ts";
import { SrtpReceiver, SrtpReject } from "../srtp/receiver.ts";
import { SrtpSender } from "../srtp/sender.ts";
import { classify, DatagramKind } from "../wire/demux.ts";
import type { Path } from "../wire/path.ts";
import { parseRtpHeader, RtpHeader } from "../wire/rtp.ts";
import { parseStun, StunMessage } from "../wire/stun.ts";
import { countSrtpReject, type PeerCounters } from "./counters.ts";
import type { DtlsFactory, DtlsSession } from "./dtls.ts";
import { PeerEvent, type PeerEventCode } from "./events.ts";
import { type IceAgent, IceOutcome } from "./ice.ts";
import { IceControlling } from "./ice-controlling.ts";
import type { IceCredentials } from "./ice-credentials.ts";
import { IceLite } from "./ice-lite.ts";
import type { Transmit } from "./transmit.ts";

export type { IceCredentials } from "./ice-credentials.ts";

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

/** One message at a time in a thread. */
const scratch = new StunMessage();

/**
 * One session with one remote end: ICE, DTLS and the SRTP contexts, without sockets. DTLS and SRTP
 * count only from an address that ICE has validated; nothing unauthenticated is answered or changes
 * a state.
 *
 * Order of use after any `handle*`, `close` or `restart`: act on the event, drain `pollTransmit`
 * until it returns false, then ask `nextTimeout`.
 */
export class Peer {
  readonly session: number;
  state: PeerState = "new";
  closeReason: CloseReason | null = null;
  /** Why, in words, for the log; empty when `closeReason` says all. */
  closeDetail = "";
  /** Exist from `connected` on. */
  sender: SrtpSender | null = null;
  receiver: SrtpReceiver | null = null;
  /** SRTP profile name for the log ("AEAD_AES_128_GCM" ...), or null before `connected`. */
  srtpProfile: string | null = null;
  /** True while the peer consents to receive (RFC 7675): send media only then. */
  mediaAllowed = false;
  /** Of the last `rtp` event: the parsed header and the 48-bit packet index. Reused. */
  readonly rtp = new RtpHeader();
  index = 0;
  /** Length of the plaintext packet of the last `rtp` or `rtcp` event. */
  length = 0;
  /** When the last valid check or authentic SRTP came (RFC 7675; FFmpeg sends no checks later). */
  lastSignOfLife: number;
  readonly ice: IceAgent;
  readonly setup: PeerSetup;
  readonly #dtlsFactory: DtlsFactory;
  readonly #ciphers: SrtpCipherFactory;
  readonly #counters: PeerCounters;
  readonly #sourcesMax: number;
  readonly #createdAt: number;
  #dtls: DtlsSession | null = null;

  constructor(options: PeerOptions) {
    const { setup, ice, now } = options;
    this.session = options.session;
    this.setup = setup;
    this.#dtlsFactory = options.dtls;
    this.#ciphers = options.ciphers;
    this.#counters = options.counters;
    this.#sourcesMax = options.sourcesMax;
    this.#createdAt = now;
    this.lastSignOfLife = now;
    this.ice =
      ice.mode === "lite"
        ? new IceLite(setup)
        : new IceControlling(setup, ice.paths, ice.random, now);
  }

  /** Where media goes: the selected pair's remote address; null before the first valid check. */
  get path(): Path | null {
    return this.ice.selected;
  }

  /** Round trip of the last check, in microseconds; controlling side only, else null. */
  get roundTripUs(): number | null {
    return this.ice.roundTripUs;
  }

  /** One datagram of any protocol; demultiplexes by RFC 7983. SRTP is opened in place. */
  handleDatagram(
    now: number,
    region: Region,
    offset: number,
    length: number,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode {
    if (this.state === "closed") return PeerEvent.none;
    const kind = classify(region.bytes, offset, length);
    if (kind === DatagramKind.stun) {
      if (!parseStun(region.bytes, offset, length, scratch)) {
        this.#counters.stunMalformed += 1;
        return PeerEvent.none;
      }
      return this.handleStun(now, region.bytes, offset, scratch, socket, sockaddr, sockaddrOffset);
    }
    const validated = this.ice.validated.find(socket, sockaddr, sockaddrOffset) !== null;
    switch (kind) {
      case DatagramKind.dtls:
        if (validated) return this.#handleDtls(now, region.bytes, offset, length);
        this.#counters.dtlsUnvalidated += 1;
        return PeerEvent.none;
      case DatagramKind.rtp:
      case DatagramKind.rtcp:
        if (!validated) this.#counters.srtpUnvalidated += 1;
        else if (this.receiver === null) this.#counters.srtpEarly += 1;
        else if (kind === DatagramKind.rtp) return this.#handleRtp(now, region, offset, length);
        else return this.#handleRtcp(now, region, offset, length);
        return PeerEvent.none;
      default:
        this.#counters.unknown += 1;
        return PeerEvent.none;
    }
  }

  /** One parsed STUN message that starts at `bytes[offset]`. */
  handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode {
    if (this.state === "closed") return PeerEvent.none;
    if (message.fingerprintPresent && !message.fingerprintOk) {
      this.#counters.stunMalformed += 1;
      return PeerEvent.none;
    }
    const before = this.ice.selected;
    const ice = this.ice;
    const outcome = ice.handleStun(now, bytes, offset, message, socket, sockaddr, sockaddrOffset);
    if (outcome === IceOutcome.ignored) this.#counters.stunIgnored += 1;
    if (outcome === IceOutcome.forged) this.#counters.stunForged += 1;
    if (outcome === IceOutcome.refused) this.#counters.stunRefused += 1;
    if (outcome === IceOutcome.revoked) return this.#end("peer-closed", "consent revoked");
    if (outcome !== IceOutcome.valid) return PeerEvent.none;
    this.#alive(now);
    if (this.#dtls === null) this.#startDtls(now);
    return this.ice.selected === before ? PeerEvent.none : PeerEvent.moved;
  }

  /** Retransmissions, checks, consent and connect timeouts. Harmless when early. */
  handleTimeout(now: number): PeerEventCode {
    if (this.state === "closed") return PeerEvent.none;
    this.ice.handleTimeout(now);
    if (this.#dtls !== null) {
      this.#dtls.handleTimeout(now);
      const event = this.#followDtls();
      if (event !== PeerEvent.none) return event;
    }
    if (this.state !== "connected") {
      if (now - this.#createdAt >= CONNECT_TIMEOUT_US) {
        const detail = this.state === "new" ? "no valid ICE check" : "DTLS did not complete";
        return this.#end("connect-timeout", detail);
      }
      return PeerEvent.none;
    }
    const silence = now - this.lastSignOfLife;
    if (silence >= CONSENT_MEDIA_TIMEOUT_US) this.mediaAllowed = false;
    if (silence < CONSENT_SESSION_TIMEOUT_US) return PeerEvent.none;
    this.#dtls?.close(now);
    return this.#end("consent-expired", "");
  }

  nextTimeout(): number {
    if (this.state === "closed") return Infinity;
    const lower = Math.min(this.ice.nextTimeout(), this.#dtls?.nextTimeout() ?? Infinity);
    if (this.state !== "connected") return Math.min(lower, this.#createdAt + CONNECT_TIMEOUT_US);
    const patience = this.mediaAllowed ? CONSENT_MEDIA_TIMEOUT_US : CONSENT_SESSION_TIMEOUT_US;
    return Math.min(lower, this.lastSignOfLife + patience);
  }

  /** Fills `out` with one datagram; false when there is none. */
  pollTransmit(out: Transmit): boolean {
    // The STUN answer first: FFmpeg drops DTLS until it has it.
    if (this.state !== "closed" && this.ice.pollTransmit(out)) return true;
    const path = this.ice.selected;
    if (this.#dtls === null || path === null) return false;
    out.length = this.#dtls.pollTransmit(out.bytes);
    out.path = path;
    return out.length > 0;
  }

  /** Authenticated close (RFC 9725 4.2). Drain `pollTransmit`, then `free`. */
  close(now: number, reason: CloseReason): void {
    if (this.state === "closed") return;
    try {
      this.#dtls?.close(now);
    } finally {
      this.#end(reason, "");
    }
  }

  /** New credentials; the old ones are answered until a pair is selected with the new ones. */
  restart(now: number, credentials: IceCredentials): void {
    this.ice.restart(now, credentials);
  }

  /** Releases the foreign memory of DTLS and ciphers. */
  free(): void {
    assert(this.state === "closed", "only a closed peer is freed");
    this.#dtls?.free();
    this.#dtls = null;
    this.sender?.free();
    this.receiver?.free();
    this.sender = null;
    this.receiver = null;
  }

  #startDtls(now: number): void {
    this.#dtls = this.#dtlsFactory.create(this.setup.dtlsRole, this.setup.fingerprints, now);
    this.state = "connecting";
  }

  #handleDtls(now: number, bytes: Uint8Array, offset: number, length: number): PeerEventCode {
    if (this.#dtls === null) return PeerEvent.none;
    this.#dtls.handleDatagram(now, bytes, offset, length);
    const event = this.#followDtls();
    if (event === PeerEvent.connected) this.#alive(now);
    return event;
  }

  /** Takes over what DTLS has come to. */
  #followDtls(): PeerEventCode {
    const dtls = this.#dtls!;
    if (dtls.state === "failed") {
      this.#counters.dtlsFailed += 1;
      return this.#end("dtls-failed", dtls.failure);
    }
    if (dtls.state === "closed") return this.#end("peer-closed", "close_notify");
    if (dtls.state !== "connected" || this.state === "connected") return PeerEvent.none;
    const keys = dtls.keys();
    const { profile } = keys;
    this.sender = new SrtpSender(this.#ciphers.create(profile, keys.localKey, keys.localSalt));
    this.receiver = new SrtpReceiver(
      this.#ciphers.create(profile, keys.remoteKey, keys.remoteSalt),
      this.#sourcesMax,
    );
    this.srtpProfile = profileName(profile);
    this.state = "connected";
    this.mediaAllowed = true;
    return PeerEvent.connected;
  }

  #handleRtp(now: number, region: Region, offset: number, length: number): PeerEventCode {
    const header = this.rtp;
    if (!parseRtpHeader(region.bytes, offset, length, header)) {
      this.#counters.srtpMalformed += 1;
      return PeerEvent.none;
    }
    const receiver = this.receiver!;
    const { headerLength, ssrc, sequence } = header;
    const opened = receiver.openRtp(region, offset, length, headerLength, ssrc, sequence);
    if (opened < 0) {
      countSrtpReject(this.#counters, opened);
      return PeerEvent.none;
    }
    header.payloadLength = opened - headerLength;
    this.index = receiver.index;
    this.length = opened;
    this.#alive(now);
    return PeerEvent.rtp;
  }

  #handleRtcp(now: number, region: Region, offset: number, length: number): PeerEventCode {
    const opened = this.receiver!.openRtcp(region, offset, length);
    if (opened < 0) {
      if (opened === SrtpReject.forged) this.#counters.srtcpForged += 1;
      else countSrtpReject(this.#counters, opened);
      return PeerEvent.none;
    }
    this.length = opened;
    this.#alive(now);
    return PeerEvent.rtcp;
  }

  #alive(now: number): void {
    this.lastSignOfLife = now;
    if (this.state === "connected") this.mediaAllowed = true;
  }

  #end(reason: CloseReason, detail: string): PeerEventCode {
    this.state = "closed";
    this.closeReason = reason;
    this.closeDetail = detail;
    this.mediaAllowed = false;
    return PeerEvent.closed;
  }
}

function profileName(profile: number): string {
  return Object.entries(SrtpProfile).find(([, id]) => id === profile)?.[0] ?? `${profile}`;
}
