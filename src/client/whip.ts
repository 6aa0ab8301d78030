/** The HTTP side of a WHIP or WHEP client (RFC 9725 4). */
import { messageOf } from "../errors.ts";

/** Where the token may stand instead of on the command line, which other users can read. */
export const TOKEN_VARIABLE = "WHIP_TOKEN";

export interface WhipOptions {
  readonly token: string | null;
  /** Takes any TLS certificate: for tests and for a server on this machine. */
  readonly anyCertificate: boolean;
}

/** The server refused, or did not keep to the protocol; the message says which. */
export class WhipError extends Error {
  override readonly name = "WhipError";
  constructor(
    message: string,
    /** 0 when the server could not be reached. */
    readonly status: number,
    /** Retry-After of the answer (RFC 9110 10.2.3), as it stands there. */
    readonly retryAfter: string | null = null,
  ) {
    super(message);
  }
}

/** RFC 9725 4.5 wants 307; a chain longer than this is a loop. */
const REDIRECTS_MAX = 5;
const TIMEOUT_MS = 10_000;
/** For a DELETE: a server that does not answer has other troubles. */
const DELETE_TIMEOUT_MS = 3_000;

/** An address that sessions are made at, one at a time. */
export class WhipEndpoint {
  /** Address of the session that was made here and that the server may still hold. */
  session: string | null = null;
  readonly #url: string;
  readonly #options: WhipOptions;
  readonly #stop: AbortSignal;

  /** `stop` ends the waiting for an answer. */
  constructor(url: string, options: WhipOptions, stop: AbortSignal = new AbortController().signal) {
    this.#url = url;
    this.#options = options;
    this.#stop = stop;
  }

  /** Posts the offer, follows redirects, returns the answer. Throws a WhipError. */
  async create(offer: string): Promise<string> {
    let url = this.#url;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const response = await request(url, this.#options, {
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#stop]),
        method: "POST",
        body: offer,
        headers: { "Content-Type": "application/sdp", Accept: "application/sdp" },
      });
      const location = response.headers.get("Location");
      if ((response.status === 307 || response.status === 308) && location !== null) {
        url = redirectTarget(location, url);
        continue;
      }
      const body = await response.text();
      if (response.status !== 201) {
        const retryAfter = response.headers.get("Retry-After");
        throw new WhipError(refusal(response, body), response.status, retryAfter);
      }
      if (location === null) throw new WhipError("the server named no session (Location)", 201);
      this.session = new URL(location, url).href;
      return body;
    }
    throw new WhipError(`more than ${REDIRECTS_MAX} redirects`, 0);
  }

  /**
   * Ends the session (RFC 9725 4.2). A server that could not be reached may still hold it, and its
   * stream's name: to be called again.
   */
  async delete(): Promise<void> {
    if (this.session === null) return;
    try {
      const signal = AbortSignal.timeout(DELETE_TIMEOUT_MS);
      const response = await request(this.session, this.#options, { method: "DELETE", signal });
      if (response.status < 500) this.session = null;
    } catch (error) {
      if (!(error instanceof WhipError)) throw error;
    }
  }
}

async function request(
  url: string,
  options: WhipOptions,
  init: { method: string; signal: AbortSignal; body?: string; headers?: Record<string, string> },
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (options.token !== null) headers.set("Authorization", `Bearer ${options.token}`);
  try {
    return await fetch(url, {
      ...init,
      headers,
      redirect: "manual",
      tls: { rejectUnauthorized: !options.anyCertificate },
    });
  } catch (error) {
    throw new WhipError(`${url}: ${messageOf(error)}`, 0);
  }
}

/** A token that went out over TLS does not go on in the clear. */
function redirectTarget(location: string, from: string): string {
  const target = new URL(location, from);
  const source = new URL(from);
  if (source.protocol === "https:" && target.protocol !== "https:") {
    throw new WhipError(`refusing the redirect from ${source.origin} to ${target.origin}`, 307);
  }
  return target.href;
}

/** RFC 9457 bodies say why; anything else is cut short. */
function refusal(response: Response, body: string): string {
  let detail = body.split("\n")[0]!.slice(0, 200);
  if (response.headers.get("Content-Type")?.includes("json")) {
    try {
      const problem = JSON.parse(body) as { title?: unknown; detail?: unknown };
      detail = String(problem.detail ?? problem.title ?? detail);
    } catch {
      // Not the JSON that it claims to be: the line above has to do.
    }
  }
  return `${response.url} answered ${response.status}${detail === "" ? "" : `: ${detail}`}`;
}
