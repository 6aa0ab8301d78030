import { assert } from "../assert.ts";
import type { CloseReason, PeerSetup } from "../contract/session.ts";
import {
  CONNECT_TIMEOUT_US,
  CONSENT_MEDIA_TIMEOUT_US,
  CONSENT_SESSION_TIMEOUT_US,
  LINK_REPLAY_WINDOW,
  REPLAY_WINDOW,
} from "../limits.ts";
import { type Region, SrtpProfile, srtpProfileName } from "../srtp/cipher.ts";
import { SrtpReceiver } from "../srtp/receiver.ts";
import { SrtpSender } from "../srtp/sender.ts";
import { classify, DatagramKind } from "../wire/demux.ts";
import type { Transport } from "../wire/path.ts";
import { RtpHeader } from "../wire/rtp.ts";
import { parseStun, StunMessage } from "../wire/stun.ts";
import type { PeerCounters } from "./counters.ts";
import { type DtlsSession, whyNotConnected } from "./dtls.ts";
import { startDtls } from "./dtls-start.ts";
import { PeerEvent, type PeerEventCode } from "./events.ts";
import { nodeIdOf } from "./fingerprint.ts";
import { HandshakePath } from "./handshake-path.ts";
import { type IceAgent, IceOutcome } from "./ice.ts";
import { IceControlling } from "./ice-controlling.ts";
import type { IceCredentials } from "./ice-credentials.ts";
import { IceLite } from "./ice-lite.ts";
import { openLinkDatagram, openMedia, openReports } from "./opening.ts";
import type { PeerOptions, PeerState } from "./peer-options.ts";
import { Ration } from "./ration.ts";
import type { RemotePath } from "./remote-path.ts";
import { ToldPath } from "./told-path.ts";
import type { Transmit } from "./transmit.ts";

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
  /** True while the selected path consents to receive (RFC 7675) and is proven: RTP only then. */
  mediaAllowed = false;
  /** The same for RTCP, of which an unproven path gets a ration: tell `noteReport`. */
  reportsAllowed = false;
  /** Of the last `rtp` event: the parsed header and the 48-bit packet index. Reused. */
  readonly rtp = new RtpHeader();
  index = 0;
  /** Length of the plaintext packet of the last `rtp` or `rtcp` event. */
  length = 0;
  readonly ice: IceAgent;
  readonly setup: PeerSetup;
  /** Of a link: the id of the key that the caller showed. Null: a publisher or viewer. */
  readonly kid: string | null;
  /** Whether this end called. */
  readonly calls: boolean;
  /** Of a link: who the other end is; from `connected` on. */
  nodeId: Uint8Array | null = null;
  /** Whether the logic found that it belongs to us: until then the link may have to make room. */
  trusted = false;
  readonly #options: PeerOptions;
  readonly #counters: PeerCounters;
  #dtls: DtlsSession | null = null;
  readonly #handshake = new HandshakePath();
  readonly #told = new ToldPath();
  readonly #ration = new Ration();

  constructor(options: PeerOptions) {
    const { setup, ice, now } = options;
    this.session = options.session;
    this.setup = setup;
    this.#options = options;
    this.#counters = options.counters;
    this.kid = options.kid ?? null;
    this.calls = ice.mode === "controlling";
    this.ice =
      ice.mode === "lite"
        ? new IceLite(setup, ice.random, this.kid !== null)
        : new IceControlling(setup, ice.paths, ice.random, now);
  }

  /** Where media goes: the selected pair's remote address; null before the first valid check. */
  get path(): RemotePath | null {
    return this.ice.selected;
  }

  /** One datagram of any protocol; demultiplexes by RFC 7983. SRTP is opened in place. */
  handleDatagram(
    now: number,
    region: Region,
    offset: number,
    length: number,
    via: Transport,
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
      return this.handleStun(now, region.bytes, offset, scratch, via, sockaddr, sockaddrOffset);
    }
    const path = this.ice.validated.find(via, sockaddr, sockaddrOffset);
    switch (kind) {
      case DatagramKind.dtls:
        if (path !== null) return this.#handleDtls(now, region.bytes, offset, length);
        this.#counters.dtlsUnvalidated += 1;
        return PeerEvent.none;
      case DatagramKind.rtp:
      case DatagramKind.rtcp:
        if (path === null) this.#counters.srtpUnvalidated += 1;
        else if (this.receiver === null) {
          this.#counters.srtpEarly += 1;
          this.#dtls?.noteMedia(now);
        } else return this.#handleSrtp(now, kind, region, offset, length, path);
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
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode {
    if (this.state === "closed") return PeerEvent.none;
    if (message.fingerprintPresent && !message.fingerprintOk) {
      this.#counters.stunMalformed += 1;
      return PeerEvent.none;
    }
    const { ice } = this;
    const share = this.#options.inbound;
    if (share?.refusesCheck(now, ice.selected, message, via, sockaddr, sockaddrOffset)) {
      return PeerEvent.none;
    }
    const outcome = ice.handleStun(now, bytes, offset, message, via, sockaddr, sockaddrOffset);
    if (outcome === IceOutcome.ignored) this.#counters.stunIgnored += 1;
    if (outcome === IceOutcome.forged) this.#counters.stunForged += 1;
    if (outcome === IceOutcome.refused) this.#counters.stunRefused += 1;
    if (outcome === IceOutcome.valid || outcome === IceOutcome.refused) share?.chargeCheck(now);
    if (outcome === IceOutcome.revoked) return this.#end("peer-closed", "consent revoked");
    if (outcome !== IceOutcome.valid) return PeerEvent.none;
    if (this.#dtls === null) this.#startDtls(now);
    return this.#followPath(now);
  }

  /** Retransmissions, checks, consent and connect timeouts. Harmless when early. */
  handleTimeout(now: number): PeerEventCode {
    if (this.state === "closed") return PeerEvent.none;
    this.ice.handleTimeout(now);
    if (this.#dtls !== null) {
      this.#dtls.handleTimeout(now);
      const event = this.#followDtls(now);
      if (event !== PeerEvent.none) return event;
    }
    const moved = this.#followPath(now);
    if (this.state !== "connected") {
      if (now - this.#options.now >= CONNECT_TIMEOUT_US) {
        const { reason, detail } = whyNotConnected(this.#dtls);
        if (reason === "dtls-failed") this.#counters.dtlsFailed += 1;
        return this.#end(reason, detail);
      }
      return moved;
    }
    if (now - this.ice.consentAt < CONSENT_SESSION_TIMEOUT_US) return moved;
    this.#dtls?.close(now);
    return this.#end("consent-expired", "");
  }

  nextTimeout(): number {
    if (this.state === "closed") return Infinity;
    const lower = Math.min(this.ice.nextTimeout(), this.#dtls?.nextTimeout() ?? Infinity);
    if (this.state !== "connected") return Math.min(lower, this.#options.now + CONNECT_TIMEOUT_US);
    const consents = this.mediaAllowed || this.reportsAllowed;
    const patience = consents ? CONSENT_MEDIA_TIMEOUT_US : CONSENT_SESSION_TIMEOUT_US;
    const renewal = this.ice.unproven ? this.#ration.renewsAt : Infinity;
    const moved = this.#told.dueAt(this.ice.selected);
    return Math.min(lower, renewal, moved, this.ice.consentAt + patience);
  }

  /** Fills `out` with one datagram; false when there is none. */
  pollTransmit(out: Transmit): boolean {
    // The STUN answer first: FFmpeg drops DTLS until it has it.
    if (this.state !== "closed" && this.ice.pollTransmit(out)) return true;
    const path = this.ice.selected;
    if (this.#dtls === null || path === null) return false;
    out.length = this.#dtls.pollTransmit(out.bytes);
    out.path = path;
    if (out.length === 0) return false;
    this.#handshake.sent(path);
    return true;
  }

  /** RTCP of so many bytes has left: an unproven path gets UNPROVEN_BYTES_PER_SECOND of it. */
  noteReport(bytes: number): void {
    if (!this.ice.unproven) return;
    this.#ration.spend(bytes);
    if (!this.#ration.left) this.reportsAllowed = false;
  }

  /** Keying material that only both ends have (RFC 5705); once connected. */
  exportKey(label: string, length: number): Uint8Array {
    return this.#dtls!.exportKey(label, length);
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
    this.#dtls = startDtls(this.#options, now);
    this.state = "connecting";
  }

  #handleDtls(now: number, bytes: Uint8Array, offset: number, length: number): PeerEventCode {
    if (this.#dtls === null) return PeerEvent.none;
    this.#dtls.handleDatagram(now, bytes, offset, length);
    return this.#followDtls(now);
  }

  /** Takes over what DTLS has come to. */
  #followDtls(now: number): PeerEventCode {
    const dtls = this.#dtls!;
    if (dtls.state === "failed") return this.#fail(dtls.failure);
    if (dtls.state === "closed") return this.#end("peer-closed", "close_notify");
    if (dtls.state !== "connected" || this.state === "connected") return PeerEvent.none;
    const keys = dtls.keys();
    const { profile } = keys;
    const isLink = this.kid !== null;
    if (isLink && profile !== SrtpProfile.AEAD_AES_128_GCM) return this.#fail("no AES-128-GCM");
    if (isLink) this.nodeId = nodeIdOf(dtls.peerKey());
    this.sender = new SrtpSender(
      this.#options.ciphers.create(profile, keys.localKey, keys.localSalt),
    );
    this.receiver = new SrtpReceiver(
      this.#options.ciphers.create(profile, keys.remoteKey, keys.remoteSalt),
      this.#options.sourcesMax,
      isLink ? LINK_REPLAY_WINDOW : REPLAY_WINDOW,
    );
    this.srtpProfile = srtpProfileName(profile);
    this.state = "connected";
    this.ice.connected(now, this.#handshake.wentTo(this.ice.selected));
    this.#followPath(now);
    return PeerEvent.connected;
  }

  #handleSrtp(
    now: number,
    kind: DatagramKind,
    region: Region,
    offset: number,
    length: number,
    path: RemotePath,
  ): PeerEventCode {
    if (this.#options.inbound?.refuses(now, kind)) return PeerEvent.none;
    const event = this.#open(kind, region, offset, length);
    if (event === PeerEvent.none) return event;
    this.#options.inbound?.charge(now, kind);
    this.ice.heard(now, path);
    if (!this.mediaAllowed) this.#allow(now);
    return event;
  }

  #open(kind: DatagramKind, region: Region, offset: number, length: number): PeerEventCode {
    const receiver = this.receiver!;
    const counters = this.#counters;
    if (this.kid !== null) {
      return openLinkDatagram(this, receiver, counters, region, offset, length);
    }
    return kind === DatagramKind.rtp
      ? openMedia(this, receiver, counters, region, offset, length)
      : openReports(this, receiver, counters, region, offset, length);
  }

  /** Takes over what ICE has come to. */
  #followPath(now: number): PeerEventCode {
    this.#allow(now);
    return this.#told.isNews(now, this.ice.selected) ? PeerEvent.moved : PeerEvent.none;
  }

  /** What may be sent now: RFC 7675, and little where nothing has come back from. */
  #allow(now: number): void {
    if (this.state !== "connected") return;
    const { consentAt, unproven, selected } = this.ice;
    const consents = selected !== null && now - consentAt < CONSENT_MEDIA_TIMEOUT_US;
    if (unproven) this.#ration.renew(now);
    this.mediaAllowed = consents && !unproven;
    this.reportsAllowed = consents && (!unproven || this.#ration.left);
  }

  #fail(detail: string): PeerEventCode {
    this.#counters.dtlsFailed += 1;
    return this.#end("dtls-failed", detail);
  }

  #end(reason: CloseReason, detail: string): PeerEventCode {
    this.state = "closed";
    this.closeReason = reason;
    this.closeDetail = detail;
    this.mediaAllowed = false;
    this.reportsAllowed = false;
    return PeerEvent.closed;
  }
}
