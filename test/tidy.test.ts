/** House rules that no linter knows: who may import whom, banned words, length, dead files. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");

/**
 * The import law: a folder imports from itself and from what stands in its list. `io` is the only
 * impure folder; `control` reaches it only where it runs the workers.
 */
const BASE = ["assert", "limits", "contract", "embedded", "processors"];
const WIRE = [...BASE, "wire"];
const PEER = [...WIRE, "sdp", "srtp", "ring", "media", "peer"];
const LAW: Readonly<Record<string, readonly string[]>> = {
  assert: [],
  limits: ["assert"],
  contract: ["wire"],
  processors: [],
  embedded: [],
  version: ["embedded"],
  log: [],
  config: ["limits", "config"],
  wire: ["assert", "limits"],
  sdp: [...WIRE],
  srtp: ["assert", "limits", "wire"],
  ring: [...BASE, "wire"],
  media: [...WIRE, "srtp", "ring"],
  peer: PEER,
  ingest: PEER,
  egress: PEER,
  client: PEER,
  io: PEER,
  // The load tool runs on threads of its own, so it brings its sockets and clock along.
  load: [...PEER, "client", "io"],
  control: [...PEER, "io", "config", "log", "version"],
  web: ["assert", "limits"],
  cli: [...PEER, "client", "load", "io", "control", "config", "log", "version", "web"],
  main: ["cli", "version"],
  workers: [...PEER, "ingest", "egress", "load", "client", "io"],
};

/** Lines a file may have. Files above it are named here and may only shrink. */
const LINES_MAX = 350;
const TEST_LINES_MAX = 450;
const LONGER: Readonly<Record<string, number>> = {};

/** Folders where every packet passes: nothing there copies or allocates buffers by the way. */
const DATA_PATH = ["wire", "srtp", "ring", "media", "ingest", "egress"];

const tracked = Bun.spawnSync(["git", "ls-files", "-co", "--exclude-standard"], { cwd: ROOT })
  .stdout.toString()
  .split("\n")
  .filter((path) => path !== "" && readable(path) !== null);
const sources = tracked.filter((path) => /^(src|workers)\/.*\.ts$/.test(path));
const code = tracked.filter((path) => /\.(ts|sh|mjs|css|html)$/.test(path));

test("there are sources to look at", () => {
  expect(sources.length).toBeGreaterThan(50);
});

test("imports go downwards only", () => {
  const offences: string[] = [];
  for (const path of sources) {
    const from = folderOf(path);
    const allowed = LAW[from];
    expect(allowed, `${path}: ${from} has no place in the import law`).toBeDefined();
    for (const target of localImports(path)) {
      const to = folderOf(target);
      if (to !== from && !allowed?.includes(to)) offences.push(`${path} imports ${target}`);
    }
  }
  expect(offences).toEqual([]);
});

test("in control only what runs the workers touches io", () => {
  const offences = sources.filter(
    (path) =>
      path.startsWith("src/control/") &&
      !/^src\/control\/[\w-]*(worker|plane)[\w-]*\.ts$/.test(path) &&
      localImports(path).some((target) => folderOf(target) === "io"),
  );
  expect(offences).toEqual([]);
});

test("clocks and randomness come in as arguments", () => {
  const banned = /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bBun\.nanoseconds\b/;
  const pure = sources.filter((path) => !/^src\/(io|web)\//.test(path));
  expect(linesWith(pure, banned)).toEqual([]);
});

test("no buffer is joined in the data path", () => {
  const hot = sources.filter((path) => DATA_PATH.includes(folderOf(path)));
  expect(linesWith(hot, /\bBuffer\.concat\b/)).toEqual([]);
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
      const limit = LONGER[path] ?? (path.startsWith("test/") ? TEST_LINES_MAX : LINES_MAX);
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

/** "wire" for src/wire/rtp.ts, "limits" for src/limits.ts, "workers" for workers/ingest.ts. */
function folderOf(path: string): string {
  const parts = path.replace(/^src\//, "").split("/");
  return parts[0]!.replace(/\.(d\.)?ts$/, "");
}

/** Paths of the files of this repository that a file imports, by whatever form. */
function localImports(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.ts)"/g);
  return [...found].map((match) => normalize(join(dirname(path), match[1]!)));
}

function linesWith(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Null for what git lists but is deleted in the work tree. */
function readable(path: string): string | null {
  try {
    return read(path);
  } catch {
    return null;
  }
}
