/**
 * Who may publish, view and administer. Tokens come as `Authorization: Bearer`, raw (encoders that
 * leave the scheme out) or as `?token=` (RFC 9725 4.7.1); they are static ones of the configuration
 * or JWTs, and are checked here without asking anybody.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { z } from "zod";
import type { Config } from "../config.ts";
import { isOpenByDefault } from "../config.ts";
import type { Clock } from "./context.ts";
import type { VerifyKey } from "./keys.ts";
import { type ViewLimits, viewLimits } from "./layer-limits.ts";
import { matchesPattern } from "./pattern.ts";
import { problem } from "./problem.ts";
import type { Client } from "./proxy.ts";
import { isLoopbackHost } from "./proxy.ts";

export type Right = "publish" | "view" | "admin";

/** What a request may do. */
export interface Grant {
  readonly rights: readonly Right[];
  /** Whether the stream is among those that it may use. */
  readonly covers: (stream: string) => boolean;
  /** The largest layer for viewers; publishers are asked to keep to the bit rate. */
  readonly limits: ViewLimits;
  /** SHA-256 of the token in hex; null without a token. */
  readonly tokenHash: string | null;
}

export type Verdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly response: Response };

/** Seconds that clocks may differ (`exp`, `nbf`). */
const LEEWAY_S = 60;
const TOKEN_LENGTH_MAX = 8192;

const claims = z.object({
  rights: z.array(z.enum(["publish", "view", "admin"])),
  streams: z.array(z.string().max(400)).max(100).default(["**"]),
  maxWidth: z.number().int().positive().optional(),
  maxHeight: z.number().int().positive().optional(),
  maxBitrate: z.number().int().positive().optional(),
});

const EVERYTHING: Grant = {
  rights: ["publish", "view", "admin"],
  covers: () => true,
  limits: viewLimits({}),
  tokenHash: null,
};

export class Authenticator {
  #config: Config;
  #keys: readonly VerifyKey[];
  readonly #clock: Clock;

  constructor(config: Config, keys: readonly VerifyKey[], clock: Clock) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** SIGHUP: new tokens and keys from the next request on. */
  replace(config: Config, keys: readonly VerifyKey[]): void {
    this.#config = config;
    this.#keys = keys;
  }

  /**
   * Whether no token is needed. An open loopback listener does not open itself to a proxy that it
   * was not told of, nor to a web page that points a name of its own at 127.0.0.1.
   */
  isOpen(client: Client): boolean {
    if (this.#config.insecure) return true;
    return isOpenByDefault(this.#config) && !client.proxied && isLoopbackHost(client.host);
  }

  /** Asks for `right`, on `stream` unless null. */
  async check(
    request: Request,
    client: Client,
    right: Right,
    stream: string | null,
  ): Promise<Verdict> {
    if (this.isOpen(client)) return { ok: true, grant: EVERYTHING };
    const token = tokenOf(request);
    // The hook is asked about a stream, so it cannot speak for lists.
    const byHook = stream !== null && this.#hookDecides(right);
    if (token === null) {
      if (byHook) return { ok: true, grant: { ...EVERYTHING, rights: [right] } };
      return unauthorized(
        "This needs a token: Authorization: Bearer TOKEN, or ?token=TOKEN.",
        false,
      );
    }
    const grant = await this.#grantOf(token);
    if (grant === null) {
      if (byHook) return { ok: true, grant: { ...EVERYTHING, rights: [right] } };
      return unauthorized("The token is unknown, expired or not meant for this server.", true);
    }
    return allow(grant, right, stream);
  }

  /**
   * For the session URL, which is itself 128 random bits: a token that is there must be good (that
   * of the POST stays good), and a missing one is forgiven by `auth.session-url-is-proof`.
   */
  async checkSession(
    request: Request,
    client: Client,
    session: { readonly kind: string; readonly tokenHash: string | null; readonly stream: string },
  ): Promise<Response | null> {
    if (this.isOpen(client)) return null;
    const right = session.kind === "publisher" ? "publish" : "view";
    const token = tokenOf(request);
    if (token === null) {
      if (this.#config.auth.sessionUrlIsProof || this.#hookDecides(right)) return null;
    } else if (hashOf(token) === session.tokenHash) return null;
    const verdict = await this.check(request, client, right, session.stream);
    return verdict.ok ? null : verdict.response;
  }

  /** With a hook and nothing configured that could grant the right, the hook alone decides. */
  #hookDecides(right: Right): boolean {
    const { auth, hook } = this.#config;
    if (hook === null || right === "admin" || auth.keys.length > 0) return false;
    return !auth.tokens.some((token) => token.rights.includes(right));
  }

  async #grantOf(token: string): Promise<Grant | null> {
    if (token.length > TOKEN_LENGTH_MAX) return null;
    return this.#staticGrant(token) ?? (await this.#jwtGrant(token));
  }

  #staticGrant(token: string): Grant | null {
    const hash = hashOf(token);
    let found: Grant | null = null;
    for (const entry of this.#config.auth.tokens) {
      const expected = entry.hash?.toLowerCase() ?? hashOf(entry.token ?? "");
      // Equal-length digests in constant time: the comparison tells nothing of the token.
      if (!timingSafeEqual(Buffer.from(hash), Buffer.from(expected))) continue;
      found = {
        rights: entry.rights,
        covers: (stream) => entry.streams.some((pattern) => matchesPattern(pattern, stream)),
        limits: viewLimits({
          width: entry["max-width"],
          height: entry["max-height"],
          bitrate: entry["max-bitrate"],
        }),
        tokenHash: hash,
      };
    }
    return found;
  }

