/**
 * DTLS 1.2 records in a datagram (RFC 6347 4.1):
 *
 *   | type (1) | version (2) | epoch (2) | sequence (6) | length (2) | fragment |
 */
import { readU16, writeU16, writeU32 } from "../wire/bytes.ts";

export const DTLS_RECORD_HEADER_BYTES = 13;

export const RecordType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

const VERSION_MAJOR = 0xfe;
const VERSION_1_2 = 0xfefd;
/**
 * RFC 5288 3: explicit nonce (8) and tag (16) of AES-GCM, the only ciphers we negotiate. OpenSSL
 * 3.0 ends a session by an encrypted record that is shorter, whoever sent it.
 */
const ENCRYPTED_FRAGMENT_MIN = 24;

/** Walks over the records of one datagram; ends at the first that is malformed. */
export class DtlsRecords {
  type = 0;
  epoch = 0;
  /** Where the record begins, and its length with the header. */
  offset = 0;
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #end = 0;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#next = offset;
    this.#end = offset + length;
  }

  next(): boolean {
    const at = this.#next;
    if (this.#end - at < DTLS_RECORD_HEADER_BYTES) return false;
    const bytes = this.#bytes;
    this.type = bytes[at]!;
    if (this.type < RecordType.changeCipherSpec || this.type > RecordType.applicationData) {
      return false;
    }
    if (bytes[at + 1] !== VERSION_MAJOR) return false;
    this.offset = at;
    this.length = recordLength(bytes, at);
    if (this.length > this.#end - at) return false;
    this.epoch = readU16(bytes, at + 3);
    this.#next = at + this.length;
    return true;
  }

  /** Encrypted under the keys of the only handshake there is, and long enough to be authentic. */
  get sealed(): boolean {
    const fragment = this.length - DTLS_RECORD_HEADER_BYTES;
    return (
      this.epoch === 1 &&
      readU16(this.#bytes, this.offset + 1) === VERSION_1_2 &&
      fragment >= ENCRYPTED_FRAGMENT_MIN
    );
  }
}

/** Length of the record at `offset`, with its header. */
export function recordLength(bytes: Uint8Array, offset: number): number {
  return DTLS_RECORD_HEADER_BYTES + readU16(bytes, offset + 11);
}

/** A record of epoch 0, in clear. */
export function clearRecord(type: number, sequence: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(DTLS_RECORD_HEADER_BYTES + body.length);
  record[0] = type;
  writeU16(record, 1, VERSION_1_2);
  writeSequence(record, sequence);
  writeU16(record, 11, body.length);
  record.set(body, DTLS_RECORD_HEADER_BYTES);
  return record;
}

/** Gives a record another number within its epoch. */
export function writeSequence(record: Uint8Array, sequence: number): void {
  writeU16(record, 5, Math.floor(sequence / 2 ** 32));
  writeU32(record, 7, sequence >>> 0);
}
