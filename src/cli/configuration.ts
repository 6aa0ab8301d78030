/** Reads the configuration of this process and turns its mistakes into usage errors. */
import { readFileSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { type Config, loadConfig, type Provenance } from "../config.ts";
import { UsageError } from "./command.ts";
import { type Hazard, hazards } from "./hazards.ts";

/** File, environment and `args`. */
export function readConfig(args: readonly string[]): Config {
  return read(args, process.env).config;
}

/** The same, and where it stands. */
export function readConfigAndPlaces(args: readonly string[]): ConfigAndPlaces {
  return read(args, process.env);
}

/** One file alone, whatever the environment says. */
export function readFileConfig(path: string): Config {
  return read(["--config", path], {}).config;
}

/** These flags alone, whatever file and environment say; without any the defaults. */
export function readFlags(flags: readonly string[]): Config {
  return read(flags, {}).config;
}

/** What the server may not leave open to others, with the eyes of this machine; `uid`: whom it runs as. */
export function findHazards(
  parts: ConfigAndPlaces,
  tokenFile: string | null,
  uid = process.getuid?.() ?? -1,
): readonly Hazard[] {
  return hazards({
    ...parts,
    tokenFile,
    uid,
    stat: (path) => statSync(path, { throwIfNoEntry: false }) ?? null,
  });
}

interface ConfigAndPlaces {
  readonly config: Config;
  readonly provenance: Provenance;
}

function read(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ConfigAndPlaces {
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
  if (!result.ok) throw new UsageError(withLine(result.error, result.place));
  return result;
}

/** `FILE: key: mistake` becomes `FILE: line N: key: mistake`. */
function withLine(error: string, place: { file: string; line: number } | undefined): string {
  const start = `${place?.file}: `;
  if (place === undefined || !error.startsWith(start)) return error;
  return `${start}line ${place.line}: ${error.slice(start.length)}`;
}
