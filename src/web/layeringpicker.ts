/** The "Layers" list of the publish page: what the browser can send with the chosen codec. */
import { byId, make, setText } from "./dom.ts";
import type { Ability, Layering, Size } from "./layering.ts";
import { defaultLayering, layeringsOf } from "./layering.ts";

export class LayeringPicker {
  readonly #select = byId<HTMLSelectElement>("layers");
  readonly #hint = byId("layers-hint");
  readonly #abilities: readonly Ability[];
  #choices: readonly Layering[] = [];
  /** What a person or the address chose; null for the default. */
  #wish: string | null;

  /** `wish` is the id of a layering, and forgotten where it is not to be had. */
  constructor(abilities: readonly Ability[], wish: string | null) {
    this.#abilities = abilities;
    this.#wish = wish;
    this.#select.addEventListener("change", () => {
      this.#wish = this.#select.value;
      this.#explain();
    });
  }

  get value(): string {
    return this.#select.value;
  }

  /** Offers what goes with a codec ("" for any) and a size; keeps the choice while it can. */
  update(codec: string, size: Size): void {
    this.#choices = layeringsOf(codec, this.#abilities, size);
    const isSvc = (choice: Layering) => /^L\d/.test(choice.id);
    const option = (choice: Layering) => new Option(choice.label, choice.id);
    const plain = this.#choices.filter((choice) => !isSvc(choice)).map(option);
    const svc = this.#choices.filter(isSvc).map(option);
    const group = make("optgroup", "", ...svc);
    group.label = "Layers in one stream (SVC)";
    this.#select.replaceChildren(...plain, ...(svc.length === 0 ? [] : [group]));
    const isKnown = this.#choices.some((choice) => choice.id === this.#wish);
    this.#select.value =
      isKnown && this.#wish !== null ? this.#wish : defaultLayering(this.#choices, size);
    this.#explain();
  }

  #explain(): void {
    const chosen = this.#choices.find((choice) => choice.id === this.#select.value);
    setText(this.#hint, chosen?.hint ?? "");
  }
}
