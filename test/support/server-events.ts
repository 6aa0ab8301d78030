/** Events of a server, as they come: of a viewer's session (WHEP events extension), or of a stream. */
interface ServerEvent {
  /** Null where it has none. */
  readonly id: string | null;
  readonly name: string;
  readonly data: unknown;
}

export class ServerEvents {
  readonly all: ServerEvent[] = [];
  readonly #stop = new AbortController();
  #text = "";

  /** Listens to all events of the session with this URL. */
  static of(session: string): Promise<ServerEvents> {
    return ServerEvents.at(`${session}/events`);
  }

  /** Listens at this URL. */
  static async at(url: string, headers: Record<string, string> = {}): Promise<ServerEvents> {
    const events = new ServerEvents();
    const signal = events.#stop.signal;
    const response = await fetch(url, { headers, signal });
    if (!response.ok) throw new Error(`events: ${response.status} ${await response.text()}`);
    void events.#read(response.body!);
    return events;
  }

  named(name: string): unknown[] {
    return this.all.filter((event) => event.name === name).map(({ data }) => data);
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of body) this.#take(decoder.decode(bytes, { stream: true }));
    } catch {
      // It was closed, or its server is gone.
    }
  }

  #take(text: string): void {
    const blocks = (this.#text + text).split("\n\n");
    this.#text = blocks.pop()!;
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: ([^\n]*)/m.exec(block)?.[1];
      const id = /^id: (.*)$/m.exec(block)?.[1] ?? null;
      if (name !== undefined) this.all.push({ id, name, data: JSON.parse(data ?? "null") });
    }
  }
}
