/** CHANGELOG.md beside this file: an entry a version, the newest first. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const CHANGELOG = readFileSync(join(import.meta.dir, "CHANGELOG.md"), "utf8");

/** Text below the heading "## VERSION"; null when there is none. */
export function entryOf(changelog: string, version: string): string | null {
  const [, ...entries] = changelog.split(/^## /m);
  const entry = entries.find((each) => each.startsWith(`${version}\n`));
  return entry?.slice(version.length).trim() ?? null;
}

/** Versions with an entry, in the order of the file. */
export function versionsOf(changelog: string): readonly string[] {
  return [...changelog.matchAll(/^## (\S+)$/gm)].map((match) => match[1]!);
}
