/**
 * A viewer's end of the WHEP layer extension: knows the layers, remembers what a person chose, and
 * asks each session for it again. Dispatches "layers".
 */
import type { Layer, Selection } from "./layers.ts";
import { findLayer, keyOf, readLayers, selectionOf } from "./layers.ts";

/** Posts a selection; returns why the server refused it, or "". Rejects when it is not reached. */
export type PostSelection = (url: string, selection: Selection) => Promise<string>;

export class LayerControl extends EventTarget {
  readonly #post: PostSelection;
  #url: string | null = null;
  /** What this session was asked for last: a key, null for automatic, undefined for nothing. */
  #asked: string | null | undefined;
  #isAsking = false;
  /** Something changed that may need a request. */
  #isDue = false;
  /** Highest first; empty while unknown. */
  layers: readonly Layer[] = [];
  /** Key of the layer a person chose; null for automatic. Outlives sessions. */
  wish: string | null = null;
  /** One sentence when the server refused the last choice, else "". */
  refusal = "";

  constructor(post: PostSelection) {
    super();
    this.#post = post;
  }

  /** A session begins; `url` is its layer link, null where the server has none. */
  begin(url: string | null): void {
    this.#url = url;
    // A new session is automatic, and nothing flows in it yet.
    this.#asked = null;
    this.#show(this.layers.map((layer) => ({ ...layer, current: false })));
  }

  /** Takes the payload of a `layers` event. */
  heard(payload: Readonly<Record<string, unknown>>): void {
    this.#show(readLayers(payload));
    void this.#ask();
  }

  /** Asks for the layer with this key, or for automatic; remembered for the sessions to come. */
  choose(key: string | null): void {
    this.wish = key;
    this.refusal = "";
    this.#show(this.layers);
    void this.#ask();
  }

  /** False where the server has no layer extension. */
  get canChoose(): boolean {
    return this.#url !== null;
  }

  #show(layers: readonly Layer[]): void {
    this.layers = layers;
    this.dispatchEvent(new Event("layers"));
  }

  /** One request at a time, so that the last choice is also the last to arrive. */
  async #ask(): Promise<void> {
    this.#isDue = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#isDue) {
      this.#isDue = false;
      await this.#askOnce();
    }
    this.#isAsking = false;
  }

  /** Never rejects. */
  async #askOnce(): Promise<void> {
    const { wish } = this;
    const url = this.#url;
    const layer = findLayer(this.layers, wish);
    const key = layer && keyOf(layer);
    if (wish !== null && layer === null) {
      // The next publisher may not send it, and the server then forgets; ask again if it comes back.
      if (this.layers.length > 0) this.#asked = undefined;
      return;
    }
    if (url === null || this.#asked === key) return;
    this.#asked = key;
    try {
      const refusal = await this.#post(url, selectionOf(layer));
      if (refusal !== "" && this.#url === url && this.wish === wish) this.#refused(refusal);
    } catch {
      // Not reached: asked again with the next event.
      if (this.#url === url) this.#asked = undefined;
    }
  }

  /** The choice before still holds at the server, so automatic is asked for next. */
  #refused(message: string): void {
    this.refusal = message;
    this.#asked = this.wish === null ? null : undefined;
    this.wish = null;
    this.#isDue = true;
    this.#show(this.layers);
  }
}
