/** What systemd and the kernel know of the service on this machine. */
import { readlinkSync } from "node:fs";
import { isSameFile, ownExecutable } from "./executable.ts";
import { readText } from "./read-text.ts";

export interface ServiceEyes {
  /** Properties of the unit by name; null without systemd. */
  readonly show: (names: readonly string[]) => Readonly<Record<string, string>> | null;
  /** Null when the file cannot be read. */
  readonly readText: (path: string) => string | null;
  /** Where a link leads; null when that cannot be seen. */
  readonly readLink: (path: string) => string | null;
  /** Whether both are the same executable. */
  readonly isSame: (left: string, right: string) => boolean;
  /** The executable that looks; null when it is none. */
  readonly own: string | null;
}

export const serviceEyes: ServiceEyes = {
  show,
  readText,
  readLink: (path) => {
    try {
      return readlinkSync(path);
    } catch {
      return null;
    }
  },
  isSame: isSameFile,
  own: ownExecutable(),
};

const SYSTEMCTL_MS = 5_000;

function show(names: readonly string[]): Readonly<Record<string, string>> | null {
  try {
    const line = ["systemctl", "show", "spillway.service", `--property=${names.join(",")}`];
    const { success, stdout } = Bun.spawnSync(line, { stderr: "ignore", timeout: SYSTEMCTL_MS });
    if (!success) return null;
    return Object.fromEntries(
      [...stdout.toString().matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
    );
  } catch {
    // There is no systemctl.
    return null;
  }
}
