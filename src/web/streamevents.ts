/** /events/NAME: what is said of a stream, and saying something. Dispatches "heard" and "ability". */
import { callApi, fetchWithToken, withToken } from "./access.ts";
import { pathOfName } from "./streamname.ts";
import { readEvent, type StreamEvent } from "./talk.ts";

const AGAIN_MS = 5_000;
const TYPES = ["chat", "hand", "reaction", "retract"];

export class StreamEvents extends EventTarget {
  /** Viewers may send chat, hands and reactions. */
  hasChat = false;
  /** The newest, for whoever listens to "heard". */
  newest: StreamEvent | null = null;
  readonly #path: string;
  #source: EventSource | null = null;
  #asking = false;

  constructor(name: string) {
    super();
    this.#path = pathOfName("events", name);
  }

  /** Asks whether the stream has a chat, and listens if so; does nothing while it does already. */
  async open(): Promise<void> {
    if (this.#asking || this.#source !== null) return;
    this.#asking = true;
    // Neither a stream that is not live yet nor a token without this right is a fault.
    const response = await fetchWithToken(this.#path, "HEAD").catch(() => null);
    this.#asking = false;
    if (response?.ok !== true) return;
    this.hasChat = response.headers.has("Accept-Post");
    this.dispatchEvent(new Event("ability"));
    if (this.hasChat) this.#listen();
  }

  /** Rejects with ServerRefusal, whose message can be shown. */
  async send(type: string, data: Readonly<Record<string, unknown>>): Promise<StreamEvent> {
    const body = JSON.stringify({ type, data });
    const headers = { "Content-Type": "application/json" };
    return (await callApi(this.#path, { method: "POST", headers, body })) as StreamEvent;
  }

  async retract(id: number, keepalive = false): Promise<void> {
    await callApi(`${this.#path}/${id}`, { method: "DELETE", keepalive });
  }

  #listen(): void {
    const source = new EventSource(withToken(this.#path));
    this.#source = source;
    for (const type of TYPES) {
      source.addEventListener(type, ({ data }) => {
        this.newest = readEvent(data);
        if (this.newest !== null) this.dispatchEvent(new Event("heard"));
      });
    }
    source.addEventListener("error", () => {
      // It comes again by itself where the connection was lost, and not where the server said no.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#source = null;
      setTimeout(() => void this.open(), AGAIN_MS);
    });
  }
}
