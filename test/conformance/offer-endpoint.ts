/** An endpoint that gets the offer of some program in place of ours: only who offers is ours. */
import type { Signalling } from "../../src/client/session-options.ts";

/** What makes an offer somebody's. */
const PERSONAL = ["ice-ufrag", "ice-pwd", "fingerprint"];
/** So often a stream is asked for again that is not live yet ... */
const RETRIES_MAX = 40;
/** ... after this. */
const RETRY_MS = 50;

export class OfferEndpoint implements Signalling {
  /** The offer as it was posted, and what came back. */
  offer = "";
  answer = "";
  headers = new Headers();
  /** Of the session. */
  location = "";
  readonly #url: string;
  readonly #template: string;
  readonly #more: Record<string, string>;

  constructor(url: string, template: string, headers: Record<string, string> = {}) {
    this.#url = url;
    this.#template = template;
    this.#more = headers;
  }

  /**
   * Wants 201; asks again for a moment while a stream is not live yet: its publisher's last handshake
   * flight may be on its way.
   */
  async create(ours: string): Promise<string> {
    this.offer = personalise(this.#template, ours);
    let response = await this.#post();
    for (let i = 0; response.status === 409 && i < RETRIES_MAX; i += 1) {
      await response.text();
      await Bun.sleep(RETRY_MS);
      response = await this.#post();
    }
    this.answer = await response.text();
    if (response.status !== 201) throw new Error(`POST: ${response.status} ${this.answer}`);
    this.headers = response.headers;
    this.location = new URL(response.headers.get("Location") ?? "", this.#url).href;
    return this.answer;
  }

  async delete(): Promise<void> {
    await fetch(this.location, { method: "DELETE" });
  }

  #post(): Promise<Response> {
    const headers = { "Content-Type": "application/sdp", ...this.#more };
    return fetch(this.#url, { method: "POST", headers, body: this.offer });
  }
}

function personalise(template: string, ours: string): string {
  let offer = template.replaceAll("\r", "");
  for (const name of PERSONAL) {
    const line = new RegExp(`^a=${name}:.*$`, "m").exec(ours)![0];
    offer = offer.replaceAll(new RegExp(`^a=${name}:.*$`, "gm"), () => line);
  }
  return offer.replaceAll("\n", "\r\n");
}
