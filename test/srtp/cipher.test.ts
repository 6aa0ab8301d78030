import { describe, expect, test } from "bun:test";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { SrtpProfile } from "../../src/srtp/cipher.ts";
import { deriveKeyPair } from "../../src/srtp/key-derivation.ts";
import { seeded } from "../support/random.ts";
import { FACTORIES, material, PROFILES } from "./ciphers.ts";
import { RFC3711_B2, RFC3711_B3, RFC7714 } from "./vectors.ts";

const region = pinnedRegion(4096);
const other = pinnedRegion(4096);

test("RFC 3711 B.3: key derivation", () => {
  const { masterKey, masterSalt } = RFC3711_B3;
  const cm = SrtpProfile.AES128_CM_HMAC_SHA1_80;
  const keys = deriveKeyPair(cm, masterKey, masterSalt).rtp;
  expect(keys.key).toEqual(RFC3711_B3.key);
  expect(keys.salt).toEqual(RFC3711_B3.salt);
  expect(keys.auth).toEqual(RFC3711_B3.auth.slice(0, 20));
});

for (const { name, factory } of FACTORIES) {
  describe(name, () => {
    test("RFC 3711 B.2: AES-CM keystream", () => {
      const { sessionKey: key, sessionSalt: salt, keystream } = RFC3711_B2;
      const keys = { key, salt, auth: material(20, 1) };
      const cipher = factory.fromSessionKeys(SrtpProfile.AES128_CM_HMAC_SHA1_80, {
        rtp: keys,
        rtcp: keys,
      });
      region.bytes.fill(0);
      cipher.sealRtp(region, 0, 12, region, 12, keystream.length, 0, 0);
      expect<Uint8Array>(region.bytes.slice(12, 12 + keystream.length)).toEqual(keystream);
      cipher.free();
    });

    for (const size of ["gcm128", "gcm256"] as const) {
      test(`RFC 7714 16 and 17: ${size}`, () => {
        const vector = RFC7714[size];
        const keys = { rtp: vector.keys, rtcp: vector.keys };
        const profile =
          size === "gcm128" ? SrtpProfile.AEAD_AES_128_GCM : SrtpProfile.AEAD_AES_256_GCM;
        const cipher = factory.fromSessionKeys(profile, keys);
        const { rtp, rtcp } = RFC7714;
        region.bytes.set(rtp.plain, 100);
        other.bytes.set(rtp.plain, 7);
        const payload = rtp.plain.length - 12;
        const { ssrc, index } = rtp;
        expect(cipher.sealRtp(region, 100, 12, other, 19, payload, ssrc, index)).toBe(
          vector.rtp.length,
        );
        expect<Uint8Array>(region.bytes.slice(100, 100 + vector.rtp.length)).toEqual(vector.rtp);
        expect(cipher.openRtp(region, 100, 12, vector.rtp.length, ssrc, index)).toBe(
          rtp.plain.length,
        );
        expect<Uint8Array>(region.bytes.slice(100, 100 + rtp.plain.length)).toEqual(rtp.plain);

        region.bytes.set(rtcp.plain, 0);
        const length = rtcp.plain.length;
        expect(cipher.sealRtcp(region, 0, length, rtcp.ssrc, rtcp.index)).toBe(vector.rtcp.length);
        expect<Uint8Array>(region.bytes.slice(0, vector.rtcp.length)).toEqual(vector.rtcp);
        expect(cipher.openRtcp(region, 0, vector.rtcp.length, rtcp.ssrc, rtcp.index)).toBe(length);
        expect<Uint8Array>(region.bytes.slice(0, length)).toEqual(rtcp.plain);
        cipher.free();
      });
    }

    test("one cipher seals and opens in turn", () => {
      const { profile, key, salt } = PROFILES[1];
      const cipher = factory.create(profile, material(key, 1), material(salt, 2));
      const packet = material(72, 3);
      packet[0] = 0x80;
      for (const [i, seals] of [3, 1, 2, 4].entries()) {
        for (let index = 100 * i; index < 100 * i + seals; index += 1) {
          region.bytes.set(packet);
          const length = cipher.sealRtp(region, 0, 12, region, 12, 60, 77, index);
          expect(length).toBe(72 + cipher.rtpOverhead);
        }
        const length = 72 + cipher.rtpOverhead;
        expect(cipher.openRtp(region, 0, 12, length, 77, 100 * i + seals - 1)).toBe(72);
        expect<Uint8Array>(region.bytes.slice(0, 72)).toEqual(packet);
      }
      cipher.free();
    });

    for (const p of PROFILES) {
      test(`${p.name}: one flipped bit in any byte is refused`, () => {
        const cipher = factory.create(p.profile, material(p.key, 1), material(p.salt, 2));
        const packet = material(72, 3);
        packet[0] = 0x80;
        region.bytes.set(packet);
        const length = cipher.sealRtp(region, 0, 12, region, 12, 60, 77, 70_000);
        const sealed = region.bytes.slice(0, length);
        for (let i = 0; i < length; i += 1) {
          region.bytes.set(sealed);
          region.bytes[i]! ^= 1 << (i & 7);
          expect(cipher.openRtp(region, 0, 12, length, 77, 70_000)).toBe(-1);
        }
        // Another roll-over counter; the sequence number itself is in the header.
        for (const index of [70_000 + 65_536, 4464]) {
          region.bytes.set(sealed);
          expect(cipher.openRtp(region, 0, 12, length, 77, index)).toBe(-1);
        }
        region.bytes.set(sealed);
        expect(cipher.openRtp(region, 0, 12, length, 77, 70_000)).toBe(72);
        expect<Uint8Array>(region.bytes.slice(0, 72)).toEqual(packet);
        cipher.free();
      });

      test(`${p.name}: one flipped bit in any byte of SRTCP is refused`, () => {
        const cipher = factory.create(p.profile, material(p.key, 1), material(p.salt, 2));
        const packet = material(60, 4);
        region.bytes.set(packet);
        const length = cipher.sealRtcp(region, 0, 60, 99, 5);
        const sealed = region.bytes.slice(0, length);
        // GCM authenticates the index word as the caller read it, so flips of the last word are
        // the receiver's test (receiver.test.ts).
        const end = p.name === "CM80" ? length : length - 4;
        for (let i = 0; i < end; i += 1) {
          region.bytes.set(sealed);
          region.bytes[i]! ^= 1 << (i & 7);
          expect(cipher.openRtcp(region, 0, length, 99, 5)).toBe(-1);
        }
        region.bytes.set(sealed);
        expect(cipher.openRtcp(region, 0, length, 99, 5)).toBe(60);
        expect<Uint8Array>(region.bytes.slice(0, 60)).toEqual(packet);
        cipher.free();
      });
    }
  });
}

