/** What a file exports is for others of the house, not for tests alone. */
import { expect, test } from "bun:test";
import { read, resolved, sources, typed } from "./sources.ts";

/**
 * Functions, classes and constants. Types are free: they name the shape of what a file exports, and
 * their file's own signatures use them.
 */
const EXPORT = /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|enum) (\w+)/gm;

const used = new Set(
  typed.filter((path) => !path.startsWith("test/")).flatMap((path) => usedBy(path, read(path))),
);
// What is taken of a file that passes on all of another is taken of that one.
for (const path of sources) {
  for (const behind of passedOnBy(path, read(path))) {
    for (const each of used) if (each.startsWith(`${path} `)) used.add(each.replace(path, behind));
  }
}
const idle = sources
  .flatMap((path) => [...read(path).matchAll(EXPORT)].map((match) => [path, match[1]!] as const))
  .filter(([path, name]) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
  .map(([path, name]) => `${path} ${name}`);

test("every form of an import is found", () => {
  const text = `
import { type A, b as c } from "./one.ts";
import type { D } from "../two.ts";
export { e } from "./three.ts";
import * as four from "./four.ts";
const five = await import("./five.ts");
`;
  expect(usedBy("src/x/y.ts", text)).toEqual([
    "src/x/one.ts A",
    "src/x/one.ts b",
    "src/two.ts D",
    "src/x/three.ts e",
    "src/x/four.ts *",
    "src/x/five.ts *",
  ]);
});

test("what passes on all of another file is no use of it by itself", () => {
  const text = `export * from "./rooms/one.ts";\nexport { two } from "./two.ts";\n`;
  expect(passedOnBy("src/x/y.ts", text)).toEqual(["src/x/rooms/one.ts"]);
  expect(usedBy("src/x/y.ts", text)).toEqual(["src/x/two.ts two"]);
});

test("nothing is exported for tests alone", () => {
  expect(idle).toEqual([]);
});

/** "path name" of what a file takes of others; "*" where it takes all. */
function usedBy(path: string, text: string): string[] {
  const form =
    /(?:import|export) (?:type )?(?:\{([^}]*)\}|\* as \w+) from "(\.[^"]+)"|import\(\s*"(\.[^"]+)"/g;
  return [...text.matchAll(form)].flatMap(([, list = "*", from, whole]) => {
    const target = resolved(path, (from ?? whole)!);
    const names = list.split(",").map((each) => each.trim().replace(/^type /, ""));
    return names.filter((name) => name !== "").map((name) => `${target} ${name.split(" ")[0]}`);
  });
}

/** Files of which a file exports all. */
function passedOnBy(path: string, text: string): string[] {
  const found = text.matchAll(/^export \* from "(\.[^"]+)"/gm);
  return [...found].map((match) => resolved(path, match[1]!));
}
