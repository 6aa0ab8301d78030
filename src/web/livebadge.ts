/** "LIVE", with what lies between capture and screen and by which tier; a press goes to the live edge. */
import { make, setText } from "./dom.ts";
import { formatClock, formatSeconds } from "./format.ts";
import type { Tier } from "./tiers.ts";

const TIERS: Readonly<Record<Tier, string>> = {
  realtime: "Real time",
  tail: "Low latency",
};
/** Players of browsers buffer as they like. */
const NATIVE = "Buffered";

export class LiveBadge {
  readonly button = make("button", "live");
  readonly #word = make("span");
  readonly #latency = make("span", "latency");
  readonly #tier = make("span", "tier");

  constructor(goLive: () => void) {
    this.button.type = "button";
    this.button.part = "live";
    this.button.hidden = true;
    // Keys that media-chrome would take for play.
    this.button.setAttribute("keysused", "Space Enter");
    this.button.append(make("span", "dot"), this.#word, this.#latency, this.#tier);
    this.button.addEventListener("click", goLive);
  }

  /** `latencyMs`: null while not known; `kind`: of what is old on purpose, or the browser plays by itself. */
  show(tier: Tier | null, latencyMs: number | null, kind: "behind" | "native" | null): void {
    this.button.hidden = tier === null;
    if (tier === null) return;
    const isBehind = kind === "behind";
    const ms = latencyMs ?? 0;
    const known = isBehind ? `−${formatClock(ms)}` : formatSeconds(ms);
    const latency = latencyMs === null ? "" : known;
    const name = kind === "native" ? NATIVE : TIERS[tier];
    setText(this.#word, isBehind ? "Go live" : "LIVE");
    setText(this.#latency, latency);
    setText(this.#tier, isBehind ? "" : name);
    this.button.dataset.tier = isBehind ? "behind" : tier;
    const behind = latency === "" ? "" : `, ${latency} behind`;
    this.button.title = `${name}${behind}. Press to go to the live edge.`;
  }
}
