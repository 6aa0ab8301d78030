/**
 * DTLS 1.2 by OpenSSL with memory BIOs. One SSL_CTX a thread, shared by its sessions.
 *
 * OpenSSL measures its retransmission timer by the wall clock, and would repeat a flight in the midst
 * of reading the answer to it; so it gets no time to, and src/peer/dtls-guard.ts repeats.
 */
import { JSCallback, type Pointer, toArrayBuffer } from "bun:ffi";
import { randomBytes } from "node:crypto";
import { assert } from "../assert.ts";
import type { DtlsEngine, DtlsEngineFactory, DtlsRole } from "../peer/dtls.ts";
import type { Expected } from "../peer/fingerprint.ts";
import { OpenSslDtlsEngine } from "./dtls-openssl-engine.ts";
import { type OpenSsl, takeOpenSslError } from "./openssl.ts";

/**
 * Only ECDHE with AES-GCM: forward secrecy, no CBC, and one least record length
 * (src/peer/dtls-records.ts). RFC 8827 6.5 makes the first mandatory, so everybody has it. RSA: for
 * the certificates of servers we join.
 */
const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES256-GCM-SHA384",
].join(":");
/**
 * In the order of preference. A group must also be listed for a peer's certificate to be taken:
 * P-224 is what FFmpeg with GnuTLS makes its own on (seen with FFmpeg 8.1), 112 bits of strength.
 */
const GROUPS = "X25519:P-256:P-384:P-521:P-224";
/** OpenSSL's names of the SRTP profiles, best first. */
const SRTP_PROFILES = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

const DTLS1_2_VERSION = 0xfefd;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const SSL_OP_NO_QUERY_MTU = 1 << 12;
const SSL_OP_NO_TICKET = 1 << 14;
const SSL_OP_NO_COMPRESSION = 1 << 17;
const SSL_OP_CIPHER_SERVER_PREFERENCE = 1 << 22;
const SSL_OP_NO_RENEGOTIATION = 2 ** 30;
const SSL_VERIFY_PEER_OR_FAIL = 0x01 | 0x02;

/** 71 minutes, the longest it takes: every session is connected or freed before. */
const NO_REPEAT_US = 0xffff_ffff;

export interface DtlsCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Called by OpenSSL for every session, so made once a thread and never closed. */
interface Callbacks {
  readonly verify: JSCallback;
  readonly timer: JSCallback;
  readonly makeCookie: JSCallback;
  readonly checkCookie: JSCallback;
}

let callbacks: Callbacks | null = null;

export class OpenSslDtlsFactory implements DtlsEngineFactory {
  readonly #openSsl: OpenSsl;
  #context: Pointer | null;

  /**
   * Throws when OpenSSL takes neither certificate nor settings. `srtpProfiles` limits what is
   * negotiated, in OpenSSL's spelling; null offers all, AES-128-GCM first.
   */
  constructor(openSsl: OpenSsl, certificate: DtlsCertificate, srtpProfiles: string | null = null) {
    this.#openSsl = openSsl;
    this.#context = newContext(openSsl, certificate, srtpProfiles ?? SRTP_PROFILES);
  }

