/** The events of a viewer's session (WHEP events extension), as they come. */
interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

export class ServerEvents {
  readonly all: ServerEvent[] = [];
  readonly #stop = new AbortController();
  #text = "";

  /** Listens to all events of the session with this URL. */
  static async of(session: string): Promise<ServerEvents> {
    const events = new ServerEvents();
    const signal = events.#stop.signal;
    const response = await fetch(`${session}/events`, { signal });
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
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (name !== undefined) this.all.push({ name, data: JSON.parse(data ?? "null") });
    }
  }
}
