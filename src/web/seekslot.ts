/** The place of the seek bar, which is fetched when there is something to go back to. */
import { make } from "./dom.ts";
import type { Sought } from "./sought.ts";

type Fetched = typeof import("./seekbar.ts");

export class SeekSlot {
  readonly element = make("div");
  #isAsked = false;

  /** To be called as long as it may have to come. */
  fill(player: Sought): void {
    if (this.#isAsked || player.reach === null) return;
    this.#isAsked = true;
    import("./seekbar.js").then(
      ({ SeekBar }: Fetched) => new SeekBar(this.element, player),
      () => {
        this.#isAsked = false;
      },
    );
  }
}
