import type { Following } from "../feed/following.ts";

/** Rings whose publisher has said BYE, a bit each. */
export function leftOf(following: Following): number {
  let left = 0;
  for (const [ring, { reader }] of following.feeds.entries()) {
    if (reader.inactive) left |= 1 << ring;
  }
  return left;
}

/** Of each ring one past its highest origin sequence; null before the first packet. */
export function headsOf(following: Following): (number | null)[] {
  return following.feeds.map(({ reader }) => (reader.empty ? null : reader.head));
}
