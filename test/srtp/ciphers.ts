import { openOpenSsl } from "../../src/io/openssl.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { SrtpProfile } from "../../src/srtp/cipher.ts";
import { PortableSrtpFactory } from "../../src/srtp/cipher-portable.ts";

export const FACTORIES = [
  { name: "openssl", factory: new OpenSslSrtpFactory(openOpenSsl("system")) },
  { name: "portable", factory: new PortableSrtpFactory() },
] as const;

export const PROFILES = [
  { name: "CM80", profile: SrtpProfile.AES128_CM_HMAC_SHA1_80, key: 16, salt: 14 },
  { name: "GCM128", profile: SrtpProfile.AEAD_AES_128_GCM, key: 16, salt: 12 },
  { name: "GCM256", profile: SrtpProfile.AEAD_AES_256_GCM, key: 32, salt: 12 },
] as const;

/** Key material that differs between seeds. */
export function material(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + 7) & 0xff);
}
