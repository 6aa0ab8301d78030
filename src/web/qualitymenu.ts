/**
 * The player's quality button and its menu (WAI-ARIA menu button pattern): arrows, Home and End move,
 * Enter and Space choose, Escape and Tab close.
 */
import { make, setText } from "./dom.ts";
import type { QualityMenu } from "./layers.ts";

export class QualityButton {
  readonly button = make("button", "chip quality");
  readonly menu = make("div", "menu");
  #keys: readonly (string | null)[] = [];
  readonly #choose: (key: string | null) => void;
  readonly #opened: (isOpen: boolean) => void;

  /** `choose` gets the key of a line; `opened` is told when the menu opens and closes. */
  constructor(choose: (key: string | null) => void, opened: (isOpen: boolean) => void) {
    this.#choose = choose;
    this.#opened = opened;
    this.button.type = "button";
    this.button.hidden = true;
    this.button.id = "quality";
    this.button.setAttribute("aria-haspopup", "menu");
    // Keys that media-chrome would take for play and volume.
    this.button.setAttribute("keysused", "Space Enter ArrowUp ArrowDown");
    this.button.addEventListener("click", () => this.#toggle(!this.#isOpen));
    this.button.addEventListener("keydown", (event) => this.#openByKey(event));
    this.menu.hidden = true;
    this.menu.id = "qualities";
    this.menu.setAttribute("role", "menu");
    this.menu.setAttribute("aria-label", "Quality");
    this.button.setAttribute("aria-controls", this.menu.id);
    this.button.setAttribute("aria-expanded", "false");
    this.menu.addEventListener("keydown", (event) => this.#move(event));
    // Safari focuses no button by mouse: the menu would lose focus, and close, before the click.
    const stay = (event: Event) => event.preventDefault();
    this.menu.addEventListener("mousedown", stay);
    this.button.addEventListener("mousedown", stay);
    this.menu.addEventListener("focusout", (event) => this.#left(event.relatedTarget));
  }

  /** Shows what there is to choose; null hides the button. Keeps focus where it is. */
  show(menu: QualityMenu | null): void {
    this.button.hidden = menu === null;
    if (menu === null) {
      if (this.#isOpen) this.#toggle(false);
      this.menu.replaceChildren();
      return;
    }
    setText(this.button, menu.title);
    this.button.setAttribute("aria-label", `Quality: ${menu.title}`);
    this.#keys = menu.lines.map((line) => line.key);
    const items = this.#items;
    menu.lines.forEach((line, index) => {
      const item = items[index] ?? this.#addItem();
      const [label, detail] = item.children;
      item.setAttribute("aria-checked", String(line.key === menu.chosen));
      item.classList.toggle("faint", !line.isAlive);
      if (label) setText(label, line.label);
      if (detail) setText(detail, line.detail);
    });
    for (const item of items.slice(menu.lines.length)) item.remove();
  }

  get #isOpen(): boolean {
    return this.menu.hidden === false;
  }

  get #items(): HTMLButtonElement[] {
    return Array.from(this.menu.querySelectorAll("button"));
  }

  #addItem(): HTMLButtonElement {
    const item = make("button", "", make("span"), make("small"));
    item.type = "button";
    item.tabIndex = -1;
    item.setAttribute("role", "menuitemradio");
    item.addEventListener("click", () => {
      this.#toggle(false);
      this.button.focus();
      this.#choose(this.#keys[this.#items.indexOf(item)] ?? null);
    });
    this.menu.append(item);
    return item;
  }

  #toggle(isOpen: boolean): void {
    this.menu.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.#opened(isOpen);
    if (!isOpen) return;
    const items = this.#items;
    (items.find((item) => item.ariaChecked === "true") ?? items[0])?.focus();
  }

  #openByKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    this.#toggle(true);
  }

  #move(event: KeyboardEvent): void {
    const items = this.#items;
    const at = items.indexOf(event.target as HTMLButtonElement);
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: items.length - 1,
    };
    const to = targets[event.key];
    if (event.key === "Escape") {
      this.#toggle(false);
      this.button.focus();
    } else if (to !== undefined) {
      items[(to + items.length) % items.length]?.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** By Tab, or a click elsewhere; a click on the button closes by itself. */
  #left(to: EventTarget | null): void {
    if (!this.#isOpen || to === this.button) return;
    if (to instanceof Node && this.menu.contains(to)) return;
    this.#toggle(false);
  }
}
