/** "LIVE", with what lies between capture and screen and by which tier; a press goes to the live edge. */
import { make, setText } from "./dom.ts";
import { formatSeconds } from "./format.ts";
import type { Tier } from "./tiers.ts";

const TIERS: Readonly<Record<Tier, string>> = {
  realtime: "Real time",
  tail: "Low latency",
};
/** Players of browsers buffer as they like. */
const NATIVE = "Buffered";

export class LiveBadge {
  readonly button = make("button", "live");
  readonly #latency = make("span", "latency");
  readonly #tier = make("span", "tier");

  constructor(goLive: () => void) {
    this.button.type = "button";
    this.button.part = "live";
    this.button.hidden = true;
    // Keys that media-chrome would take for play.
    this.button.setAttribute("keysused", "Space Enter");
    this.button.append(make("span", "dot"), "LIVE", this.#latency, this.#tier);
    this.button.addEventListener("click", goLive);
  }

  /** `latencyMs`: null while not known; `isNative`: the browser plays it by itself. */
  show(tier: Tier | null, latencyMs: number | null, isNative: boolean): void {
    this.button.hidden = tier === null;
    if (tier === null) return;
    const latency = latencyMs === null ? "" : formatSeconds(latencyMs);
    setText(this.#latency, latency);
    const name = isNative ? NATIVE : TIERS[tier];
    setText(this.#tier, name);
    this.button.dataset.tier = tier;
    const behind = latency === "" ? "" : `, ${latency} behind`;
    this.button.title = `${name}${behind}. Press to go to the live edge.`;
  }
}
