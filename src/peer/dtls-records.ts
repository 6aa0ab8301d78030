/**
 * DTLS 1.2 records in a datagram (RFC 6347 4.1):
 *
 *   | type (1) | version (2) | epoch (2) | sequence (6) | length (2) | fragment |
 */
import { readU16 } from "../wire/bytes.ts";

export const DTLS_RECORD_HEADER_BYTES = 13;

const TYPE_CHANGE_CIPHER_SPEC = 20;
const TYPE_ALERT = 21;
const TYPE_APPLICATION_DATA = 23;
const VERSION_MAJOR = 0xfe;
/**
 * RFC 5288 3: explicit nonce (8) and tag (16) of AES-GCM, the only ciphers we negotiate. OpenSSL
 * 3.0 ends a session by an encrypted record that is shorter, whoever sent it.
 */
const ENCRYPTED_FRAGMENT_MIN = 24;

/**
 * Copies the records of a datagram that may reach the DTLS library into `out` and returns their
 * length. Left out: everything from the first malformed record on; alerts in clear, which anybody
 * can forge (RFC 6347 4.1.2.7: no session ends by an unauthenticated record); encrypted records
 * that are too short to be authentic; and, once `encryptedOnly`, every record in clear.
 */
export function filterRecords(
  bytes: Uint8Array,
  offset: number,
  length: number,
  encryptedOnly: boolean,
  out: Uint8Array,
): number {
  const end = offset + length;
  let position = offset;
  let kept = 0;
  while (end - position >= DTLS_RECORD_HEADER_BYTES) {
    const type = bytes[position]!;
    if (type < TYPE_CHANGE_CIPHER_SPEC || type > TYPE_APPLICATION_DATA) break;
    if (bytes[position + 1] !== VERSION_MAJOR) break;
    const next = position + recordLength(bytes, position);
    if (next > end || kept + next - position > out.length) break;
    const clear = readU16(bytes, position + 3) === 0;
    const fragment = next - position - DTLS_RECORD_HEADER_BYTES;
    if (clear ? !encryptedOnly && type !== TYPE_ALERT : fragment >= ENCRYPTED_FRAGMENT_MIN) {
      for (let i = position; i < next; i += 1) out[kept++] = bytes[i]!;
    }
    position = next;
  }
  return kept;
}

/** Length of the record at `offset`, with its header. */
export function recordLength(bytes: Uint8Array, offset: number): number {
  return DTLS_RECORD_HEADER_BYTES + readU16(bytes, offset + 11);
}
