/** SRTP ciphers over OpenSSL's EVP: straight between the regions, nothing allocated per packet. */
import { assert } from "../assert.ts";
import {
  type SrtpCipher,
  type SrtpCipherFactory,
  SrtpProfile,
  type SrtpProfileId,
} from "../srtp/cipher.ts";
import { deriveKeyPair, type SrtpSessionKeyPair } from "../srtp/key-derivation.ts";
import type { OpenSsl } from "./openssl.ts";
import { CmCipher } from "./srtp-openssl-cm.ts";
import { GcmCipher } from "./srtp-openssl-gcm.ts";

export class OpenSslSrtpFactory implements SrtpCipherFactory {
  readonly #openSsl: OpenSsl;

  constructor(openSsl: OpenSsl) {
    this.#openSsl = openSsl;
  }

  create(profile: SrtpProfileId, masterKey: Uint8Array, masterSalt: Uint8Array): SrtpCipher {
    return this.fromSessionKeys(profile, deriveKeyPair(profile, masterKey, masterSalt));
  }

  /** As `create`, below the key derivation. */
  fromSessionKeys(profile: SrtpProfileId, keys: SrtpSessionKeyPair): SrtpCipher {
    if (profile === SrtpProfile.AES128_CM_HMAC_SHA1_80) return new CmCipher(this.#openSsl, keys);
    const keyBytes = profile === SrtpProfile.AEAD_AES_256_GCM ? 32 : 16;
    assert(keys.rtp.key.length === keyBytes && keys.rtcp.key.length === keyBytes, "GCM key length");
    return new GcmCipher(this.#openSsl, keys);
  }
}
