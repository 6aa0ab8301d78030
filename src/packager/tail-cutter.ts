import type { Following } from "../feed/following.ts";
import type { Outputs } from "./outputs.ts";
import type { Lacks } from "./tail-tally.ts";

/** Who cuts the tail of a stream while its source is of one kind. Times in us; `now` is monotonic. */
export interface TailCutter extends Lacks {
  /** Null while nothing has begun. */
  readonly outputs: Outputs | null;
  /** Another source, or none: the rings of the one before are not read any more. */
  setSource(following: Following | null, now: number, wallUs: number): void;
  /** Takes what has come, and tells control what came of it. */
  look(now: number, wallUs: number): void;
  /** No source will come any more. */
  end(wallUs: number): void;
  /** Its rings are not read any more. */
  release(): void;
}
