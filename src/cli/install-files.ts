/** Files that `spillway install` writes. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "../errors.ts";
import { UsageError } from "./command.ts";
import type { Given } from "./given.ts";
import { packagedPath } from "./unit.ts";

export interface InstalledFile {
  /** Absolute, and below the root folder of the command. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** Texts that it may take the place of: those of this program that nobody has changed. */
  readonly replaces: readonly string[];
}

/** The folder that stands for the machine's root, by `--root`: "" for / itself. */
export function rootOf(given: Given): string {
  const root = given.text("root") ?? "/";
  // Of a variable that is not set: / is never meant by that.
  if (root === "") throw new UsageError("--root: needs a folder");
  return root.replace(/\/+$/, "");
}

/** Whether another file stands in its place below `root` that must stay. */
export function isInTheWay({ path, text, replaces }: InstalledFile, root: string): boolean {
  const known = readIfThere(root + path);
  return known !== null && known !== text && !replaces.includes(known);
}

/** Writes it below `root` unless one is there that stays; says what was done. */
export function writeFile(file: InstalledFile, root: string): string {
  const place = root + file.path;
  const known = readIfThere(place);
  if (known === file.text || isInTheWay(file, root)) return `${place}: exists, left as it is`;
  // What stands in /etc would hide the next one of the package.
  const packaged = root + packagedPath(file.path);
  if (known === null && readIfThere(packaged) === file.text) {
    return `${place}: not needed, ${packaged} is the same`;
  }
  attempt(() => {
    makeFolder(dirname(place));
    const fresh = `${place}.new`;
    rmSync(fresh, { force: true });
    writeFileSync(fresh, file.text, { mode: file.mode, flag: "wx" });
    // Whatever the umask of this shell: the service must be able to read some of them.
    chmodSync(fresh, file.mode);
    renameSync(fresh, place);
  });
  return `${place}: written`;
}

function readIfThere(place: string): string | null {
  return existsSync(place) ? attempt(() => readFileSync(place, "utf8")) : null;
}

function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

/** Work on files: what fails is a UsageError. */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
