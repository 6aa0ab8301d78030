/** The repository's files as the house rules read them. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "../..");

/** Paths that git knows or would take up. */
export const tracked = Bun.spawnSync(["git", "ls-files", "-co", "--exclude-standard"], {
  cwd: ROOT,
})
  .stdout.toString()
  .split("\n")
  .filter((path) => path !== "" && readable(path) !== null);

export const sources = tracked.filter((path) => /^(src|workers)\/.*\.ts$/.test(path));

/** Everything that is written in TypeScript, tests and scripts with it. */
export const typed = tracked.filter((path) => path.endsWith(".ts"));

/** "wire" for src/wire/rtp.ts, "limits" for src/limits.ts, "workers" for workers/ingest.ts. */
export function folderOf(path: string): string {
  const parts = path.replace(/^src\//, "").split("/");
  return parts[0]!.replace(/\.(d\.)?ts$/, "");
}

/** Paths of the files of this repository that a file imports, by whatever form; types count. */
export function localImports(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.ts)"/g);
  return [...found].map((match) => resolved(path, match[1]!));
}

/** The path that an import of `path` means. */
export function resolved(path: string, specifier: string): string {
  return normalize(join(dirname(path), specifier));
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Null for what git lists but is deleted in the work tree. */
export function readable(path: string): string | null {
  try {
    return read(path);
  } catch {
    return null;
  }
}
