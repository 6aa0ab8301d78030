/** Which pictures of a list are loaded, and when: those on screen, some at a time. */

/** So many of those on screen have a picture; further ones stay plain. */
const PICTURES_MAX = 12;
/** So many are loaded at the same time. */
const LOADING_MAX = 3;

export interface Turn {
  /** When it is to be loaded next, ms. */
  readonly dueMs: number;
  readonly loading: boolean;
}

/** Those of `onScreen` that are to be loaded now; the order is that of the list. */
export function nextTurns<T extends Turn>(onScreen: readonly T[], nowMs: number): T[] {
  const first = onScreen.slice(0, PICTURES_MAX);
  const places = LOADING_MAX - onScreen.filter(({ loading }) => loading).length;
  const due = first.filter(({ loading, dueMs }) => !loading && dueMs <= nowMs);
  return due.slice(0, Math.max(0, places));
}
