/** A grid of figures that keeps its elements, so that nothing jumps or loses focus. */
import { make, setText } from "./dom.ts";
import type { FigureLine } from "./figures.ts";

/** Shows the lines in `list` (a dl): makes the tiles once, then only changes their text. */
export function showTiles(list: HTMLElement, lines: readonly FigureLine[]): void {
  while (list.children.length < lines.length) {
    list.append(make("div", "tile", make("dt"), make("dd")));
  }
  lines.forEach((line, index) => {
    const tile = list.children[index] as HTMLElement;
    const [label, value] = tile.children;
    if (label) setText(label, line.label);
    if (value) setText(value, line.value);
    tile.title = line.hint;
  });
}
