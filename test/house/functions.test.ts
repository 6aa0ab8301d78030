/** Functions stay short, so that each says one thing. */
import { expect, test } from "bun:test";
import { read, typed } from "./sources.ts";

/** From the line where its head begins to its closing brace. */
const LINES_MAX = 50;

// A test's body may be as long as its story.
const files = typed.filter((path) => !path.endsWith(".test.ts"));
const functions = files.flatMap((path) =>
  functionsIn(read(path)).map(({ name, lines }) => ({ name: `${path} ${name}`, lines })),
);

test("every form of a function is found, from its head to its end", () => {
  const text = `
export async function plain(a: number): Promise<void> {
  if (a > 0) {
    return;
  }
}
class Sample {
  constructor(
    private readonly a: number,
  ) {
    this.b = 1;
  }

  get size(): { a: number } {
    return { a: 1 };
  }
}
const arrow = (a: number) =>
  a + 1;
const table = {
  a: 1,
};`;
  const found = functionsIn(text);
  expect(found).toEqual([
    { name: "plain", lines: 5 },
    { name: "constructor", lines: 5 },
    { name: "size", lines: 3 },
    { name: "arrow", lines: 2 },
  ]);
});

test("functions stay short", () => {
  const offences = functions
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ name, lines }) => `${name}: ${lines} lines, ${LINES_MAX} allowed`);
  expect(offences).toEqual([]);
});

interface Found {
  readonly name: string;
  readonly lines: number;
}

/**
 * Functions with a body in braces, and arrows that go on behind their line. The formatter sees to it
 * that a body stands deeper than its head, and that it ends at the head's depth.
 */
function functionsIn(text: string): Found[] {
  const lines = text.split("\n");
  const found: Found[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const opening = /^(?!\s*(\*|\/\/)).*(=> ?[({[]*|\)(: .+)? \{|^\s*\}>?(\[\])? \{)$/;
    if (!opening.test(lines[at]!)) continue;
    const head = headOf(lines, at);
    if (/^\s*(\} )?(if|else|for|while|switch|catch|try|do)\b/.test(lines[head]!)) continue;
    let end = at + 1;
    while (end < lines.length && isDeeper(lines[end]!, lines[at]!)) end += 1;
    while (lines[end - 1]!.trim() === "") end -= 1;
    const closes = /^\s*[)}\]]/.test(lines[end] ?? "");
    found.push({ name: nameIn(lines[head]!), lines: end - head + (closes ? 1 : 0) });
  }
  return found;
}

/** Where the head that ends in line `at` begins: its parameters may have lines of their own. */
function headOf(lines: readonly string[], at: number): number {
  let head = at;
  while (head > 0 && (/^\s*[)}]/.test(lines[head]!) || isDeeper(lines[head]!, lines[at]!)))
    head -= 1;
  return head;
}

function isDeeper(line: string, than: string): boolean {
  return line.trim() === "" || depthOf(line) > depthOf(than);
}

function depthOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The word in front of the parameters, or what the arrow is given to. */
function nameIn(head: string): string {
  return (
    /(?:const |let )?([\w#]+)(?: = |\(|<|: )/.exec(head.replace(/^.*function\*? /, ""))?.[1] ?? ""
  );
}
