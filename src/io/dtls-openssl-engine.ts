import { type Pointer, read as readMemory } from "bun:ffi";
import { assert } from "../assert.ts";
import type { Fingerprint } from "../contract/session.ts";
import {
  DTLS_DATAGRAM_MAX,
  type DtlsEngine,
  type DtlsKeys,
  type DtlsRole,
  type DtlsState,
  ENGINE_INPUT_BYTES_MAX,
} from "../peer/dtls.ts";
import { resealRecord } from "../peer/dtls-reseal.ts";
import { ANY_NODE, type Expected, isDigest } from "../peer/fingerprint.ts";
import { SrtpProfile, type SrtpProfileId } from "../srtp/cipher.ts";
import { SRTP_KEY_LENGTHS } from "../srtp/key-derivation.ts";
import { type OpenSsl, takeOpenSslError } from "./openssl.ts";
import { addressOf, pinnedRegion, writeAddress } from "./pinned.ts";

const SSL_CTRL_SET_MTU = 17;
const SSL_CTRL_GET_EXTMS_SUPPORT = 122;
const SSL_OP_COOKIE_EXCHANGE = 1 << 13;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_RECEIVED_SHUTDOWN = 2;
const X509_DIGEST_BYTES_MAX = 64;
const MASTER_KEY_BYTES = 48;
const RANDOM_BYTES = 32;
const UNSIGNED_BYTES = 4;
const POINTER_BYTES = 8;
/** Offset of `id` in SRTP_PROTECTION_PROFILE { const char *name; unsigned long id; }. */
const PROFILE_ID_OFFSET = 8;

/** RFC 5764 4.2 */
const EXPORTER = "EXTRACTOR-dtls_srtp";

/** One session at a time in a thread: these are shared by all its sessions. */
const input = pinnedRegion(ENGINE_INPUT_BYTES_MAX);
const output = pinnedRegion(16_384);
const digest = pinnedRegion(X509_DIGEST_BYTES_MAX);
const digestLength = pinnedRegion(UNSIGNED_BYTES);
/** Where i2d functions are to write; they move it on. */
const cursor = pinnedRegion(POINTER_BYTES);
const cursorView = new DataView(cursor.bytes.buffer);

/** One handshake by OpenSSL with memory BIOs, and what is read after it. */
export class OpenSslDtlsEngine implements DtlsEngine {
  state: DtlsState = "handshaking";
  failure = "";
  authentic = false;
  readonly #openSsl: OpenSsl;
  readonly #role: DtlsRole;
  readonly #expected: Expected;
  #ssl: Pointer | null;
  /** Owned by the SSL. */
  readonly #read: Pointer;
  readonly #write: Pointer;
  /** OpenSSL's record buffers are given back; `#unpark` before any call that reads or writes. */
  #parked = false;

  /** `timer` must never let OpenSSL repeat a flight (src/peer/dtls-guard.ts does). */
  constructor(
    openSsl: OpenSsl,
    context: Pointer,
    timer: Pointer,
    role: DtlsRole,
    expected: Expected,
    cookie: boolean,
  ) {
    const { ssl, crypto } = openSsl;
    this.#openSsl = openSsl;
    this.#role = role;
    this.#expected = expected;
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
    if (cookie) ssl.SSL_set_options(session, SSL_OP_COOKIE_EXCHANGE);
    if (role === "server") ssl.SSL_set_accept_state(session);
    else {
      ssl.SSL_set_connect_state(session);
      this.#handshake();
    }
  }

