import { type Pointer, read as readMemory } from "bun:ffi";
import { assert } from "../assert.ts";
import type { Fingerprint } from "../commands.ts";
import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import {
  DTLS_DATAGRAM_MAX,
  type DtlsKeys,
  type DtlsRole,
  type DtlsSession,
  type DtlsState,
} from "../peer/dtls.ts";
import { filterRecords, recordLength } from "../peer/dtls-records.ts";
import { SrtpProfile, type SrtpProfileId } from "../srtp/cipher.ts";
import { SRTP_KEY_LENGTHS } from "../srtp/key-derivation.ts";
import { colonHex } from "./certificate.ts";
import { type OpenSsl, takeOpenSslError } from "./openssl.ts";
import { addressOf, pinnedRegion, pinnedString } from "./pinned.ts";

const SSL_CTRL_SET_MTU = 17;
const DTLS_CTRL_GET_TIMEOUT = 73;
const DTLS_CTRL_HANDLE_TIMEOUT = 74;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_RECEIVED_SHUTDOWN = 2;
const X509_DIGEST_BYTES_MAX = 64;
/** struct timeval: seconds and microseconds, 64 bits each. */
const TIMEVAL_BYTES = 16;
const UNSIGNED_BYTES = 4;
/** Offset of `id` in SRTP_PROTECTION_PROFILE { const char *name; unsigned long id; }. */
const PROFILE_ID_OFFSET = 8;

/** RFC 5764 4.2 */
const EXPORTER = "EXTRACTOR-dtls_srtp";

/** One session at a time in a thread: these are shared by all its sessions. */
const input = pinnedRegion(DATAGRAM_BYTES_MAX);
const output = pinnedRegion(16_384);
const timeval = pinnedRegion(TIMEVAL_BYTES);
const digest = pinnedRegion(X509_DIGEST_BYTES_MAX);
const digestLength = pinnedRegion(UNSIGNED_BYTES);
const exporterLabel = pinnedString(EXPORTER);

export class OpenSslDtlsSession implements DtlsSession {
  state: DtlsState = "handshaking";
  failure = "";
  readonly #openSsl: OpenSsl;
  readonly #role: DtlsRole;
  readonly #fingerprints: readonly Fingerprint[];
  #ssl: Pointer | null;
  /** Owned by the SSL. */
  readonly #read: Pointer;
  readonly #write: Pointer;
  readonly #datagrams: Uint8Array[] = [];
  #deadline = Infinity;
  /** OpenSSL's record buffers are given back; `#unpark` before any call that reads or writes. */
  #parked = false;

  constructor(
    openSsl: OpenSsl,
    context: Pointer,
    timer: Pointer,
    role: DtlsRole,
    fingerprints: readonly Fingerprint[],
    now: number,
  ) {
    const { ssl, crypto } = openSsl;
    this.#openSsl = openSsl;
    this.#role = role;
    this.#fingerprints = fingerprints;
    const session = ssl.SSL_new(context) as Pointer | null;
    const read = crypto.BIO_new(crypto.BIO_s_mem()) as Pointer | null;
    const write = crypto.BIO_new(crypto.BIO_s_mem()) as Pointer | null;
    assert(session !== null && read !== null && write !== null, "SSL_new, BIO_new");
    this.#ssl = session;
    this.#read = read;
    this.#write = write;
    ssl.SSL_set_bio(session, read, write);
    ssl.DTLS_set_timer_cb(session, timer);
    ssl.SSL_ctrl(session, SSL_CTRL_SET_MTU, DTLS_DATAGRAM_MAX, null);
    if (role === "server") {
      ssl.SSL_set_accept_state(session);
    } else {
      ssl.SSL_set_connect_state(session);
      this.#handshake();
      this.#afterCall(now);
    }
  }

