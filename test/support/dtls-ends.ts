/** Two DTLS sessions in virtual time, and what a stranger who knows both addresses can send. */
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsFactory, DtlsRole, DtlsSession } from "../../src/peer/dtls.ts";
import { frameMessage } from "../../src/peer/dtls-messages.ts";
import { clearRecord, RecordType, writeSequence } from "../../src/peer/dtls-records.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";

const openSsl = openOpenSsl("system");
export const serverCertificate = createCertificate();
export const clientCertificate = createCertificate();
export const serverFactory = new OpenSslDtlsFactory(openSsl, serverCertificate);
const clientFactory = new OpenSslDtlsFactory(openSsl, clientCertificate);
const serverDtls = new GuardedDtls(serverFactory);
export const clientDtls = new GuardedDtls(clientFactory);
const buffer = new Uint8Array(2048);

export interface EndsOptions {
  readonly now?: number;
  /** Whose certificate the server expects; the client's own if not said. */
  readonly client?: DtlsFactory;
}

export class DtlsEnds {
  now: number;
  readonly server: DtlsSession;
  readonly client: DtlsSession;
  readonly counts = { dtlsDropped: 0, dtlsRestarts: 0 };
  readonly clientCounts = { dtlsDropped: 0, dtlsRestarts: 0 };

  constructor(options: EndsOptions = {}) {
    this.now = options.now ?? 1_000_000;
    const dtls = options.client ?? clientDtls;
    const [ofClient, ofServer] = [clientCertificate.fingerprint, serverCertificate.fingerprint];
    this.server = serverDtls.create("server", [ofClient], this.now, this.counts);
    this.client = dtls.create("client", [ofServer], this.now, this.clientCounts);
  }

  end(role: DtlsRole): DtlsSession {
    return role === "server" ? this.server : this.client;
  }

  get states(): string {
    return `${this.server.state} ${this.client.state}`;
  }

  /** What that end has to send. */
  drain(role: DtlsRole): Uint8Array[] {
    const session = this.end(role);
    const datagrams: Uint8Array[] = [];
    for (let n = session.pollTransmit(buffer); n > 0; n = session.pollTransmit(buffer)) {
      datagrams.push(buffer.slice(0, n));
    }
    return datagrams;
  }

  give(role: DtlsRole, ...datagrams: readonly Uint8Array[]): void {
    for (const bytes of datagrams) {
      this.end(role).handleDatagram(this.now, bytes, 0, bytes.length);
    }
  }

  /** Everything that waits goes over, once each way. */
  shuttle(): void {
    this.give("server", ...this.drain("client"));
    this.give("client", ...this.drain("server"));
  }

  /** Runs the clock for so long, with everything delivered at once; true when both are connected. */
  run(forUs: number): boolean {
    const end = this.now + forUs;
    for (;;) {
      for (let i = 0; i < 6; i += 1) this.shuttle();
      if (this.states === "connected connected") return true;
      const next = Math.min(this.server.nextTimeout(), this.client.nextTimeout());
      if (next > end) return false;
      this.now = Math.max(this.now, next);
      this.server.handleTimeout(this.now);
      this.client.handleTimeout(this.now);
    }
  }

  free(): void {
    this.server.free();
    this.client.free();
  }
}

/** A record of any kind in clear. */
export function record(type: number, body: Uint8Array, sequence = 0): Uint8Array {
  return clearRecord(type, sequence, body);
}

/** A whole handshake message in a record of its own. */
export function message(type: number, sequence: number, body: Uint8Array): Uint8Array {
  return record(RecordType.handshake, frameMessage(type, sequence, body));
}

/** A handshake record whose header says what is asked for, with 20 bytes behind it. */
export function fragment(
  type: number,
  sequence: number,
  length: number,
  offset: number,
  size: number,
): Uint8Array {
  const body = new Uint8Array(32);
  const view = new DataView(body.buffer);
  view.setUint32(0, type * 2 ** 24 + length);
  view.setUint16(4, sequence);
  view.setUint32(5, offset & 0xffffff);
  body[5] = sequence & 255;
  view.setUint8(6, offset >> 16);
  view.setUint16(7, offset & 0xffff);
  view.setUint8(9, size >> 16);
  view.setUint16(10, size & 0xffff);
  return record(RecordType.handshake, body);
}

export function withSequence(bytes: Uint8Array, sequence: number): Uint8Array {
  const copy = bytes.slice();
  writeSequence(copy, sequence);
  return copy;
}

/** The Certificate message of somebody else. */
export function certificateMessage(sequence: number, der: Uint8Array): Uint8Array {
  const u24 = (value: number) => [value >> 16, (value >> 8) & 255, value & 255];
  return message(11, sequence, Uint8Array.of(...u24(der.length + 3), ...u24(der.length), ...der));
}

/** The certificate of a PEM text. */
export function derOf(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ""));
}
