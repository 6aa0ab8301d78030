/** Reads the configuration of this process and turns its mistakes into usage errors. */
import { readFileSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { type Config, loadConfig } from "../config.ts";
import { UsageError } from "./command.ts";

/** File, environment and `args`. */
export function readConfig(args: readonly string[]): Config {
  return read(args, process.env);
}

/** One file alone, whatever the environment says. */
export function readFileConfig(path: string): Config {
  return read(["--config", path], {});
}

function read(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const result = loadConfig({
    args,
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    fileMode: (path) => {
      const mode = statSync(path, { throwIfNoEntry: false })?.mode;
      return mode === undefined ? null : mode & 0o777;
    },
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  });
  if (!result.ok) throw new UsageError(result.error);
  return result.config;
}
