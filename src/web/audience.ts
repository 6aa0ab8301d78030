/** How many watch what is published here, by tier. */
import { callApi } from "./access.ts";
import { byId, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import type { StreamEntry } from "./reports.ts";

/** Shows it once; nothing where the token may not see it. */
export async function showAudience(name: string): Promise<void> {
  const answer = await callApi("/api/v1/streams").catch(() => null);
  const streams = (answer as { streams?: StreamEntry[] } | null)?.streams ?? [];
  const stream = streams.find((each) => each.name === name && each.live);
  setText(byId("viewers"), stream === undefined ? "" : audienceOf(stream));
}

function audienceOf({ viewers, hls }: StreamEntry): string {
  const words = viewers === 1 ? "1 viewer" : `${formatCount(viewers)} viewers`;
  const crowd = hls?.viewers ?? 0;
  return crowd === 0 ? words : `${words}, ${formatCount(crowd)} of the tail`;
}
