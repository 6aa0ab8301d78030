import { Rate } from "../media/rate.ts";
import { HeaderFloat } from "../ring/layout.ts";
import type { PulledRing } from "./pulled-ring.ts";

/** How much video of a stream comes here, by all links. */
export class VideoRate {
  /** Bits of the last second, as looked at last. */
  bits = 0;
  readonly #rate = new Rate();
  #bytes = 0;

  /** Some times a second. */
  look(rings: readonly PulledRing[], now: number): void {
    const bytes = rings.reduce((sum, { video, writer }) => {
      return video ? sum + writer.views.floats[HeaderFloat.bytes]! : sum;
    }, 0);
    this.#rate.add(now, bytes - this.#bytes);
    this.#bytes = bytes;
    this.bits = 8 * this.#rate.perSecond(now);
  }
}
