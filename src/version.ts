import manifest from "../package.json" with { type: "json" };
import { BUILT_VERSION, COMMIT } from "./embedded.ts";

export const VERSION: string = BUILT_VERSION ?? manifest.version;

/** For --version and the first log line: "spillway 0.2.0 (87c1f46, bun 1.4.5, x64)". */
export function versionLine(): string {
  return `spillway ${VERSION} (${COMMIT ?? "source"}, bun ${Bun.version}, ${process.arch})`;
}
