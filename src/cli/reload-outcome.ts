/**
 * What came of a reload, from the server to whoever asked for it by a signal: a file in the state folder,
 * which nobody else can write.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE_NAME = "reload";

export interface ReloadOutcome {
  /** Null when the configuration counts now. */
  readonly problem: string | null;
  /** Keys that count from the next start on. */
  readonly later: readonly string[];
}

/** The next one is another's than the last. */
export function forgetOutcome(folder: string): void {
  rmSync(join(folder, FILE_NAME), { force: true });
}

export function keepOutcome(folder: string, outcome: ReloadOutcome): void {
  const path = join(folder, FILE_NAME);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // It is there at once, or not at all.
  writeFileSync(`${path}.new`, JSON.stringify(outcome), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Null while there is none; it is told once. */
export function takeOutcome(folder: string): ReloadOutcome | null {
  const path = join(folder, FILE_NAME);
  if (!existsSync(path)) return null;
  const outcome = JSON.parse(readFileSync(path, "utf8")) as ReloadOutcome;
  forgetOutcome(folder);
  return outcome;
}