  handleDatagram(now: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.#ssl === null || (this.state !== "handshaking" && this.state !== "connected")) return;
    const encryptedOnly = this.state === "connected";
    const kept = filterRecords(bytes, offset, length, encryptedOnly, input.bytes);
    if (kept === 0) return;
    this.#unpark();
    this.#openSsl.crypto.BIO_write(this.#read, addressOf(input, 0, kept), kept);
    if (this.state === "handshaking") this.#handshake();
    // Records behind the handshake, and the repeats of a peer that has not seen our last flight.
    if (this.state === "connected") this.#drain();
    this.#afterCall(now);
    if (this.state === "connected") this.#park();
  }

  handleTimeout(now: number): void {
    if (this.#ssl === null || this.state !== "handshaking" || now < this.#deadline) return;
    this.#openSsl.crypto.ERR_clear_error();
    const result = this.#openSsl.ssl.SSL_ctrl(this.#ssl, DTLS_CTRL_HANDLE_TIMEOUT, 0, null);
    if (Number(result) < 0) this.#fail("no answer to repeated flights");
    this.#afterCall(now);
  }

  nextTimeout(): number {
    return this.#deadline;
  }

  pollTransmit(out: Uint8Array): number {
    const datagram = this.#datagrams.shift();
    if (datagram === undefined) return 0;
    out.set(datagram);
    return datagram.length;
  }

  keys(): DtlsKeys {
    assert(this.#ssl !== null && this.state === "connected", "keys exist once connected");
    const profile = this.#profile();
    assert(profile !== null, "a connected session has an SRTP profile");
    const { key, salt } = SRTP_KEY_LENGTHS[profile];
    const length = 2 * (key + salt);
    const result = this.#openSsl.ssl.SSL_export_keying_material(
      this.#ssl,
      addressOf(output, 0, length),
      length,
      exporterLabel,
      EXPORTER.length,
      null,
      0,
      0,
    );
    assert(result === 1, "SSL_export_keying_material");
    // RFC 5764 4.2: client key | server key | client salt | server salt.
    const take = (start: number, size: number) => output.bytes.slice(start, start + size);
    const client = { key: take(0, key), salt: take(2 * key, salt) };
    const server = { key: take(key, key), salt: take(2 * key + salt, salt) };
    output.bytes.fill(0, 0, length);
    const [local, remote] = this.#role === "client" ? [client, server] : [server, client];
    return {
      profile,
      localKey: local.key,
      localSalt: local.salt,
      remoteKey: remote.key,
      remoteSalt: remote.salt,
    };
  }

  close(now: number): void {
    if (this.#ssl === null || this.state === "closed" || this.state === "failed") return;
    // During the handshake an alert would leave in clear, and nobody may believe it.
    if (this.state === "connected") {
      this.#unpark();
      this.#shutdown();
    }
    this.state = "closed";
    this.#afterCall(now);
  }

  free(): void {
    if (this.#ssl === null) return;
    // Frees the BIOs too.
    this.#openSsl.ssl.SSL_free(this.#ssl);
    this.#ssl = null;
  }

  #handshake(): void {
    const { ssl, crypto } = this.#openSsl;
    crypto.ERR_clear_error();
    const result = ssl.SSL_do_handshake(this.#ssl);
    if (result === 1) {
      this.#finish();
      return;
    }
    const error = ssl.SSL_get_error(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE) return;
    this.#fail(takeOpenSslError(this.#openSsl) || `handshake error ${error}`);
  }

  /** RFC 5763 5: the certificate must be the one that the SDP names. */
  #finish(): void {
    if (!this.#fingerprintMatches()) {
      this.#shutdown();
      this.#fail("the certificate is not the one of a=fingerprint");
    } else if (this.#profile() === null) {
      this.#shutdown();
      this.#fail("no common SRTP profile");
    } else {
      this.state = "connected";
    }
  }

  #fingerprintMatches(): boolean {
    const { ssl, crypto } = this.#openSsl;
    const certificate = ssl.SSL_get1_peer_certificate(this.#ssl) as Pointer | null;
    if (certificate === null) return false;
    const matches = this.#fingerprints.some(({ algorithm, value }) => {
      const method =
        algorithm === "sha-256"
          ? crypto.EVP_sha256()
          : algorithm === "sha-384"
            ? crypto.EVP_sha384()
            : crypto.EVP_sha512();
      const to = addressOf(digest, 0, X509_DIGEST_BYTES_MAX);
      const lengthTo = addressOf(digestLength, 0, UNSIGNED_BYTES);
      const ok = crypto.X509_digest(certificate, method, to, lengthTo);
      // Little-endian machines only: x86_64 and aarch64.
      const length = digestLength.bytes[0]!;
      return ok === 1 && colonHex(digest.bytes.subarray(0, length)) === value.toUpperCase();
    });
    crypto.X509_free(certificate);
    return matches;
  }

