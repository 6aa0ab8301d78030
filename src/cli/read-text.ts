import { readFileSync } from "node:fs";

/** A file of the system without white space around it; null when it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
