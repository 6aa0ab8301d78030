/** House rules that no linter knows: banned words, length, dead files. */
import { expect, test } from "bun:test";
import { folderOf, localImports, read, readable, sources, tracked } from "./house/sources.ts";

/** Lines a file may have. */
const LINES_MAX = 350;
const TEST_LINES_MAX = 450;

/** Folders where every packet passes: nothing there copies or allocates buffers by the way. */
const DATA_PATH = ["wire", "srtp", "ring", "media", "intake", "feed", "ingest", "egress"];

const code = tracked.filter((path) => /\.(ts|sh|mjs|css|html)$/.test(path));

test("clocks and randomness come in as arguments", () => {
  const banned = /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bBun\.nanoseconds\b/;
  const pure = sources.filter((path) => !/^src\/(io|web)\//.test(path));
  expect(linesWith(pure, banned)).toEqual([]);
});

test("no buffer is joined in the data path", () => {
  const hot = sources.filter((path) => DATA_PATH.includes(folderOf(path)));
  expect(linesWith(hot, /\bBuffer\.concat\b/)).toEqual([]);
});

test("what a log says is waited for: a server may write it after its answer", () => {
  const tests = code.filter((path) => path.startsWith("test/"));
  expect(linesWith(tests, /\blogs\(\).*\)\.to(Contain|Match)\b/)).toEqual([]);
});

test("types stay on and nothing is left for later", () => {
  // Put together from halves, so that this file does not find itself.
  const words = ["FIX" + "ME", "TO" + "DO", "HA" + "CK", "X" + "XX"].join("|");
  expect(linesWith(code, new RegExp(`\\b(${words})\\b`))).toEqual([]);
  const types = ["@ts-" + "ignore", "@ts-" + "nocheck", "as an" + "y\\b", ": an" + "y\\b"].join(
    "|",
  );
  const typed = code.filter((path) => path.endsWith(".ts"));
  const isComment = (found: string) => /^\S+: (\/?\*|\/\/)/.test(found);
  expect(linesWith(typed, new RegExp(types)).filter((line) => !isComment(line))).toEqual([]);
});

test("files stay short", () => {
  const offences = code
    .filter((path) => /\.(ts|sh)$/.test(path))
    .flatMap((path) => {
      const lines = read(path).split("\n").length - 1;
      const limit = path.startsWith("test/") ? TEST_LINES_MAX : LINES_MAX;
      return lines > limit ? [`${path}: ${lines} lines, ${limit} allowed`] : [];
    });
  expect(offences).toEqual([]);
});

test("every source file is reached from an entry point or a script", () => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const target of localImports(path)) visit(target);
  };
  const entries = code.filter((path) => /^(src\/main\.ts|workers\/|scripts\/)/.test(path));
  for (const entry of entries) visit(entry);
  // Pages are bundled by name, and declarations are found by the compiler.
  const dead = sources.filter(
    (path) => !seen.has(path) && !path.startsWith("src/web/") && !path.endsWith(".d.ts"),
  );
  expect(dead).toEqual([]);
});

test("no private address or path is in a tracked file", () => {
  const text = tracked.filter((path) => !/\.(mp4|png|jpg|webm|ico|woff2?)$/.test(path));
  const urls = text.flatMap((path) =>
    [...read(path).matchAll(/"resolved":\s*"(https?:\/\/[^/"]+)/g)].map((match) => match[1]!),
  );
  expect(urls).toEqual([]);
  const home = new RegExp(["/ho" + "me/\\w", "/ro" + "ot/", "/wo" + "rk/"].join("|"));
  expect(linesWith(text, home)).toEqual([]);
});

test("secrets are not tracked", () => {
  const key = new RegExp("BEGIN (EC |RSA )?PRIV" + "ATE KEY-----\\n?[A-Za-z0-9+/]{20}");
  expect(tracked.filter((path) => key.test(readable(path) ?? ""))).toEqual([]);
});

function linesWith(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
}
