import type { Following } from "../feed/following.ts";
import { ringOf } from "../feed/layer-table.ts";

/** Bits a second of one of a stream's video rings, as last measured here or told; 0 before that is known. */
export function ringRate({ table }: Following, video: number): number {
  let most = 0;
  for (const { id, bitrate } of table.layers) {
    if (ringOf(id) === video) most = Math.max(most, bitrate);
  }
  return most;
}
