import { importJWK, importSPKI } from "jose";
import { z } from "zod";
import type { JwtKey } from "../config.ts";

/** A key with the one algorithm that it may verify. */
export interface VerifyKey {
  readonly id: string | null;
  readonly alg: JwtKey["alg"];
  readonly key: CryptoKey | Uint8Array;
}

const jwks = z.object({
  keys: z.array(
    z.looseObject({ kty: z.string(), kid: z.string().optional(), alg: z.string().optional() }),
  ),
});

/** The keys of the configuration; throws a readable Error for one that cannot be used. */
export async function loadKeys(
  keys: readonly JwtKey[],
  readFile: (path: string) => string,
): Promise<readonly VerifyKey[]> {
  const loaded: VerifyKey[] = [];
  for (const [index, key] of keys.entries()) {
    try {
      loaded.push(...(await loadKey(key, readFile)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`auth.keys[${index}]: ${reason}`);
    }
  }
  return loaded;
}

async function loadKey(key: JwtKey, readFile: (path: string) => string): Promise<VerifyKey[]> {
  const id = key.id ?? null;
  if (key.jwks !== undefined) return loadJwks(key, readFile(key.jwks));
  if (key.secret !== undefined) {
    const secret = new Uint8Array(Buffer.from(key.secret, "base64url"));
    if (secret.length < 32) throw new Error("the secret has less than 32 bytes");
    return [{ id, alg: key.alg, key: secret }];
  }
  return [{ id, alg: key.alg, key: await importSPKI(key.public ?? "", key.alg) }];
}

async function loadJwks(key: JwtKey, text: string): Promise<VerifyKey[]> {
  const document = jwks.parse(JSON.parse(text));
  const loaded: VerifyKey[] = [];
  for (const jwk of document.keys) {
    if (jwk.alg !== undefined && jwk.alg !== key.alg) continue;
    if (jwk.kty !== KEY_TYPES[key.alg]) continue;
    loaded.push({ id: jwk.kid ?? null, alg: key.alg, key: await importJWK(jwk, key.alg) });
  }
  if (loaded.length === 0) throw new Error(`${key.jwks} holds no ${key.alg} key`);
  return loaded;
}

const KEY_TYPES: Readonly<Record<JwtKey["alg"], string>> = {
  HS256: "oct",
  RS256: "RSA",
  ES256: "EC",
  EdDSA: "OKP",
};
