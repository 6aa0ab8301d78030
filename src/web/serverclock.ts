/** The clock of the server, as its answers tell it: each playlist has its time in a header. */
export class ServerClock {
  /** Less ours, ms; null before the first answer. */
  #aheadMs: number | null = null;

  /** ms since 1970; null while not known. */
  get nowMs(): number | null {
    return this.#aheadMs === null ? null : Date.now() + this.#aheadMs;
  }

  /** To be called before a request is sent. */
  read(xhr: XMLHttpRequest): void {
    xhr.addEventListener("readystatechange", () => {
      if (xhr.readyState !== xhr.HEADERS_RECEIVED) return;
      this.#hear(xhr.getResponseHeader("Spillway-Time"));
    });
  }

  /** Where the browser sends all others, and tells nothing of them. */
  async ask(address: string): Promise<void> {
    const response = await fetch(address).catch(() => null);
    this.#hear(response?.headers.get("Spillway-Time") ?? null);
  }

  #hear(header: string | null): void {
    const told = Number(header ?? Number.NaN);
    if (Number.isNaN(told)) return;
    // Every answer comes late, so what was ahead most is nearest.
    this.#aheadMs = Math.max(this.#aheadMs ?? Number.NEGATIVE_INFINITY, told - Date.now());
  }
}
