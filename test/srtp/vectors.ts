/** Test vectors of RFC 3711 B.2 and B.3 and of RFC 7714 16 and 17, verbatim. */
import { fromHex } from "../support/hex.ts";

export const RFC3711_B2 = {
  sessionKey: fromHex("2B7E151628AED2A6ABF7158809CF4F3C"),
  sessionSalt: fromHex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
  /** First three blocks; SSRC 0, index 0. */
  keystream: fromHex(`
    E03EAD0935C95E80E166B16DD92B4EB4
    D23513162B02D0F72A43A2FE4A5F97AB
    41E95B3BB0A2E8DD477901E4FCA894C0`),
};

export const RFC3711_B3 = {
  masterKey: fromHex("E1F97A0D3E018BE0D64FA32C06DE4139"),
  masterSalt: fromHex("0EC675AD498AFEEBB6960B3AABE6"),
  key: fromHex("C61E7A93744F39EE10734AFE3FF7A087"),
  salt: fromHex("30CBBC08863D8C85D49DB34A9AE1"),
  /** 94 octets in the RFC; HMAC-SHA1 takes the first 20. */
  auth: fromHex(`
    CEBE321F6FF7716B6FD4AB49AF256A15
    6D38BAA48F0A0ACF3C34E2359E6CDBCE
    E049646C43D9327AD175578EF7227098
    6371C10C9A369AC2F94A8C5FBCDDDC25
    6D6E919A48B610EF17C2041E47403576
    6B68642C59BBFC2F34DB60DBDFB2`),
};

const SALT = fromHex("51756964 2070726f 2071756f");
const KEY_128 = fromHex("000102030405060708090a0b0c0d0e0f");
const KEY_256 = fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
const NO_AUTH = new Uint8Array(0);

export const RFC7714 = {
  rtp: {
    ssrc: 0x5501a0b2,
    index: 0xf17b,
    headerLength: 12,
    plain: fromHex(`
      8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
      69736120 696e2070 61727465 73207472 6573`),
  },
  rtcp: {
    ssrc: 0x4d617273,
    index: 0x5d4,
    plain: fromHex(`
      81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
      deadbeef deadbeef deadbeef deadbeef deadbeef`),
  },
  gcm128: {
    keys: { key: KEY_128, salt: SALT, auth: NO_AUTH },
    /** 16.1.1 */
    rtp: fromHex(`
      8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
      0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`),
    /** 17.1 */
    rtcp: fromHex(`
      81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
      c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872
      45d9eade 800005d4`),
  },
  gcm256: {
    keys: { key: KEY_256, salt: SALT, auth: NO_AUTH },
    /** 16.2.1 */
    rtp: fromHex(`
      8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238
      9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13`),
    /** 17.2 */
    rtcp: fromHex(`
      81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50
      a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c
      b26ac3be 800005d4`),
  },
};
