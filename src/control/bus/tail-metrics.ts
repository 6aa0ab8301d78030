import { TAIL_STATES } from "../streams/tail.ts";
import type { Tails } from "../streams/tails.ts";
import type { Exposition } from "./exposition.ts";

/** Tails that there are, and who waits for them. */
export function writeTailMetrics(out: Exposition, tails: Tails | null): void {
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
}
