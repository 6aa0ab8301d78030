import type { Following } from "../feed/following.ts";

/** Of each ring one past its highest origin sequence; null before the first packet. */
export function headsOf(following: Following): (number | null)[] {
  return following.feeds.map(({ reader }) => (reader.empty ? null : reader.head));
}
