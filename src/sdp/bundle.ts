import { allValues, words } from "./attributes.ts";
import type { ParsedSdp } from "./parse.ts";

/** Mids of the first a=group:BUNDLE, in its order. Other groups (OBS sends LS) say nothing here. */
export function readBundle(parsed: ParsedSdp): readonly string[] {
  for (const value of allValues(parsed.attributes, "group")) {
    const [semantics, ...mids] = words(value);
    if (semantics?.toUpperCase() === "BUNDLE") return mids;
  }
  return [];
}
