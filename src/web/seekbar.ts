/**
 * The player's seek bar, over what can be gone back to of a stream: a slider from the oldest picture to
 * what is live. Arrows go by ten seconds, also where another button of the player has the focus; page
 * keys by a minute, Home to the oldest, End to what is live.
 */
import { make, setText } from "./dom.ts";
import { formatBehind, formatClock } from "./format.ts";
import { BEHIND_MS_MIN, type Reach } from "./reach.ts";
import { SEEK_STYLE } from "./seekstyle.ts";
import type { Sought } from "./sought.ts";

const STEP_MS = 10_000;
const PAGE_MS = 60_000;
/** Where a seek leads is told until it is shown, or for so long: another step counts from there. */
const PENDING_MS = 5_000;
const NEAR_MS = 3_000;
/** Keys that mean something else there. */
const OTHERS = "input, [role=menu], media-volume-range";

export class SeekBar {
  readonly #place: HTMLElement;
  readonly #player: Sought;
  readonly #slider = make("input");
  readonly #when = make("output", "when");
  #reach: Reach = { fromMs: 0, toMs: 0 };
  #isHeld = false;
  /** Where the newest seek leads. */
  #pending: { readonly atMs: number; readonly untilMs: number } | null = null;

  /** `place`: in the controls of the player. */
  constructor(place: HTMLElement, player: Sought) {
    this.#place = place;
    this.#player = player;
    const slider = this.#slider;
    slider.type = "range";
    slider.step = "1";
    slider.part.add("seek");
    slider.setAttribute("aria-label", "Time");
    // Keys that media-chrome would take for play and volume.
    slider.setAttribute("keysused", "Space Enter ArrowUp ArrowDown ArrowLeft ArrowRight");
    slider.addEventListener("input", () => this.#drag());
    slider.addEventListener("change", () => this.#drop());
    // A drag that ends where it began changes nothing.
    for (const type of ["pointerup", "pointercancel", "blur"]) {
      slider.addEventListener(type, () => this.#release());
    }
    slider.addEventListener("pointermove", (event) => this.#point(event));
    slider.addEventListener("pointerleave", () => this.#hideWhen());
    player.addEventListener("keydown", (event) => this.#press(event));
    for (const type of ["figures", "statechange"]) {
      player.addEventListener(type, () => this.#show());
    }
    this.#when.hidden = true;
    place.className = "seek";
    place.append(slider, this.#when);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SEEK_STYLE);
    player.shadowRoot?.adoptedStyleSheets.push(sheet);
    this.#show();
  }

  #show(): void {
    const { reach } = this.#player;
    this.#place.hidden = reach === null;
    if (reach === null || this.#isHeld) return;
    this.#reach = reach;
    const { fromMs, toMs } = reach;
    this.#slider.min = String(-Math.round((toMs - fromMs) / 1_000));
    this.#slider.max = "0";
    this.#set(this.#atMs);
  }

  /** Of what is shown, or soon will be; the newest of all where that is live. */
  get #atMs(): number {
    const { captureTime, behind } = this.#player;
    const { fromMs, toMs } = this.#reach;
    if (this.#pending !== null) {
      const { atMs, untilMs } = this.#pending;
      const isThere = behind && Math.abs((captureTime ?? 0) - atMs) < NEAR_MS;
      if (!isThere && performance.now() < untilMs) return atMs;
      this.#pending = null;
    }
    return behind && captureTime !== null ? Math.min(Math.max(captureTime, fromMs), toMs) : toMs;
  }

  #set(atMs: number): void {
    const { toMs } = this.#reach;
    this.#slider.value = String(-Math.round((toMs - atMs) / 1_000));
    this.#mark();
  }

  #mark(): void {
    const { min, valueAsNumber: value } = this.#slider;
    const share = Number(min) === 0 ? 1 : 1 - value / Number(min);
    this.#slider.style.setProperty("--at", `${share * 100}%`);
    this.#slider.setAttribute("aria-valuetext", formatBehind(-value * 1_000));
  }

  #drag(): void {
    this.#isHeld = true;
    this.#mark();
    const { min, valueAsNumber: value } = this.#slider;
    this.#showWhen(1 - value / Number(min));
  }

  #release(): void {
    this.#isHeld = false;
    this.#hideWhen();
  }

  #drop(): void {
    this.#release();
    this.#seek(this.#reach.toMs + this.#slider.valueAsNumber * 1_000);
  }

  #seek(atMs: number): void {
    const { fromMs, toMs } = this.#reach;
    const to = Math.min(Math.max(atMs, fromMs), toMs);
    const isLive = toMs - to < BEHIND_MS_MIN;
    this.#pending = isLive ? null : { atMs: to, untilMs: performance.now() + PENDING_MS };
    this.#set(to);
    this.#player.seek(to);
  }

  #press(event: KeyboardEvent): void {
    const to = this.#targetOf(event);
    if (to === null) return;
    event.preventDefault();
    this.#seek(to);
  }

  #targetOf(event: KeyboardEvent): number | null {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    const [target] = event.composedPath();
    const isHere = target === this.#slider;
    const isElsewhere = target instanceof Element && target.closest(OTHERS) !== null;
    if (altKey || ctrlKey || metaKey || shiftKey || event.defaultPrevented) return null;
    const isOff = this.#place.hidden || this.#player.getAttribute("controls") === "none";
    if (isOff || (isElsewhere && !isHere)) return null;
    const at = this.#atMs;
    if (key === "ArrowLeft" || (isHere && key === "ArrowDown")) return at - STEP_MS;
    if (key === "ArrowRight" || (isHere && key === "ArrowUp")) return at + STEP_MS;
    if (!isHere) return null;
    const { fromMs, toMs } = this.#reach;
    const targets = { PageDown: at - PAGE_MS, PageUp: at + PAGE_MS, Home: fromMs, End: toMs };
    return key in targets ? targets[key as keyof typeof targets] : null;
  }

  #point({ clientX }: PointerEvent): void {
    const { left, width } = this.#slider.getBoundingClientRect();
    if (!this.#isHeld) this.#showWhen(Math.min(1, Math.max(0, (clientX - left) / width)));
  }

  /** `share`: of the bar, from the left. */
  #showWhen(share: number): void {
    const { fromMs, toMs } = this.#reach;
    const agoMs = (1 - share) * (toMs - fromMs);
    const clock = new Date(toMs - agoMs).toLocaleTimeString();
    setText(this.#when, agoMs < STEP_MS ? "Live" : `−${formatClock(agoMs)} · ${clock}`);
    this.#when.style.setProperty("--when", `${share * 100}%`);
    this.#when.hidden = false;
  }

  #hideWhen(): void {
    this.#when.hidden = true;
  }
}
