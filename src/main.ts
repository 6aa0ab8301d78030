/** The command line: finds the subcommand, runs it, turns its result into an exit code. */
import { UsageError } from "./cli/command.ts";
import { COMMANDS, closestCommand } from "./cli/commands.ts";
import { columns } from "./cli/help.ts";
import { versionLine } from "./version.ts";

/** 0: done. 1: failed. 2: wrong usage or configuration. */
async function main(args: readonly string[]): Promise<number> {
  const first = args[0];
  if (first === "--version" || first === "-v") return print(versionLine());
  if (first === "help" && args[1] === undefined) return print(overview());
  if (args.length === 1 && (first === "--help" || first === "-h")) return print(overview());
  const [name, rest] = chooseCommand(args);
  const entry = COMMANDS[name];
  if (entry === undefined) {
    const near = closestCommand(name);
    const hint = near === null ? "see spillway --help" : `did you mean ${near}?`;
    throw new UsageError(`${name}: unknown command (${hint})`);
  }
  const command = await entry.load();
  const end = rest.indexOf("--");
  const options = end < 0 ? rest : rest.slice(0, end);
  if (options.includes("--help") || options.includes("-h")) return print(command.help);
  return command.run(rest);
}

/** `spillway --http :80` is `spillway serve --http :80`; `help NAME` is `NAME --help`. */
function chooseCommand(args: readonly string[]): [name: string, rest: readonly string[]] {
  const [first = "serve", ...rest] = args;
  if (first === "help") return [rest[0]!, ["--help"]];
  return first.startsWith("-") ? ["serve", args] : [first, rest];
}

function overview(): string {
  const commands = Object.entries(COMMANDS).map(([name, entry]) => [name, entry.summary] as const);
  return `Spillway delivers live streams: a publisher sends one by WHIP, any number of viewers watch by WHEP.

Usage: spillway [COMMAND] [OPTIONS]

Commands:
${columns(commands)}

Options:
${columns([
  ["--help", "Show this text, or with a command its options."],
  ["--version", "Show the version."],
])}

Without a command the server runs; its options are shown by: spillway serve --help`;
}

function print(text: string): number {
  console.log(text);
  return 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`spillway: ${error.message}`);
    process.exit(2);
  }
  throw error;
}
