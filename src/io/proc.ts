/** Reading /proc, where what is looked at may be gone by then, or closed to others. */
import { readdirSync, readFileSync } from "node:fs";

/** The text of a file; "" when it cannot be read. */
export function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch {
    return "";
  }
}

/** The names in a folder; none when it cannot be read. */
export function listProc(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
