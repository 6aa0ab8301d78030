/** `spillway check`: whether a server would start, or go on, with this configuration. */
import { readFileSync } from "node:fs";
import type { Config } from "../config.ts";
import { loadKeys } from "../control/http/keys.ts";
import { messageOf } from "../errors.ts";
import { type Command, UsageError } from "./command.ts";
import { readConfig } from "./configuration.ts";
import { readTls } from "./listener.ts";

export const checkCommand: Command = {
  help: `Reads the configuration with all keys and certificates that it names, as the server does at its
start and on SIGHUP. One line says what is wrong with it; exit code 2 then.

Usage: spillway check [OPTIONS]

Options: those of serve, such as --config FILE.`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  await checkConfiguration(args);
  console.log("The configuration is good.");
  return 0;
}

/** The configuration, if a server would start with it. Rejects with a UsageError else. */
export async function checkConfiguration(args: readonly string[]): Promise<Config> {
  const config = readConfig(args);
  readTls(config);
  try {
    await loadKeys(config.auth.keys, (path) => readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  return config;
}
