/**
 * Janus' HTTP API, as far as the gateway needs it: one session, handles in it, plugin messages and
 * what they bring about (meetecho.github.io/janus, "RESTful API").
 */

export interface Jsep {
  readonly type: string;
  readonly sdp: string;
  /** False: no candidates will be trickled to Janus. */
  readonly trickle?: boolean;
}

/** A plugin's word on a message: its data and, where one was negotiated, its description. */
export interface PluginReply {
  readonly data: Readonly<Record<string, unknown>>;
  readonly jsep: Jsep | null;
}

interface JanusMessage {
  readonly janus: string;
  readonly transaction?: string;
  readonly data?: { readonly id?: number };
  readonly error?: { readonly code: number; readonly reason: string };
  readonly plugindata?: { readonly data: Readonly<Record<string, unknown>> };
  readonly jsep?: Jsep;
}

/** Events that one poll may bring: many viewers join at once. */
const EVENTS_MAX = 50;
const REPLY_TIMEOUT_MS = 10_000;

export class JanusSession {
  readonly #url: string;
  readonly #waiting = new Map<string, (message: JanusMessage) => void>();
  #next = 0;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Opens a session at `base` ("http://127.0.0.1:8088/janus") and listens for its events. */
  static async open(base: string): Promise<JanusSession> {
    const session = new JanusSession(base);
    const { data } = await session.#post("", { janus: "create" });
    const opened = new JanusSession(`${base}/${data?.id}`);
    void opened.#poll();
    return opened;
  }

  /** A handle of that plugin: an id to send messages to. */
  async attach(plugin: string): Promise<number> {
    const { data } = await this.#post("", { janus: "attach", plugin });
    return data!.id!;
  }

  async detach(handle: number): Promise<void> {
    await this.#post(`/${handle}`, { janus: "detach" });
  }

  /** Sends a message and waits for its result, also where that comes later as an event. */
  async message(handle: number, body: object, jsep?: Jsep): Promise<PluginReply> {
    const { promise, resolve, reject } = Promise.withResolvers<JanusMessage>();
    const transaction = this.#transaction();
    this.#waiting.set(transaction, resolve);
    const timer = setTimeout(reject, REPLY_TIMEOUT_MS, new Error("Janus sent no event in time"));
    try {
      const request = { janus: "message", body, ...(jsep === undefined ? {} : { jsep }) };
      const direct = await this.#post(`/${handle}`, request, transaction);
      const result = checked(direct.janus === "ack" ? await promise : direct);
      const data = result.plugindata?.data ?? {};
      if (data.error !== undefined) throw new Error(`Janus refuses: ${String(data.error)}`);
      return { data, jsep: result.jsep ?? null };
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(transaction);
    }
  }

  /** Ends with the process, or with Janus. */
  async #poll(): Promise<never> {
    for (;;) {
      const response = await fetch(`${this.#url}?maxev=${EVENTS_MAX}`, { timeout: false });
      const events = (await response.json()) as JanusMessage | readonly JanusMessage[];
      for (const event of [events].flat()) this.#waiting.get(event.transaction ?? "")?.(event);
    }
  }

  async #post(
    path: string,
    body: object,
    transaction = this.#transaction(),
  ): Promise<JanusMessage> {
    const response = await fetch(`${this.#url}${path}`, {
      method: "POST",
      body: JSON.stringify({ ...body, transaction }),
    });
    return checked((await response.json()) as JanusMessage);
  }

  #transaction(): string {
    this.#next += 1;
    return `t${this.#next}`;
  }
}

function checked(message: JanusMessage): JanusMessage {
  if (message.error === undefined) return message;
  throw new Error(`Janus answers ${message.error.code}: ${message.error.reason}`);
}