  async #jwtGrant(token: string): Promise<Grant | null> {
    if (token.split(".").length !== 3) return null;
    let id: string | undefined;
    try {
      id = decodeProtectedHeader(token).kid;
    } catch {
      return null;
    }
    for (const key of this.#keys) {
      if (id !== undefined && key.id !== null && key.id !== id) continue;
      const grant = await this.#verify(token, key);
      if (grant !== null) return grant;
    }
    return null;
  }

  async #verify(token: string, key: VerifyKey): Promise<Grant | null> {
    try {
      const { payload } = await jwtVerify(token, key.key, {
        algorithms: [key.alg],
        audience: this.#config.auth.audience,
        requiredClaims: ["exp"],
        clockTolerance: LEEWAY_S,
        currentDate: new Date(this.#clock.wall()),
      });
      const granted = claims.safeParse(payload);
      if (!granted.success) return null;
      const { rights, streams, maxWidth, maxHeight, maxBitrate } = granted.data;
      return {
        rights,
        covers: (stream) => streams.some((pattern) => matchesPattern(pattern, stream)),
        limits: viewLimits({ width: maxWidth, height: maxHeight, bitrate: maxBitrate }),
        tokenHash: hashOf(token),
      };
    } catch {
      // jose throws for every token that does not verify; all of them are simply not good.
      return null;
    }
  }
}

/** The token of a request, or null. `undefined` and `null` are what SDKs send without a key. */
export function tokenOf(request: Request): string | null {
  const header = request.headers.get("Authorization")?.trim() ?? "";
  const bearer = /^bearer\s+(\S+)$/i.exec(header);
  const fromHeader = bearer?.[1] ?? (/^\S+$/.test(header) ? header : "");
  const token = NO_TOKEN.has(fromHeader.toLowerCase())
    ? (new URL(request.url).searchParams.get("token") ?? "")
    : fromHeader;
  return NO_TOKEN.has(token.toLowerCase()) ? null : token;
}

const NO_TOKEN = new Set(["", "bearer", "undefined", "null"]);

function allow(grant: Grant, right: Right, stream: string | null): Verdict {
  if (!grant.rights.includes(right)) return forbidden(`The token does not allow to ${right}.`);
  if (stream !== null && !grant.covers(stream)) {
    return forbidden("The token is not for this stream.");
  }
  return { ok: true, grant };
}

function unauthorized(detail: string, invalid: boolean): Verdict {
  const challenge = `Bearer realm="spillway"${invalid ? ', error="invalid_token"' : ""}`;
  const headers = { "WWW-Authenticate": challenge };
  return { ok: false, response: problem(401, "Unauthorized", detail, headers) };
}

function forbidden(detail: string): Verdict {
  return { ok: false, response: problem(403, "Forbidden", detail) };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
