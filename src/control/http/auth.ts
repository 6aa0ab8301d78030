/**
 * Who may publish, view and administer. Tokens come as `Authorization: Bearer`, raw (encoders that
 * leave the scheme out) or as `?token=` (RFC 9725 4.7.1); they are static ones of the configuration
 * or JWTs, and are checked here without asking anybody.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Config, StaticToken } from "../../config.ts";
import type { Clock } from "../ports.ts";
import type { Credentials } from "../streams/cluster-status.ts";
import { type ViewLimits, viewLimits } from "../streams/layer-limits.ts";
import type { SessionBase } from "../streams/session-base.ts";
import { credentialsOf } from "./credentials.ts";
import { isForeign } from "./foreign.ts";
import { readJwt } from "./jwt.ts";
import { KeptGrants } from "./kept-grants.ts";
import type { VerifyKey } from "./keys.ts";
import { hasViewable, isViewable, narrow, type Openness, opennessOf } from "./openness.ts";
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
  /** What a JWT calls who has it; null where it says nothing. */
  readonly name: string | null;
}

export type Verdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly response: Response };

const TOKEN_LENGTH_MAX = 8192;

const EVERYTHING: Grant = {
  rights: ["publish", "view", "admin"],
  covers: () => true,
  limits: viewLimits({}),
  tokenHash: null,
  name: null,
};

export interface AuthenticatorOptions {
  readonly config: Config;
  readonly keys: readonly VerifyKey[];
  readonly clock: Clock;
  /** Of this process's own publisher; counts for nobody else. */
  readonly ownToken: StaticToken | null;
}

export class Authenticator {
  #config: Config;
  #keys: readonly VerifyKey[];
  #openness: Openness;
  /** Of tokens and keys as they are: others begin with none. */
  #kept = new KeptGrants<Grant>();
  readonly #clock: Clock;
  readonly #ownToken: StaticToken | null;

