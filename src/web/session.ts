/**
 * One WHIP (RFC 9725) or WHEP session over HTTP: POST the offer, trickle candidates by PATCH,
 * DELETE at the end. It knows nothing of tracks and never retries; connection.ts does.
 */
import { retryAfterMs } from "./backoff.ts";
import type { WebLink } from "./link.ts";
import { parseLinks } from "./link.ts";
import { fragmentOf, writeFragment } from "./sdp.ts";

const TRICKLE_DELAY_MS = 60;
const POST_TIMEOUT_MS = 15_000;

/** A refusal by the server, from its application/problem+json body. */
export class ServerRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterMs: number | null,
  ) {
    super(message);
  }
}

/** What a client changes in SDP by hand. */
export interface Munge {
  readonly offer: (sdp: string) => string;
  readonly answer: (sdp: string) => string;
}

/** What the server said to an offer. */
export class Session {
  readonly #pc: RTCPeerConnection;
  readonly #token: string | null;
  readonly #url: string;
  readonly #etag: string | null;
  readonly links: readonly WebLink[];
  #trickles = true;

  /**
   * Sends the offer and applies the answer; `munge` may rewrite either first.
   * Rejects with ServerRefusal, or with a TypeError when the server cannot be reached.
   */
  static async open(
    pc: RTCPeerConnection,
    endpoint: string,
    token: string | null,
    munge: Munge,
  ): Promise<Session> {
    const queue = new CandidateQueue(pc);
    const offer = await pc.createOffer();
    await pc.setLocalDescription({ type: "offer", sdp: munge.offer(offer.sdp ?? "") });
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...authorization(token) },
      body: pc.localDescription?.sdp ?? "",
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
    if (response.status !== 201) throw await refusalOf(response);
    const session = new Session(pc, token, response);
    // A peer connection that was closed meanwhile must not leave a session behind.
    if (pc.signalingState === "closed") {
      session.close();
      throw new DOMException("stopped while connecting", "AbortError");
    }
    await pc.setRemoteDescription({
      type: "answer",
      sdp: munge.answer(await response.text()),
    });
    queue.drain((candidates, complete) => session.#trickle(candidates, complete));
    return session;
  }

  private constructor(pc: RTCPeerConnection, token: string | null, response: Response) {
    const location = response.headers.get("Location");
    if (location === null) throw new ServerRefusal(502, "The server named no session.", null);
    this.#pc = pc;
    this.#token = token;
    this.#url = new URL(location, response.url).href;
    this.#etag = response.headers.get("ETag");
    this.links = parseLinks(response.headers.get("Link"));
  }

  /** Resolves a link target of the answer against the session. */
  resolve(target: string): string {
    return new URL(target, this.#url).href;
  }

  /** What the server says of an end that is final (410 Gone); null when a new POST is welcome. */
  async finalEnd(): Promise<ServerRefusal | null> {
    try {
      const response = await fetch(this.#url, { headers: authorization(this.#token) });
      return response.status === 410 || response.status === 503 ? await refusalOf(response) : null;
    } catch {
      return null;
    }
  }

  /** Ends the session at the server; outlives the page. Errors do not matter any more. */
  close(): void {
    const headers = authorization(this.#token);
    fetch(this.#url, { method: "DELETE", headers, keepalive: true }).catch(() => undefined);
  }

  async #trickle(candidates: readonly string[], complete: boolean): Promise<void> {
    const fragment = fragmentOf(this.#pc.localDescription?.sdp ?? "");
    if (!this.#trickles || fragment === null || this.#pc.signalingState === "closed") return;
    const headers: Record<string, string> = {
      "Content-Type": "application/trickle-ice-sdpfrag",
      ...authorization(this.#token),
    };
    // RFC 9725 section 4.3.1: the entity tag names the ICE session the fragment belongs to.
    if (this.#etag !== null) headers["If-Match"] = this.#etag;
    const body = writeFragment(fragment, candidates, complete);
    try {
      const response = await fetch(this.#url, { method: "PATCH", headers, body });
      // A server without trickle says so by 405, 422 or 501; ICE goes on with what it has.
      if (!response.ok) this.#trickles = false;
    } catch {
      this.#trickles = false;
    }
  }
}

/** The Authorization header of a token, or none. */
export function authorization(token: string | null): Record<string, string> {
  return token === null || token === "" ? {} : { Authorization: `Bearer ${token}` };
}

/** Reads an error response (RFC 9457) into one sentence a person can act on. */
export async function refusalOf(response: Response): Promise<ServerRefusal> {
  let message = `The server answered ${response.status} ${response.statusText}`.trim();
  try {
    const problem = (await response.json()) as { title?: unknown; detail?: unknown };
    const said = typeof problem.detail === "string" ? problem.detail : problem.title;
    if (typeof said === "string" && said !== "") message = said;
  } catch {
    // Not problem+json: the status line has to do.
  }
  const wait = retryAfterMs(response.headers.get("Retry-After"), Date.now());
  return new ServerRefusal(response.status, message, wait);
}

/** Holds candidates back until the answer is there, then sends them in batches. */
class CandidateQueue {
  readonly #waiting: string[] = [];
  #complete = false;
  #send: ((candidates: readonly string[], complete: boolean) => void) | null = null;
  #scheduled = false;

  constructor(pc: RTCPeerConnection) {
    pc.addEventListener("icecandidate", (event) => {
      const candidate = event.candidate?.candidate ?? "";
      if (candidate === "") this.#complete = true;
      // Rtcp-mux and bundle: candidates of other components or sections say nothing new.
      else if (event.candidate?.component !== "rtcp") this.#waiting.push(candidate);
      this.#schedule();
    });
  }

  drain(send: (candidates: readonly string[], complete: boolean) => void): void {
    this.#send = send;
    if (this.#waiting.length > 0 || this.#complete) this.#schedule();
  }

  #schedule(): void {
    if (this.#send === null || this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.#send?.(this.#waiting.splice(0), this.#complete);
    }, TRICKLE_DELAY_MS);
  }
}
