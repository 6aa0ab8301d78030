import { type Keep, Recording } from "./recording.ts";
import { Store, type StoreGround } from "./store.ts";
import { Totals } from "./totals.ts";

/** What is kept of streams on disks. */
export class Archive {
  readonly totals = new Totals();
  readonly #ground: StoreGround;
  /** For what goes again; null without a folder for it. */
  readonly #passing: Store | null;
  readonly #stores = new Map<string, Store>();

  /** `dvrFolder`: null where there is none. What a process that is no more left there goes at once. */
  constructor(ground: StoreGround, dvrFolder: string | null) {
    this.#ground = ground;
    this.#passing = dvrFolder === null ? null : new Store(dvrFolder, ground, false);
    void this.#passing?.tidy();
  }

  /** For a stream that is cut from now on; null where no folder was given for it. */
  open(stream: string, keep: Keep): Recording | null {
    const store = keep.folder === null ? this.#passing : this.#storeAt(keep.folder);
    return store === null ? null : new Recording(stream, keep, store, this.totals);
  }

  /** Of all that has been asked for, the folders that take nothing now. */
  count(state: Store["state"]): number {
    return this.#all.filter((store) => store.state === state).length;
  }

  /** Resolves when all that was told is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#all.map((store) => store.tidy()));
  }

  get #all(): Store[] {
    return [...this.#stores.values(), ...(this.#passing === null ? [] : [this.#passing])];
  }

  /** Streams may share one. */
  #storeAt(path: string): Store {
    let store = this.#stores.get(path);
    if (store === undefined) {
      store = new Store(path, this.#ground, true);
      this.#stores.set(path, store);
    }
    return store;
  }
}
