/** Files that hold secrets: nobody else may use them. */
import { messageOf } from "../errors.ts";
import { ConfigError } from "./file.ts";

export interface FileSource {
  /** Text of the file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  /** Permission bits of a file; null when it has none or is not there. */
  readonly fileMode?: (path: string) => number | null;
}

/** The text of a file that the option `key` names. Throws a ConfigError when others may use it. */
export function readSecretFile(
  key: string,
  path: string,
  { readFile, fileMode }: FileSource,
): string {
  const mode = fileMode?.(path) ?? 0;
  // A service reads it through its group; nobody else may, and nobody but its owner may write.
  if ((mode & 0o027) !== 0) {
    const bits = mode.toString(8);
    throw new ConfigError(`${key}: others may use ${path} (mode ${bits}): chmod 600 ${path}`);
  }
  try {
    return readFile(path);
  } catch (error) {
    throw new ConfigError(`${key}: ${messageOf(error)}`);
  }
}
