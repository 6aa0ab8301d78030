import { AssertionError } from "../assert.ts";

/**
 * What SRTP needs from a cryptographic library, for one direction of one session. OpenSSL provides
 * it in src/io; simulations pass a deterministic one. Nothing here allocates per packet.
 */

/** Memory that JavaScript and the cipher both address. */
export interface Region {
  readonly bytes: Uint8Array;
  /** Address of `bytes[0]` for foreign calls; 0 where no foreign call is made. */
  readonly address: number;
}

/**
 * Asserts that `length` bytes from `offset` on lie inside a region. Whoever hands a part of a region to
 * a cipher or to foreign code asks this first: native code reads and writes what it is told. Negative
 * numbers, fractions and NaN are outside of every region.
 */
export function assertInside(region: Region, offset: number, length: number): void {
  if (!isInside(region, offset, length)) throw outside(region, offset, length);
}

/** The same as a question. Small, so that the compiler puts it where it is asked, for each packet. */
export function isInside(region: Region, offset: number, length: number): boolean {
  const whole = offset >>> 0 === offset && length >>> 0 === length;
  return whole && offset + length <= region.bytes.length;
}

export function outside(region: Region, offset: number, length: number): AssertionError {
  const size = region.bytes.length;
  return new AssertionError(`${length} bytes at ${offset} lie outside of a region of ${size}`);
}

/** RFC 5764 4.1.2 and RFC 7714 14.2 names, with the profile numbers of use_srtp. */
export const SrtpProfile = {
  AES128_CM_HMAC_SHA1_80: 0x0001,
  AEAD_AES_128_GCM: 0x0007,
  AEAD_AES_256_GCM: 0x0008,
} as const;
export type SrtpProfileId = (typeof SrtpProfile)[keyof typeof SrtpProfile];

/** The profile's name in its registry, or its number. */
export function srtpProfileName(profile: number): string {
  return Object.entries(SrtpProfile).find(([, id]) => id === profile)?.[0] ?? `${profile}`;
}

export interface SrtpCipher {
  /** Bytes that sealing adds to an RTP packet (16 for GCM, 10 for HMAC-SHA1-80). */
  readonly rtpOverhead: number;
  /** Bytes that sealing adds to an RTCP packet (tag + 4 bytes of E-flag and index). */
  readonly rtcpOverhead: number;
  /**
   * Seals one RTP packet: the finished header (with extensions) stands at `output[outputOffset]`,
   * the plaintext payload anywhere in `input`. `index` is the 48-bit packet index
   * (roll-over counter * 65536 + sequence number). Returns the sealed packet's whole length.
   */
  sealRtp(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    ssrc: number,
    index: number,
  ): number;
  /** Opens in place. Returns the length of header + payload without the tag, or -1 if forged. */
  openRtp(
    region: Region,
    offset: number,
    headerLength: number,
    length: number,
    ssrc: number,
    index: number,
  ): number;
  /** Seals a compound RTCP packet in place (room for rtcpOverhead behind it). Returns its length. */
  sealRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number;
  /** Opens in place. Returns the length of the compound packet, or -1 if forged. */
  openRtcp(region: Region, offset: number, length: number, ssrc: number, index: number): number;
  free(): void;
}

export interface SrtpCipherFactory {
  /** Derives the session keys (RFC 3711 4.3, RFC 7714 11) and returns one direction's cipher. */
  create(profile: SrtpProfileId, masterKey: Uint8Array, masterSalt: Uint8Array): SrtpCipher;
}