  feed(records: Uint8Array): void {
    if (this.#ssl === null || (this.state !== "handshaking" && this.state !== "connected")) return;
    const { length } = records;
    const from = addressOf(input, 0, length);
    input.bytes.set(records);
    this.#unpark();
    this.#openSsl.crypto.BIO_write(this.#read, from, length);
    if (this.state === "handshaking") this.#handshake();
    if (this.state === "connected") {
      this.#drain();
      if (this.state === "connected") this.#park();
    }
  }

  take(): Uint8Array {
    const size = output.bytes.length;
    let taken = new Uint8Array(0);
    while (this.#ssl !== null) {
      const length = this.#openSsl.crypto.BIO_read(this.#write, addressOf(output, 0, size), size);
      if (length <= 0) break;
      const longer = new Uint8Array(taken.length + length);
      longer.set(taken);
      longer.set(output.bytes.subarray(0, length), taken.length);
      taken = longer;
    }
    return taken;
  }

  reseal(record: Uint8Array, sequence: number): Uint8Array | null {
    const { ssl } = this.#openSsl;
    const session = ssl.SSL_get_session(this.#ssl) as Pointer | null;
    const cipher = ssl.SSL_get_current_cipher(this.#ssl) as Pointer | null;
    if (this.#role !== "client" || session === null || cipher === null) return null;
    const read = (length: number, call: (to: Pointer, length: number) => number | bigint) => {
      const got = Number(call(addressOf(output, 0, length), length));
      return output.bytes.slice(0, got);
    };
    const secrets = {
      suite: ssl.SSL_CIPHER_get_protocol_id(cipher),
      master: read(MASTER_KEY_BYTES, (to, n) => ssl.SSL_SESSION_get_master_key(session, to, n)),
      clientRandom: read(RANDOM_BYTES, (to, n) => ssl.SSL_get_client_random(this.#ssl, to, n)),
      serverRandom: read(RANDOM_BYTES, (to, n) => ssl.SSL_get_server_random(this.#ssl, to, n)),
    };
    const resealed = resealRecord(record, sequence, secrets);
    output.bytes.fill(0, 0, MASTER_KEY_BYTES);
    secrets.master.fill(0);
    return resealed;
  }

  skipRecords(count: number): void {
    if (count === 0 || this.state !== "connected") return;
    this.#unpark();
    for (let i = 0; i < count; i += 1) {
      this.#openSsl.ssl.SSL_write(this.#ssl, addressOf(output, 0, 1), 1);
    }
    this.take();
    this.#park();
  }

  keys(): DtlsKeys {
    assert(this.#ssl !== null && this.state === "connected", "keys exist once connected");
    const profile = this.#profile();
    assert(profile !== null, "a connected session has an SRTP profile");
    const { key, salt } = SRTP_KEY_LENGTHS[profile];
    const material = this.exportKey(EXPORTER, 2 * (key + salt));
    // RFC 5764 4.2: client key | server key | client salt | server salt.
    const take = (start: number, size: number) => material.slice(start, start + size);
    const client = { key: take(0, key), salt: take(2 * key, salt) };
    const server = { key: take(key, key), salt: take(2 * key + salt, salt) };
    material.fill(0);
    const [local, remote] = this.#role === "client" ? [client, server] : [server, client];
    return {
      profile,
      localKey: local.key,
      localSalt: local.salt,
      remoteKey: remote.key,
      remoteSalt: remote.salt,
    };
  }

  exportKey(label: string, length: number): Uint8Array {
    assert(this.#ssl !== null && this.state === "connected", "keys exist once connected");
    const name = new TextEncoder().encode(label);
    const to = addressOf(output, 0, length);
    const { ssl } = this.#openSsl;
    const ok = ssl.SSL_export_keying_material(this.#ssl, to, length, name, name.length, null, 0, 0);
    assert(ok === 1, "SSL_export_keying_material");
    const material = output.bytes.slice(0, length);
    output.bytes.fill(0, 0, length);
    return material;
  }

  peerKey(): Uint8Array {
    assert(
      this.#ssl !== null && this.state === "connected",
      "a certificate has come once connected",
    );
    const { ssl, crypto } = this.#openSsl;
    const certificate = ssl.SSL_get1_peer_certificate(this.#ssl) as Pointer | null;
    assert(certificate !== null, "both ends show a certificate");
    const key = crypto.X509_get_X509_PUBKEY(certificate);
    const length = crypto.i2d_X509_PUBKEY(key, null);
    assert(length > 0, "i2d_X509_PUBKEY");
    writeAddress(cursorView, 0, output, 0, length);
    crypto.i2d_X509_PUBKEY(key, addressOf(cursor, 0, POINTER_BYTES));
    crypto.X509_free(certificate);
    return output.bytes.slice(0, length);
  }

  close(): void {
    if (this.#ssl === null || this.state !== "connected") return;
    this.#unpark();
    this.#shutdown();
    this.state = "closed";
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

  /** RFC 5763 5: the certificate must be the one that the SDP names; a node's is only to be there. */
  #finish(): void {
    this.authentic = true;
    if (!this.#certificateIsExpected()) {
      this.#shutdown();
      this.#fail("the certificate is not the one of a=fingerprint");
    } else if (this.#expected === ANY_NODE && !this.#keysAreItsOwn()) {
      this.#shutdown();
      this.#fail("no extended master secret");
    } else if (this.#profile() === null) {
      this.#shutdown();
      this.#fail("no common SRTP profile");
    } else {
      this.state = "connected";
    }
  }

  #certificateIsExpected(): boolean {
    const { ssl, crypto } = this.#openSsl;
    const certificate = ssl.SSL_get1_peer_certificate(this.#ssl) as Pointer | null;
    if (certificate === null) return false;
    const matches = this.#expected === ANY_NODE || this.#isNamed(certificate, this.#expected);
    crypto.X509_free(certificate);
    return matches;
  }

  #isNamed(certificate: Pointer, fingerprints: readonly Fingerprint[]): boolean {
    const { crypto } = this.#openSsl;
    return fingerprints.some(({ algorithm, value }) => {
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
      return ok === 1 && isDigest(digest.bytes.subarray(0, length), value);
    });
  }

  /**
   * RFC 7627: whoever stands between two handshakes cannot make their exported keys the same. By those
   * nodes prove that they belong together.
   */
  #keysAreItsOwn(): boolean {
    const { ssl } = this.#openSsl;
    return Number(ssl.SSL_ctrl(this.#ssl, SSL_CTRL_GET_EXTMS_SUPPORT, 0, null)) === 1;
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
}
