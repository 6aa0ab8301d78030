/** What rings tell of media that comes from another node. */
import { type Mutation, rule } from "./rule.ts";

export const RINGS: readonly Mutation[] = [
  rule("origin-time", "src/feed/feed.ts", "now - late - keyframe.", "now - keyframe."),
  rule(
    "origin-time",
    "src/feed/feed.ts",
    "const receipt = batch.receipts",
    "const receipt = batch.arrivals",
  ),
  rule("origin-time", "src/ring/writer.ts", "if (arrival > floats[HeaderFloat.lastArrival]!) ", ""),
  rule(
    "origin-time",
    "src/egress/egress.ts",
    "now - this.batch.receipts",
    "now - this.batch.arrivals",
  ),
  rule(
    "origin-time",
    "src/intake/slot-filler.ts",
    "layers, length, receipt",
    "layers, length, arrival",
  ),
];
