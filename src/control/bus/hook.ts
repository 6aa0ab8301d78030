/**
 * The operator's own HTTP end point: asked before somebody publishes or views, told afterwards of
 * what happened. A hook that is slow, broken or redirects refuses: it is there to keep people out.
 */
import { createHmac } from "node:crypto";
import type { Config } from "../../config.ts";
import { HOOK_QUEUE_MAX } from "../../limits.ts";
import type { Logger } from "../../log.ts";

export interface HookQuestion {
  readonly event: "publish" | "view";
  readonly stream: string;
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | null;
}

/** Its word: allowed, refused with the status that it gave, or none in time. */
export type HookAnswer = "allowed" | 401 | 403 | "none";

export interface HookNotice {
  readonly event: "published" | "unpublished" | "viewer-joined" | "viewer-left";
  readonly stream: string;
  /** Public id of the session; null for a stream that a link brings. */
  readonly session: string | null;
  readonly address: string;
  readonly reason: string | null;
}

interface HookOptions {
  readonly config: Config["hook"];
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly log: Logger;
}

export class Hook {
  readonly #options: HookOptions;
  readonly #queue: HookNotice[] = [];
  #sending: Promise<void> | null = null;
  dropped = 0;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Without a hook everything is allowed. */
  async ask(question: HookQuestion): Promise<HookAnswer> {
    if (this.#options.config === null) return "allowed";
    const status = await this.#post(question);
    if (status !== null && status >= 200 && status < 300) return "allowed";
    if (status === 401 || status === 403) return status;
    this.#options.log.warn("Hook did not answer", { status, event: question.event });
    return "none";
  }

  /** Queues a notice; they are sent one after the other, so that they arrive in order. */
  tell(notice: HookNotice): void {
    if (this.#options.config === null) return;
    if (this.#queue.length >= HOOK_QUEUE_MAX) {
      this.dropped += 1;
      this.#options.log.warn("Hook notices dropped", { total: this.dropped });
      return;
    }
    this.#queue.push(notice);
    this.#sending ??= this.#drain();
  }

  /** Resolves when nothing is left to send. */
  async settled(): Promise<void> {
    while (this.#sending !== null) await this.#sending;
  }

  async #drain(): Promise<void> {
    for (let notice = this.#queue.shift(); notice !== undefined; notice = this.#queue.shift()) {
      const status = await this.#post(notice);
      if (status === null || status >= 300) {
        this.#options.log.warn("Hook did not take a notice", { status, event: notice.event });
      }
    }
    this.#sending = null;
  }

  /** The status, or null when there was none in time. */
  async #post(message: HookQuestion | HookNotice): Promise<number | null> {
    const config = this.#options.config;
    if (config === null) return null;
    const body = JSON.stringify(message);
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (config.secret !== null) {
      const hmac = createHmac("sha256", config.secret).update(body);
      headers["X-Spillway-Signature"] = hmac.digest("hex");
    }
    try {
      const response = await this.#options.fetch(config.url, {
        method: "POST",
        headers,
        body,
        redirect: "error",
        signal: AbortSignal.timeout(config.timeoutMs),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      // Refused connection, time-out, redirect: for the caller they are all "no answer".
      return null;
    }
  }
}