  constructor({ config, keys, clock, ownToken }: AuthenticatorOptions) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
    this.#ownToken = ownToken;
    this.#openness = opennessOf(config);
  }

  /** What lets people in now, in short. */
  get credentials(): Credentials {
    return credentialsOf(this.#config, this.#keys);
  }

  /** What needs no token. */
  get openness(): Openness {
    return this.#openness;
  }

  /**
   * SIGHUP: new tokens and keys from the next request on. What is open without them can only become
   * less. Throws, with everything as it was, when nobody could come in any more, or when the last
   * token and key are gone: a file that was emptied or half written looks just so.
   */
  replace(config: Config, keys: readonly VerifyKey[]): void {
    const openness = narrow(this.#openness, opennessOf(config));
    const isGuarded = hasCredentials(config);
    if (!isGuarded && hasCredentials(this.#config)) {
      throw new Error(
        "auth: no token and no key is left; keep one, or restart the server to open it on purpose",
      );
    }
    const isOpen = openness.everybody || openness.loopback || openness.hookDecides.length > 0;
    if (!isGuarded && !isOpen) {
      throw new Error("auth: the server would be closed to everybody; configure a token or a key");
    }
    this.#openness = openness;
    this.#config = config;
    this.#keys = keys;
    this.#kept = new KeptGrants();
  }

  /**
   * Whether no token is needed. An open loopback listener does not open itself to a proxy that it
   * was not told of, to a web page that points a name of its own at 127.0.0.1, nor to a page of any
   * other origin.
   */
  isOpen(request: Request, client: Client): boolean {
    return this.#openness.everybody || (this.#isLocal(client) && !this.#isForeign(request, client));
  }

  /** Whether anybody may watch the stream; of null, whether there are such streams. */
  isViewable(stream: string | null): boolean {
    return stream === null ? hasViewable(this.#openness) : isViewable(this.#openness, stream);
  }

  /** Asks for `right`, on `stream` unless null. */
  async check(
    request: Request,
    client: Client,
    right: Right,
    stream: string | null,
  ): Promise<Verdict> {
    if (this.isOpen(request, client)) return { ok: true, grant: EVERYTHING };
    const verdict = await this.#checkToken(request, client, right, stream);
    if (verdict.ok || right !== "view" || stream === null || !this.isViewable(stream)) {
      return verdict;
    }
    // A token that is no good does no harm where none is needed.
    return { ok: true, grant: { ...EVERYTHING, rights: [right] } };
  }

  /**
   * For the session URL, which is itself 128 random bits: a token that is there must be good (that
   * of the POST stays good), and a missing one is forgiven by `auth.session-url-is-proof`. Of a client
   * that another node has sent the URL is all there is: its token is that node's, its origin may be null.
   */
  async checkSession(
    request: Request,
    client: Client,
    session: Pick<SessionBase, "tokenHash" | "stream" | "byTicket"> & { readonly kind: string },
  ): Promise<Response | null> {
    if (session.byTicket || this.isOpen(request, client)) return null;
    const right = session.kind === "publisher" ? "publish" : "view";
    const token = tokenOf(request);
    if (token === null) {
      if (this.#openness.sessionUrlIsProof || this.#hookDecides(right)) return null;
    } else if (hashOf(token) === session.tokenHash) return null;
    const verdict = await this.check(request, client, right, session.stream);
    return verdict.ok ? null : verdict.response;
  }

  async #checkToken(
    request: Request,
    client: Client,
    right: Right,
    stream: string | null,
  ): Promise<Verdict> {
    const token = tokenOf(request);
    if (token === null && this.#isLocal(client)) return foreign(request);
    // The hook is asked about a stream, so it cannot speak for lists.
    const byHook = stream !== null && this.#hookDecides(right);
    const grant = token === null ? NO_TOKEN_GIVEN : await this.#grantOf(token);
    if (typeof grant !== "string") return allow(grant, right, stream);
    if (byHook) return { ok: true, grant: { ...EVERYTHING, rights: [right] } };
    return unauthorized(grant, token !== null);
  }

  #isLocal(client: Client): boolean {
    return this.#openness.loopback && !client.proxied && isLoopbackHost(client.host);
  }

  #isForeign(request: Request, client: Client): boolean {
    return isForeign(request, client, this.#openness.origins);
  }

  #hookDecides(right: Right): boolean {
    return right !== "admin" && this.#openness.hookDecides.includes(right);
  }

  /** What the token grants, or why nothing. */
  async #grantOf(token: string): Promise<Grant | string> {
    if (token.length > TOKEN_LENGTH_MAX) return UNKNOWN_TOKEN;
    const hash = hashOf(token);
    const now = this.#clock.now();
    const known = this.#kept.get(hash, now);
    if (known !== null) return known;
    const fixed = this.#staticGrant(hash);
    if (fixed === null) return this.#jwtGrant(token, hash);
    this.#kept.keep(hash, fixed, now, Number.POSITIVE_INFINITY);
    return fixed;
  }

  #staticGrant(hash: string): Grant | null {
    let found: Grant | null = null;
    const own = this.#ownToken === null ? [] : [this.#ownToken];
    for (const entry of [...this.#config.auth.tokens, ...own]) {
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
        name: null,
      };
    }
    return found;
  }

  async #jwtGrant(token: string, hash: string): Promise<Grant | string> {
    const { auth } = this.#config;
    // Keys may be others when it is found good.
    const kept = this.#kept;
    const wallS = this.#clock.wall() / 1000;
    const result = await readJwt(token, this.#keys, auth, wallS);
    if (result === null) return UNKNOWN_TOKEN;
    if ("refusal" in result) return `The token is refused: ${result.refusal}.`;
    const { rights, streams, maxWidth, maxHeight, maxBitrate, name } = result.claims;
    const grant = {
      rights,
      covers: (stream: string) => streams.some((pattern) => matchesPattern(pattern, stream)),
      limits: viewLimits({ width: maxWidth, height: maxHeight, bitrate: maxBitrate }),
      tokenHash: hash,
      name: name || null,
    };
    kept.keep(hash, grant, this.#clock.now(), (result.until - wallS) * 1e6);
    return grant;
  }
}

const NO_TOKEN_GIVEN = "This needs a token: Authorization: Bearer TOKEN, or ?token=TOKEN.";
const UNKNOWN_TOKEN = "The token is unknown, expired or not meant for this server.";

function hasCredentials({ auth }: Config): boolean {
  return auth.tokens.length > 0 || auth.keys.length > 0;
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

function foreign(request: Request): Verdict {
  const origin = request.headers.get("Origin");
  const page = origin === null ? "A page of another site" : `A page of ${origin}`;
  return forbidden(
    `${page} needs a token here, or to be listed in cors-origins: no token is configured, so ` +
      "this server is open to its own pages and to programs only.",
  );
}

function forbidden(detail: string): Verdict {
  return { ok: false, response: problem(403, "Forbidden", detail) };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
