/**
 * The other end of a rehearsed session. It is no Peer: one that checks addresses, as a client does,
 * would show the compiler shapes of peers that a worker never meets again.
 */
import { assert } from "../assert.ts";
import type { PeerSetup } from "../contract/session.ts";
import type { DtlsFactory, DtlsSession } from "../peer/dtls.ts";
import type { SrtpCipherFactory } from "../srtp/cipher.ts";
import { SrtpSender } from "../srtp/sender.ts";
import { classify, DatagramKind } from "../wire/demux.ts";
import { writeBindingRequest } from "../wire/stun-writer.ts";

const encoder = new TextEncoder();

export class FarEnd {
  readonly session: number;
  /** Where it sends from, a struct sockaddr_in: 10.x.y.1:4096. */
  readonly sockaddr = new Uint8Array(16);
  readonly #setup: PeerSetup;
  readonly #dtls: DtlsSession;
  readonly #ciphers: SrtpCipherFactory;
  #sender: SrtpSender | null = null;

  /** `setup`: of the worker's peer. Both ends show the certificate that `dtls` has. */
  constructor(
    session: number,
    setup: PeerSetup,
    dtls: DtlsFactory,
    ciphers: SrtpCipherFactory,
    now: number,
  ) {
    this.session = session;
    this.sockaddr.set([2, 0, 16, 0, 10, session >> 8, session & 255, 1]);
    this.#setup = setup;
    this.#ciphers = ciphers;
    const counts = { dtlsDropped: 0, dtlsRestarts: 0 };
    this.#dtls = dtls.create("client", setup.fingerprints, now, counts);
  }

  get connected(): boolean {
    return this.#dtls.state === "connected";
  }

  /** What seals its media, once it is connected. */
  get sender(): SrtpSender {
    if (this.#sender === null) {
      assert(this.connected, "keys come of a handshake");
      const { profile, localKey, localSalt } = this.#dtls.keys();
      this.#sender = new SrtpSender(this.#ciphers.create(profile, localKey, localSalt));
    }
    return this.#sender;
  }

  /** Writes an ICE check that nominates its path; returns the length. */
  writeCheck(out: Uint8Array): number {
    const { localUfrag, localPwd, remoteUfrag } = this.#setup;
    const request = {
      transactionId: new Uint8Array(12),
      username: encoder.encode(`${localUfrag}:${remoteUfrag}`),
      priority: 1,
      controlling: new Uint8Array(8),
      useCandidate: true,
    };
    return writeBindingRequest(out, 0, request, encoder.encode(localPwd));
  }

  /** One datagram of the worker's. */
  receive(now: number, bytes: Uint8Array, length: number): void {
    if (classify(bytes, 0, length) !== DatagramKind.dtls) return;
    this.#dtls.handleDatagram(now, bytes, 0, length);
  }

  /** Writes the next datagram of its handshake; 0 when there is none. */
  pollTransmit(out: Uint8Array): number {
    return this.#dtls.pollTransmit(out);
  }

  free(): void {
    this.#dtls.free();
    this.#sender?.free();
  }
}
