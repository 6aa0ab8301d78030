/** Executables of this program. */
import { readFileSync, statSync } from "node:fs";

/** The path of this one; null when it is run from its sources. */
export function ownExecutable(): string | null {
  return Bun.main.startsWith("/$bunfs/") ? process.execPath : null;
}

/** Whether two paths lead to the same bytes. False when one of them cannot be read. */
export function isSameFile(left: string, right: string): boolean {
  try {
    const [a, b] = [statSync(left), statSync(right)];
    if (a.dev === b.dev && a.ino === b.ino) return true;
    return a.size === b.size && readFileSync(left).equals(readFileSync(right));
  } catch {
    return false;
  }
}
