/**
 * The levels that hls.js has. It reads index.m3u8 once: where a playlist reports a rendition that is none
 * of them it is read again, and what is better than all there is becomes a level, too. What is worse is
 * left out: levels are known by their place.
 */
import type Hls from "hls.js";
import { reportsOther, withLate } from "./latelevels.ts";
import type { TailLibrary } from "./taillibrary.ts";

/** Those that cannot be played now are reported, and not listed. */
const AGAIN_MS = 10_000;

/** `source`: of index.m3u8. `changed`: there are others. */
export function followLevels(
  library: TailLibrary,
  hls: Hls,
  source: string,
  changed: () => void,
): void {
  const { Events } = library;
  let readAt = Number.NEGATIVE_INFINITY;
  let reader: Hls | null = null;
  const end = (): void => {
    reader?.destroy();
    reader = null;
  };
  hls.on(Events.LEVELS_UPDATED, changed);
  hls.on(Events.DESTROYING, end);
  hls.on(Events.LEVEL_LOADED, (_, { details }) => {
    const now = performance.now();
    if (now - readAt < AGAIN_MS || !reportsOther(details, hls.levels)) return;
    readAt = now;
    end();
    reader = new library({ autoStartLoad: false });
    reader.on(Events.MANIFEST_PARSED, (_parsed, { levels: listed }) => {
      const levels = withLate(hls.levels, listed);
      if (levels !== null) hls.trigger(Events.LEVELS_UPDATED, { levels });
    });
    reader.loadSource(source);
  });
}
