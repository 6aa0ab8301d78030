import type { CounterName } from "../../contract/counters.ts";
import type { MediaPlane } from "../plane/plane.ts";
import { TAIL_STATES } from "../streams/tail.ts";
import type { Tails } from "../streams/tails.ts";
import type { Exposition } from "./exposition.ts";

/** What is told in families of their own, of all workers. */
export const TAIL_COUNTERS: Readonly<Partial<Record<CounterName, readonly [string, string]>>> = {
  hlsSegmentsForced: [
    "hls_segments_forced_total",
    "Segments that begin without a keyframe, since the publisher sent none in time.",
  ],
  hlsFramesDropped: [
    "hls_frames_dropped_total",
    "Frames that no tail can have: malformed, or of impossible times.",
  ],
  hlsTailsTooHeavy: [
    "hls_tails_too_heavy_total",
    "Times that a tail became unavailable, since its shortest playlists were too much for its memory.",
  ],
};

/** Tails that there are, who waits for them, and what they had to do without. */
export function writeTailMetrics(
  out: Exposition,
  tails: Tails | null,
  plane: Pick<MediaPlane, "loads">,
): void {
  out.family("hls_tails", "gauge", "Streams that are cut for HLS, by state.");
  const all = tails === null ? [] : [...tails.values()];
  for (const state of tails === null ? [] : TAIL_STATES) {
    out.value("hls_tails", `state="${state}"`, all.filter((tail) => tail.state === state).length);
  }
  out.family("hls_viewers", "gauge", "Players that ask this server for them; behind a cache one.");
  out.value("hls_viewers", "", tails?.viewers ?? 0);
  out.family("hls_bytes", "gauge", "Memory of their files.");
  out.value("hls_bytes", "", tails?.bytes ?? 0);
  out.family("hls_waiting", "gauge", "Requests that wait for a part or a playlist.");
  out.value("hls_waiting", "", tails?.waiters.size ?? 0);
  const loads = plane.loads();
  for (const [counter, [family, help]] of Object.entries(TAIL_COUNTERS)) {
    out.family(family, "counter", help);
    let sum = 0;
    for (const { counters } of loads) sum += counters[counter as CounterName];
    out.value(family, "", sum);
  }
}