  #profile(): SrtpProfileId | null {
    const profile = this.#openSsl.ssl.SSL_get_selected_srtp_profile(this.#ssl) as Pointer | null;
    if (profile === null) return null;
    const id = Number(readMemory.u64(profile, PROFILE_ID_OFFSET));
    return Object.values(SrtpProfile).find((known) => known === id) ?? null;
  }

  /** Discards application data; learns of close_notify. */
  #drain(): void {
    const { ssl, crypto } = this.#openSsl;
    crypto.ERR_clear_error();
    let result = 1;
    const size = output.bytes.length;
    while (result > 0) result = ssl.SSL_read(this.#ssl, addressOf(output, 0, size), size);
    if ((ssl.SSL_get_shutdown(this.#ssl) & SSL_RECEIVED_SHUTDOWN) !== 0) {
      this.#shutdown();
      this.state = "closed";
      return;
    }
    const error = ssl.SSL_get_error(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE) return;
    this.#fail(takeOpenSslError(this.#openSsl) || `read error ${error}`);
  }

  /**
   * A connected session has nothing to say until it closes, so it lends its two record buffers back:
   * 33 KiB a viewer. Only with everything read: older OpenSSL frees a half-read record here
   * (CVE-2024-4741), and SSL_free_buffers itself refuses while bytes wait.
   */
  #park(): void {
    this.#parked = this.#openSsl.ssl.SSL_free_buffers(this.#ssl) === 1;
  }

  /** DTLS writes into its buffer without asking whether it is there. */
  #unpark(): void {
    if (!this.#parked) return;
    const result = this.#openSsl.ssl.SSL_alloc_buffers(this.#ssl);
    assert(result === 1, "SSL_alloc_buffers");
    this.#parked = false;
  }

  #shutdown(): void {
    this.#openSsl.crypto.ERR_clear_error();
    this.#openSsl.ssl.SSL_shutdown(this.#ssl);
  }

  #fail(reason: string): void {
    this.state = "failed";
    this.failure = reason;
  }

  /** Collects what OpenSSL wrote and asks for its timer. */
  #afterCall(now: number): void {
    this.#collect();
    this.#deadline = Infinity;
    if (this.state !== "handshaking") return;
    const to = addressOf(timeval, 0, TIMEVAL_BYTES);
    const running = this.#openSsl.ssl.SSL_ctrl(this.#ssl, DTLS_CTRL_GET_TIMEOUT, 0, to);
    if (Number(running) !== 1) return;
    const view = new DataView(timeval.bytes.buffer);
    const left = Number(view.getBigInt64(0, true)) * 1_000_000 + Number(view.getBigInt64(8, true));
    this.#deadline = now + left;
  }

  /** The BIO holds records back to back: packs whole ones into datagrams (RFC 6347 4.1.1). */
  #collect(): void {
    const size = output.bytes.length;
    const to = addressOf(output, 0, size);
    const length = this.#openSsl.crypto.BIO_read(this.#write, to, size);
    let start = 0;
    let end = 0;
    while (end < length) {
      const next = end + recordLength(output.bytes, end);
      if (next - start > DTLS_DATAGRAM_MAX && end > start) {
        this.#datagrams.push(output.bytes.slice(start, end));
        start = end;
      }
      end = next;
    }
    if (end > start) this.#datagrams.push(output.bytes.slice(start, end));
    assert(length < output.bytes.length, "a flight fits into the scratch buffer");
  }
}
