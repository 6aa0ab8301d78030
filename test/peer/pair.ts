/** A viewer's or publisher's session on a server table, and the client at the other end. */
import type { Fingerprint, PeerSetup } from "../../src/contract/session.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import type { DtlsFactory, DtlsRole } from "../../src/peer/dtls.ts";
import { PeerEvent, type PeerEventCode } from "../../src/peer/events.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { Peer } from "../../src/peer/peer.ts";
import { PeerTable } from "../../src/peer/peer-table.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { copyPath } from "../../src/wire/path.ts";
import { LossyLink } from "../support/lossy-link.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";

const openSsl = openOpenSsl("system");
export const ciphers = new OpenSslSrtpFactory(openSsl);
export const serverCertificate = createCertificate();
export const clientCertificate = createCertificate();
export const serverDtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, serverCertificate));
export const clientDtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, clientCertificate));
export const region = pinnedRegion(2048);
const transmit = createTransmit();

export const sockaddr = (host: number, port = 4000) =>
  Uint8Array.of(2, 0, port >> 8, port & 0xff, 10, 0, 0, host, 0, 0, 0, 0, 0, 0, 0, 0);
export const SERVER = sockaddr(1, 8000);

/** Random bytes as a session wants them. */
export const filler = (random: () => number) => (out: Uint8Array) => {
  for (let i = 0; i < out.length; i += 1) out[i] = Math.floor(random() * 256);
};

/** A test's peer that throws is a fault of the test's subject. */
export const rethrow = (_peer: Peer, error: unknown): void => {
  throw error;
};

export interface PairOptions {
  readonly seed?: number;
  readonly loss?: number;
  readonly serverRole?: DtlsRole;
  readonly fingerprint?: Fingerprint;
  readonly dtls?: DtlsFactory;
  readonly host?: number;
}

/** The client of a server's session, at SERVER's other end. */
export function clientOf(
  setup: PeerSetup,
  random: (out: Uint8Array) => void,
  now: number,
  dtls: DtlsFactory = clientDtls,
): Peer {
  return new Peer({
    session: 1,
    setup: {
      localUfrag: setup.remoteUfrag,
      localPwd: setup.remotePwd,
      remoteUfrag: setup.localUfrag,
      remotePwd: setup.localPwd,
      dtlsRole: setup.dtlsRole === "server" ? "client" : "server",
      fingerprints: [serverCertificate.fingerprint],
    },
    ice: { mode: "controlling", paths: [copyPath(VIA, SERVER, 0)], random },
    dtls,
    ciphers,
    counters: createPeerCounters(),
    sourcesMax: 4,
    now,
  });
}

export class Pair {
  now = 1_000_000;
  readonly counters = createPeerCounters();
  readonly table = new PeerTable(this.counters, filler(seeded(9)));
  readonly server: Peer;
  readonly client: Peer;
  readonly setup: PeerSetup;
  readonly up: LossyLink;
  readonly down: LossyLink;
  clientAddress: Uint8Array;
  readonly events: PeerEventCode[] = [];
  readonly sentByServer: Uint8Array[] = [];

  constructor(options: PairOptions = {}) {
    const random = seeded(options.seed ?? 1);
    const fill = filler(random);
    const serverRole = options.serverRole ?? "server";
    this.clientAddress = sockaddr(options.host ?? 2);
    this.up = new LossyLink(random, { loss: options.loss, delayUs: 2000, jitterUs: 3000 });
    this.down = new LossyLink(random, { loss: options.loss, delayUs: 2000, jitterUs: 3000 });
    const names = { localUfrag: "srvU", localPwd: "server-password-0123456789" };
    const others = { remoteUfrag: "cliU", remotePwd: "client-password-0123456789" };
    const expected = options.fingerprint ?? clientCertificate.fingerprint;
    this.setup = { ...names, ...others, dtlsRole: serverRole, fingerprints: [expected] };
    this.server = new Peer({
      session: 1,
      setup: this.setup,
      ice: { mode: "lite", random: fill },
      dtls: serverDtls,
      ciphers,
      counters: this.counters,
      sourcesMax: 4,
      now: this.now,
    });
    this.table.add(this.server);
    this.client = clientOf(this.setup, fill, this.now, options.dtls);
  }

  get connected(): boolean {
    return this.server.state === "connected" && this.client.state === "connected";
  }

  /** One datagram to the server as if from `address`; the event. */
  inject(bytes: Uint8Array, address = this.clientAddress): PeerEventCode {
    region.bytes.set(bytes);
    return this.table.handleDatagram(this.now, region, 0, bytes.length, VIA, address, 0);
  }

  /** What the server has to send now. */
  drainServer(): Uint8Array[] {
    const sent: Uint8Array[] = [];
    while (this.table.pollTransmit(transmit)) sent.push(transmit.bytes.slice(0, transmit.length));
    return sent;
  }

  /** What the client has to send now. */
  drainClient(): Uint8Array[] {
    const sent: Uint8Array[] = [];
    while (this.client.pollTransmit(transmit)) sent.push(transmit.bytes.slice(0, transmit.length));
    return sent;
  }

  /** Runs until `done`, or for `forUs`. OpenSSL's timer is the wall clock's, so that sleeps count. */
  run(done: () => boolean, forUs = 10_000_000, sleep = true): boolean {
    const end = this.now + forUs;
    while (!done()) {
      this.#exchange();
      if (done()) return true;
      const timers = Math.min(this.table.nextTimeout(), this.client.nextTimeout());
      const next = Math.min(timers, this.up.nextArrival(), this.down.nextArrival());
      if (next > end) {
        this.now = end;
        return done();
      }
      const step = Math.max(next - this.now, 0);
      if (sleep && step > 0) Bun.sleepSync(step / 1000);
      this.now += step;
      this.client.handleTimeout(this.now);
      this.table.handleTimeout(this.now, (_peer, event) => this.events.push(event), rethrow);
    }
    return true;
  }

  free(): void {
    if (this.table.bySession(1) !== null) this.table.close(this.now, this.server, "shutdown");
    this.drainServer();
    this.client.close(this.now, "shutdown");
    this.client.free();
  }

  #exchange(): void {
    for (const bytes of this.drainClient()) this.up.send(this.now, bytes);
    for (const bytes of this.drainServer()) {
      this.sentByServer.push(bytes);
      this.down.send(this.now, bytes);
    }
    for (let bytes = this.up.receive(this.now); bytes; bytes = this.up.receive(this.now)) {
      const event = this.inject(bytes);
      if (event !== PeerEvent.none) this.events.push(event);
    }
    for (let bytes = this.down.receive(this.now); bytes; bytes = this.down.receive(this.now)) {
      region.bytes.set(bytes);
      this.client.handleDatagram(this.now, region, 0, bytes.length, VIA, SERVER, 0);
    }
    for (const bytes of this.drainClient()) this.up.send(this.now, bytes);
    for (const bytes of this.drainServer()) {
      this.sentByServer.push(bytes);
      this.down.send(this.now, bytes);
    }
  }
}