  engine(role: DtlsRole, expected: Expected, cookie: boolean): DtlsEngine {
    const context = this.#context;
    assert(context !== null, "a freed factory is not used");
    const timer = sharedCallbacks().timer.ptr;
    assert(timer !== null, "the callbacks are never closed");
    return new OpenSslDtlsEngine(this.#openSsl, context, timer, role, expected, cookie);
  }

  random(length: number): Uint8Array {
    return randomBytes(length);
  }

  /** Sessions that exist keep working. */
  free(): void {
    if (this.#context !== null) this.#openSsl.ssl.SSL_CTX_free(this.#context);
    this.#context = null;
  }
}

function sharedCallbacks(): Callbacks {
  callbacks ??= {
    // The chain means nothing between self-signed ends; the fingerprint is checked after the
    // handshake, in which OpenSSL has checked the CertificateVerify.
    verify: new JSCallback(() => 1, { args: ["ptr", "ptr"], returns: "i32" }),
    timer: new JSCallback(() => NO_REPEAT_US, { args: ["ptr", "u32"], returns: "u32" }),
    // src/peer/dtls-server-guard.ts makes and checks the cookies; OpenSSL wants some byte.
    makeCookie: new JSCallback(
      (_ssl: Pointer, cookie: Pointer, length: Pointer) => {
        new Uint8Array(toArrayBuffer(cookie, 0, 1))[0] = 1;
        new Uint32Array(toArrayBuffer(length, 0, 4))[0] = 1;
        return 1;
      },
      { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    ),
    checkCookie: new JSCallback(() => 1, { args: ["ptr", "ptr", "u32"], returns: "i32" }),
  };
  return callbacks;
}

function newContext(openSsl: OpenSsl, certificate: DtlsCertificate, srtpProfiles: string): Pointer {
  const { ssl } = openSsl;
  const context = ssl.SSL_CTX_new(ssl.DTLS_method()) as Pointer | null;
  assert(context !== null, "SSL_CTX_new");
  const number = (command: number, value: number) =>
    Number(ssl.SSL_CTX_ctrl(context, command, value, null));
  check(openSsl, number(SSL_CTRL_SET_MIN_PROTO_VERSION, DTLS1_2_VERSION), "DTLS 1.2 at least");
  check(openSsl, number(SSL_CTRL_SET_MAX_PROTO_VERSION, DTLS1_2_VERSION), "DTLS 1.2 at most");
  number(SSL_CTRL_SET_SESS_CACHE_MODE, 0);
  const options =
    SSL_OP_NO_QUERY_MTU |
    SSL_OP_NO_TICKET |
    SSL_OP_NO_COMPRESSION |
    SSL_OP_CIPHER_SERVER_PREFERENCE |
    SSL_OP_NO_RENEGOTIATION;
  ssl.SSL_CTX_set_options(context, options);
  check(openSsl, ssl.SSL_CTX_set_cipher_list(context, text(CIPHERS)), "cipher list");
  const groups = ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, text(GROUPS));
  check(openSsl, Number(groups), "groups");
  // This one function returns 0 for success.
  const refused = ssl.SSL_CTX_set_tlsext_use_srtp(context, text(srtpProfiles));
  check(openSsl, refused === 0 ? 1 : 0, "SRTP profiles");
  ssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER_OR_FAIL, null);
  ssl.SSL_CTX_set_cert_verify_callback(context, sharedCallbacks().verify.ptr, null);
  ssl.SSL_CTX_set_cookie_generate_cb(context, sharedCallbacks().makeCookie.ptr);
  ssl.SSL_CTX_set_cookie_verify_cb(context, sharedCallbacks().checkCookie.ptr);
  useCertificate(openSsl, context, certificate);
  return context;
}

function useCertificate(openSsl: OpenSsl, context: Pointer, certificate: DtlsCertificate): void {
  const { crypto, ssl } = openSsl;
  const x509 = readPem(openSsl, certificate.certificatePem, crypto.PEM_read_bio_X509);
  const key = readPem(openSsl, certificate.privateKeyPem, crypto.PEM_read_bio_PrivateKey);
  check(openSsl, ssl.SSL_CTX_use_certificate(context, x509), "certificate");
  check(openSsl, ssl.SSL_CTX_use_PrivateKey(context, key), "private key");
  check(openSsl, ssl.SSL_CTX_check_private_key(context), "private key of the certificate");
  crypto.X509_free(x509);
  crypto.EVP_PKEY_free(key);
}

function readPem(
  openSsl: OpenSsl,
  pem: string,
  read: OpenSsl["crypto"]["PEM_read_bio_X509"],
): Pointer {
  const { crypto } = openSsl;
  const bio = crypto.BIO_new(crypto.BIO_s_mem());
  const bytes = new TextEncoder().encode(pem);
  crypto.BIO_write(bio, bytes, bytes.length);
  const object = read(bio, null, null, null) as Pointer | null;
  crypto.BIO_free(bio);
  if (object === null) throw new Error(`PEM: ${takeOpenSslError(openSsl)}`);
  return object;
}

function check(openSsl: OpenSsl, result: number, what: string): void {
  if (result !== 1) throw new Error(`OpenSSL refuses ${what}: ${takeOpenSslError(openSsl)}`);
}

/** OpenSSL copies the string during the call. */
function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}
