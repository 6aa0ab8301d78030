/** `spillway serve`: the server. */
import { optionTable } from "../config.ts";
import type { Command } from "./command.ts";
import { optionLines } from "./help.ts";
import { runServer } from "./server.ts";

/** The options of `serve`, which `demo` shares. */
export function serverOptions(): string {
  return optionLines(optionTable.filter((option) => !option.hidden));
}

export const serveCommand: Command = {
  help: `Runs the server. Publishers send to /whip/NAME, viewers receive from /whep/NAME.

Usage: spillway [serve] [OPTIONS]

Options (each also in the file of --config, and as SPILLWAY_NAME in the environment):
${serverOptions()}

Signals:
  SIGTERM, SIGINT  Refuse new sessions, wait for the viewers (--drain-seconds), exit. Twice: at once.
  SIGHUP           Read tokens, keys and certificates again.`,
  run: (args) => runServer({ args, stream: "NAME" }),
};
