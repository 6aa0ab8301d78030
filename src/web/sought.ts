import type { Reach } from "./reach.ts";

/** A player, as far as its seek bar is concerned. */
export interface Sought extends HTMLElement {
  readonly reach: Reach | null;
  readonly behind: boolean;
  readonly captureTime: number | null;
  seek(captureMs: number): void;
}
