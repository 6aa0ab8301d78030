/** What a person chose in the quality menu, across tiers: their layers have names of their own. Pure. */
import { keyOf, type Layer } from "./layers.ts";

export interface Wish {
  readonly key: string;
  /** "720" of 1280 × 720; null where the layer told none. */
  readonly shortSide: number | null;
}

/** What choosing the layer with this key means; null for automatic. */
export function wishOf(layers: readonly Layer[], key: string | null): Wish | null {
  const layer = layers.find((candidate) => keyOf(candidate) === key);
  return key === null || layer === undefined ? null : { key, shortSide: shortSideOf(layer) };
}

/** The key that comes nearest to a wish: of its size and name, of its size, of the next smaller size. */
export function keyFor(layers: readonly Layer[], wish: Wish | null): string | null {
  if (wish === null) return null;
  const { key, shortSide } = wish;
  if (shortSide === null) return layers.some((layer) => keyOf(layer) === key) ? key : null;
  const fitting = layers.filter((layer) => (shortSideOf(layer) ?? Infinity) <= shortSide);
  const size = Math.max(...fitting.map((layer) => shortSideOf(layer) ?? 0));
  const own = fitting.filter((layer) => shortSideOf(layer) === size);
  const found = own.find((layer) => keyOf(layer) === key) ?? own[0];
  return found === undefined ? null : keyOf(found);
}

function shortSideOf({ width, height }: Layer): number | null {
  return width === null || height === null ? null : Math.min(width, height);
}
