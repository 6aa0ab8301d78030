/** Viewers' peers without a handshake: real ones, which one ICE check and no DTLS have connected. */
import { assert } from "../../../src/assert.ts";
import type { PeerSetup } from "../../../src/contract/session.ts";
import { randomFill } from "../../../src/io/random.ts";
import { createPeerCounters } from "../../../src/peer/counters.ts";
import type { DtlsFactory, DtlsKeys, DtlsSession, DtlsState } from "../../../src/peer/dtls.ts";
import { Peer } from "../../../src/peer/peer.ts";
import { createTransmit } from "../../../src/peer/transmit.ts";
import { type SrtpCipherFactory, SrtpProfile } from "../../../src/srtp/cipher.ts";
import type { Transport } from "../../../src/wire/path.ts";
import { STUN_REQUEST_BYTES_MAX, writeBindingRequest } from "../../../src/wire/stun-writer.ts";

const SETUP: PeerSetup = {
  localUfrag: "server",
  localPwd: "password-of-the-server",
  remoteUfrag: "viewer",
  remotePwd: "password-of-the-viewer",
  dtlsRole: "server",
  fingerprints: [],
};
const SOURCES_MAX = 4;
const encoder = new TextEncoder();

export class HotPeers {
  readonly #counters = createPeerCounters();
  readonly #check = { bytes: new Uint8Array(STUN_REQUEST_BYTES_MAX), address: 0 };
  readonly #checkLength: number;
  readonly #transmit = createTransmit();

  /** `via`: what their datagrams leave by. */
  constructor(
    private readonly ciphers: SrtpCipherFactory,
    private readonly via: Transport,
  ) {
    const request = {
      transactionId: new Uint8Array(12),
      username: encoder.encode(`${SETUP.localUfrag}:${SETUP.remoteUfrag}`),
      priority: 1,
      controlling: new Uint8Array(8),
      useCandidate: true,
    };
    const key = encoder.encode(SETUP.localPwd);
    this.#checkLength = writeBindingRequest(this.#check.bytes, 0, request, key);
  }

  /** A connected peer at an address of its own. */
  connect(session: number, now: number): Peer {
    const peer = new Peer({
      session,
      setup: SETUP,
      ice: { mode: "lite", random: randomFill },
      dtls,
      ciphers: this.ciphers,
      counters: this.#counters,
      sourcesMax: SOURCES_MAX,
      now,
    });
    peer.handleDatagram(
      now,
      this.#check,
      0,
      this.#checkLength,
      this.via,
      addressOfViewer(session),
      0,
    );
    while (peer.pollTransmit(this.#transmit));
    peer.handleTimeout(now);
    assert(peer.mediaAllowed && peer.sender !== null, "a peer is connected by a check");
    return peer;
  }
}

/** 10.x.y.1 */
function addressOfViewer(session: number): Uint8Array {
  const sockaddr = new Uint8Array(16);
  sockaddr.set([2, 0, 16, 0, 10, session >> 8, session & 255, 1]);
  return sockaddr;
}

const dtls: DtlsFactory = { create: () => new NoDtls() };

/** Connected at once, with random keys. */
class NoDtls implements DtlsSession {
  readonly state: DtlsState = "connected";
  readonly failure = "";
  readonly complaint = "";
  #flight = 1;

  handleDatagram(): void {}
  handleTimeout(): void {}
  noteMedia(): void {}
  close(): void {}
  free(): void {}

  nextTimeout(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** One datagram, as a handshake must have gone to the path that media goes to. */
  pollTransmit(): number {
    const length = this.#flight;
    this.#flight = 0;
    return length;
  }

  exportKey(): Uint8Array {
    return new Uint8Array(0);
  }

  peerKey(): Uint8Array {
    return new Uint8Array(0);
  }

  keys(): DtlsKeys {
    const some = (length: number) => crypto.getRandomValues(new Uint8Array(length));
    const profile = SrtpProfile.AEAD_AES_128_GCM;
    const [localKey, localSalt, remoteKey, remoteSalt] = [some(16), some(12), some(16), some(12)];
    return { profile, localKey, localSalt, remoteKey, remoteSalt };
  }
}
