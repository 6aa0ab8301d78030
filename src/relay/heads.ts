import type { Following } from "../feed/following.ts";
import { Header, Inactive } from "../ring/layout.ts";
import type { Heads } from "../wire/cascade/ring.ts";

/** Rings whose publisher has said BYE, and those that are not pulled for now, a bit each. */
export function absentOf({ feeds }: Following): Pick<Heads, "left" | "withheld"> {
  let left = 0;
  let withheld = 0;
  for (const [ring, { reader }] of feeds.entries()) {
    if (reader.inactive) left |= 1 << ring;
    if (reader.views.words[Header.inactive] === Inactive.withheld) withheld |= 1 << ring;
  }
  return { left, withheld };
}

/** Of each ring one past its highest origin sequence; null before the first packet. */
export function headsOf(following: Following): (number | null)[] {
  return following.feeds.map(({ reader }) => (reader.empty ? null : reader.head));
}
