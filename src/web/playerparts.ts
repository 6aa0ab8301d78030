/** The parts of a player that stand over its picture: cover, figures, and the button in the middle. */
import { make, setText } from "./dom.ts";
import type { FigureLine } from "./figures.ts";

/** What stands over a picture that is not there. */
export class Cover {
  readonly element = make("div", "cover");
  readonly #text = make("p");

  constructor() {
    this.element.part = "cover";
    this.#text.setAttribute("role", "status");
    this.element.append(make("span", "spinner"), this.#text);
  }

  get isShown(): boolean {
    return !this.element.hidden;
  }

  /** `text`: "" takes it away; `isBusy`: something goes on behind it. */
  show(text: string, isBusy: boolean): void {
    setText(this.#text, text);
    this.element.hidden = text === "";
    this.element.classList.toggle("busy", isBusy);
  }
}

/** The figures over the picture. */
export class Overlay {
  readonly element = make("dl", "overlay");

  constructor() {
    this.element.part = "overlay";
    this.element.hidden = true;
  }

  fill(lines: readonly FigureLine[]): void {
    const rows = lines.map((line) =>
      make("div", "", make("dt", "", line.label), make("dd", "", line.value)),
    );
    this.element.replaceChildren(...rows);
  }
}

/** In the middle of the picture: sound, or playback, that needs a press. */
export class PressButton {
  readonly element = make("button", "unmute", "Unmute");

  constructor(press: () => void) {
    this.element.type = "button";
    this.element.part = "unmute";
    this.element.hidden = true;
    this.element.addEventListener("click", press);
  }

  show(word: "Play" | "Unmute" | null): void {
    this.element.hidden = word === null;
    if (word !== null) setText(this.element, word);
  }
}

/** A button that is on or off; `toggle` changes that, and returns what it is then. */
export function chip(text: string, label: string, toggle: () => boolean): HTMLButtonElement {
  const button = make("button", "chip", text);
  button.type = "button";
  button.setAttribute("aria-label", label);
  // Keys that media-chrome would take for play.
  button.setAttribute("keysused", "Space Enter");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => button.setAttribute("aria-pressed", String(toggle())));
  return button;
}

/** The bar at the bottom; its buttons are the player's. */
export function controlBar(live: HTMLElement, ...chips: readonly HTMLElement[]): HTMLElement {
  const bar = document.createElement("media-control-bar");
  bar.part = "controls";
  for (const name of ["play-button", "mute-button", "volume-range"]) {
    bar.append(document.createElement(`media-${name}`));
  }
  bar.append(live, make("span", "space"), ...chips);
  for (const name of ["pip-button", "fullscreen-button"]) {
    bar.append(document.createElement(`media-${name}`));
  }
  return bar;
}
