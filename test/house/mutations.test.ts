/** Mutations (scripts/mutate.ts) name files and strings of the sources: these are still there. */
import { expect, test } from "bun:test";
import { MUTATIONS } from "../../scripts/mutations.ts";
import { readable } from "./sources.ts";

test("every mutation still finds the line that it changes, once", () => {
  const lost = MUTATIONS.filter(({ file, search, replace }) => {
    const found = (readable(file) ?? "").split(search).length - 1;
    return found !== 1 || search === replace;
  });
  expect(lost.map(({ ids, file, search }) => `${ids}: ${file}: ${search}`)).toEqual([]);
});