for (const p of PROFILES) {
  test(`${p.name}: OpenSSL and node:crypto agree on random packets`, () => {
    const seed = 20261;
    const random = seeded(seed);
    const below = (n: number) => Math.floor(random() * n);
    const key = material(p.key, below(99));
    const salt = material(p.salt, below(99));
    const [a, b] = FACTORIES.map(({ factory }) => factory.create(p.profile, key, salt));
    for (let round = 0; round < 500; round += 1) {
      const header = 12 + 4 * below(8);
      const payload = below(4) === 0 ? 0 : below(1200);
      const ssrc = below(2 ** 32);
      const index = below(2) === 0 ? below(2 ** 20) : Math.floor(random() * 2 ** 48);
      for (let i = 0; i < header + payload; i += 1) region.bytes[i] = below(256);
      other.bytes.set(region.bytes);
      const plain = region.bytes.slice(0, header + payload);
      const length = a!.sealRtp(region, 0, header, region, header, payload, ssrc, index);
      expect(b!.sealRtp(other, 0, header, other, header, payload, ssrc, index)).toBe(length);
      const same = Buffer.compare(region.bytes.slice(0, length), other.bytes.slice(0, length));
      expect(`seed ${seed} round ${round}: ${same}`).toBe(`seed ${seed} round ${round}: 0`);
      expect(a!.openRtp(other, 0, header, length, ssrc, index)).toBe(header + payload);
      expect(Buffer.compare(other.bytes.slice(0, header + payload), plain)).toBe(0);

      const size = 8 + 4 * below(100);
      const rtcpIndex = below(2 ** 31);
      other.bytes.set(region.bytes);
      const sealed = a!.sealRtcp(region, 0, size, ssrc, rtcpIndex);
      expect(b!.sealRtcp(other, 0, size, ssrc, rtcpIndex)).toBe(sealed);
      expect(Buffer.compare(region.bytes.slice(0, sealed), other.bytes.slice(0, sealed))).toBe(0);
      expect(b!.openRtcp(region, 0, sealed, ssrc, rtcpIndex)).toBe(size);
    }
    a!.free();
    b!.free();
  });
}
