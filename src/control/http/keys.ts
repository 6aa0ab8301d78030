import { createHash } from "node:crypto";
import { importJWK, importSPKI } from "jose";
import { z } from "zod";
import type { JwtKey } from "../../config.ts";
import { messageOf } from "../../errors.ts";

/** A key with the one algorithm that it may verify. */
export interface VerifyKey {
  readonly id: string | null;
  readonly alg: JwtKey["alg"];
  readonly key: CryptoKey | Uint8Array;
  /** Of its bytes: SHA-256 in hex. */
  readonly hash: string;
}

const jwks = z.object({
  keys: z.array(
    z.looseObject({ kty: z.string(), kid: z.string().optional(), alg: z.string().optional() }),
  ),
});

/** A key of the configuration that cannot be used: a mistake of whoever wrote it. */
export class KeyError extends Error {}

/** The keys of the configuration; throws a KeyError for one that cannot be used. */
export async function loadKeys(
  keys: readonly JwtKey[],
  readFile: (path: string) => string,
): Promise<readonly VerifyKey[]> {
  const loaded: VerifyKey[] = [];
  for (const [index, key] of keys.entries()) {
    try {
      loaded.push(...(await loadKey(key, readFile)));
    } catch (error) {
      const reason = messageOf(error);
      throw new KeyError(`auth.keys[${index}]: ${reason}`);
    }
  }
  refuseTwins(loaded);
  return loaded;
}

/** Two keys of one id and algorithm: a token would be checked against either. */
function refuseTwins(keys: readonly VerifyKey[]): void {
  const seen = new Set<string>();
  for (const { id, alg } of keys) {
    if (id === null) continue;
    if (seen.has(`${alg} ${id}`))
      throw new KeyError(`auth.keys: two ${alg} keys have the id "${id}"`);
    seen.add(`${alg} ${id}`);
  }
}

async function loadKey(key: JwtKey, readFile: (path: string) => string): Promise<VerifyKey[]> {
  const id = key.id ?? null;
  if (key.jwks !== undefined) return loadJwks(key, readFile(key.jwks));
  if (key.secret !== undefined) {
    const secret = new Uint8Array(Buffer.from(key.secret, "base64url"));
    if (secret.length < 32) throw new Error("the secret has less than 32 bytes");
    return [await verifyKey(id, key.alg, secret)];
  }
  return [await verifyKey(id, key.alg, await importSPKI(key.public ?? "", key.alg))];
}

async function verifyKey(
  id: string | null,
  alg: JwtKey["alg"],
  key: VerifyKey["key"],
): Promise<VerifyKey> {
  const bytes = key instanceof Uint8Array ? key : await crypto.subtle.exportKey("spki", key);
  const hash = createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
  return { id, alg, key, hash };
}

async function loadJwks(key: JwtKey, text: string): Promise<VerifyKey[]> {
  const document = readJwks(key.jwks!, text);
  const loaded: VerifyKey[] = [];
  for (const jwk of document.keys) {
    if (jwk.alg !== undefined && jwk.alg !== key.alg) continue;
    if (jwk.kty !== KEY_TYPES[key.alg]) continue;
    // A set may say that its public keys are not to be exported.
    const imported = await importJWK({ ...jwk, ext: true }, key.alg);
    loaded.push(await verifyKey(jwk.kid ?? null, key.alg, imported));
  }
  if (loaded.length === 0) throw new Error(`${key.jwks} holds no ${key.alg} key`);
  return loaded;
}

function readJwks(file: string, text: string): z.output<typeof jwks> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
  const parsed = jwks.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new Error(`${file} is no key set: ${path.join(".") || "it"} ${message}`);
}

const KEY_TYPES: Readonly<Record<JwtKey["alg"], string>> = {
  HS256: "oct",
  RS256: "RSA",
  ES256: "EC",
  EdDSA: "OKP",
};
