/** What rings tell of media that comes from another node, and what their readers wish for. */
import { type Mutation, rule } from "./rule.ts";

const TABLE = "src/feed/layer-table.ts";
const REQUESTS = "src/media/keyframe-requests.ts";

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
    "src/ring/reader.ts",
    "Slot.arrival, true) + late",
    "Slot.arrival, true) + late - late",
  ),
  rule(
    "origin-time",
    "src/intake/slot-filler.ts",
    "layers, length, receipt",
    "layers, length, arrival",
  ),
  rule("segment-wish", REQUESTS, "this.#lastForSegment + PLI", "this.#lastSent + PLI"),
  rule(
    "segment-wish",
    REQUESTS,
    "if (viewers) this.#noteForViewers(now);",
    "this.#noteForViewers(now);",
  ),
  rule("segment-wish", REQUESTS, "const apart = this.#open ?", "const apart = this.sent < 0 ?"),
  rule(
    "segment-wish",
    "src/ring/reader.ts",
    "segment: KeyframeWish.segment,",
    "segment: KeyframeWish.all,",
  ),
  rule("told-layers", TABLE, " || this.told.keyframes", ""),
  rule("told-layers", TABLE, "told ? PULLED_US : SILENCE_US", "SILENCE_US"),
  rule("told-layers", TABLE, "const told = !left && isFresh", "const told = isFresh"),
  rule(
    "told-layers",
    TABLE,
    "if (told && now - this.flowsSince < WINDOW_US)",
    "if (told && !flows)",
  ),
  rule(
    "told-layers",
    TABLE,
    "Math.max(layerSeenUs(views, point), told.seenUs[point]!)",
    "layerSeenUs(views, point)",
  ),
  rule("told-layers", TABLE, "const firstUs = this.toldOf ? 0 :", "const firstUs ="),
  rule("pulled-again", "src/ring/writer.ts", "    this.grouped = false;\n", ""),
  rule(
    "pulled-again",
    "src/ring/writer.ts",
    "    Atomics.store(this.words, Header.keyframeValid, 0);\n    if (this.started",
    "    if (this.started",
  ),
];
