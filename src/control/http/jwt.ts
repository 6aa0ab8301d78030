/** What a JWT says, once a key of the configuration has vouched for it. */
import type { JWTPayload } from "jose";
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";
import { EVENT_NAME_MAX } from "../../limits.ts";
import type { VerifyKey } from "./keys.ts";

export type Claims = z.output<typeof claims>;

export interface JwtRules {
  readonly audience: string;
  /** The longest that a token may be valid, in seconds. */
  readonly lifetimeMax: number;
}

/** Null: no key vouches for it. A refusal says what is wrong with one that a key vouches for. */
export type JwtResult =
  /** `until`: from then on it has expired, seconds since 1970. */
  { readonly claims: Claims; readonly until: number } | { readonly refusal: string } | null;

/** Seconds that clocks may differ (`exp`, `nbf`, `iat`). */
const LEEWAY_S = 60;
const DAY_S = 86_400;
/** The last second of the year 9999: what lies beyond is no date. */
const NUMERIC_DATE_MAX = 253_402_300_799;

const RIGHTS = ["publish", "view", "admin"] as const;
const limit = z.number().int().positive();
const claims = z.object({
  rights: z.array(z.enum(RIGHTS)).min(1),
  streams: z.array(z.string().min(1).max(400)).min(1).max(100),
  maxWidth: limit.optional(),
  maxHeight: limit.optional(),
  maxBitrate: limit.optional(),
  /** Of who has it, as OpenID Connect has it: whatever stands there, the token is as good. */
  name: z
    .string()
    .transform((name) => [...name].slice(0, EVENT_NAME_MAX).join(""))
    .optional()
    .catch(undefined),
});

/** What the claims must be, for whoever makes tokens. */
const WANTED: Readonly<Record<keyof Claims, string>> = {
  rights: `a list of ${RIGHTS.join(", ")}`,
  streams: 'a list of patterns, for example ["news/*"]; ["**"] is every stream',
  maxWidth: "a whole number of pixels",
  maxHeight: "a whole number of pixels",
  maxBitrate: "a whole number of bits a second",
  name: "a text",
};

/** Checks signature, times and claims; `now` in seconds since 1970. */
export async function readJwt(
  token: string,
  keys: readonly VerifyKey[],
  rules: JwtRules,
  now: number,
): Promise<JwtResult> {
  const id = keyId(token);
  for (const key of keys) {
    if (id === null || (id !== undefined && key.id !== null && key.id !== id)) continue;
    const payload = await verify(token, key, rules, now);
    if (typeof payload === "string") return { refusal: payload };
    if (payload !== null) return judge(payload, rules, now);
  }
  return null;
}

/** Undefined when it names none, null when it is no JWT. */
function keyId(token: string): string | undefined | null {
  if (token.split(".").length !== 3) return null;
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return null;
  }
}

/** The payload, what is wrong with it though the key has signed it, or null. */
async function verify(
  token: string,
  key: VerifyKey,
  rules: JwtRules,
  now: number,
): Promise<JWTPayload | string | null> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.alg],
      audience: rules.audience,
      requiredClaims: ["exp"],
      clockTolerance: LEEWAY_S,
      currentDate: new Date(now * 1000),
    });
    return payload;
  } catch (error) {
    // These two come after the signature was found good; everything else is simply not ours.
    if (error instanceof errors.JWTExpired) return "it has expired; make a new one";
    if (!(error instanceof errors.JWTClaimValidationFailed)) return null;
    if (error.claim === "aud") return `its \`aud\` must be "${rules.audience}" (auth.audience)`;
    if (error.claim === "nbf" && error.reason === "check_failed") return "it is not valid yet";
    return `its \`${error.claim}\` must be ${NUMERIC_DATE}`;
  }
}

const NUMERIC_DATE = "a number of seconds since 1970";

function judge(payload: JWTPayload, rules: JwtRules, now: number): JwtResult {
  const wrong = wrongTimes(payload, rules, now) ?? misspelt(payload);
  if (wrong !== null) return { refusal: wrong };
  const parsed = claims.safeParse(payload);
  if (parsed.success) return { claims: parsed.data, until: payload.exp! + LEEWAY_S };
  const name = String(parsed.error.issues[0]!.path[0]) as keyof Claims;
  return { refusal: `its \`${name}\` must be ${WANTED[name]}` };
}

/** A token that lasts for ever, by whatever trick, cannot be taken back but with its key. */
function wrongTimes(payload: JWTPayload, rules: JwtRules, now: number): string | null {
  const { exp, nbf, iat } = payload;
  for (const [name, time] of Object.entries({ exp, nbf, iat })) {
    if (time === undefined && name !== "exp") continue;
    if (!isNumericDate(time)) return `its \`${name}\` must be ${NUMERIC_DATE}`;
  }
  if (iat !== undefined && iat > now + LEEWAY_S) return "its `iat` lies in the future";
  const since = Math.min(now, iat ?? now, nbf ?? now);
  if (exp! - since <= rules.lifetimeMax + LEEWAY_S) return null;
  const days = `${Math.floor((exp! - since) / DAY_S)} days`;
  const most = `${Number((rules.lifetimeMax / DAY_S).toFixed(2))} days (max-token-lifetime)`;
  return `it is valid for ${days}, more than ${most}; make one that expires earlier`;
}

function isNumericDate(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value <= NUMERIC_DATE_MAX;
}

/** `max-height` would be no claim of ours, and its token without the limit that it was to have. */
function misspelt(payload: JWTPayload): string | null {
  const known = Object.keys(WANTED);
  for (const name of Object.keys(payload)) {
    const letters = name.toLowerCase().replace(/[^a-z]/g, "");
    const meant = known.find((each) => each.toLowerCase() === letters);
    if (meant !== undefined && meant !== name) return `its \`${name}\` must be spelt \`${meant}\``;
  }
  return null;
}
