import type { Audience } from "./audience.ts";

/** The nodes that have a stream from this one. */
export class Children implements Audience {
  size = 0;

  /** They are told by the relay worker itself. */
  follow(): void {}
}
