/** `spillway reload`: a running server reads its configuration again, and whoever asks learns what came of it. */
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { checkConfiguration } from "./check.ts";
import { type Command, UsageError } from "./command.ts";
import { stateFolder } from "./first-token.ts";
import { option, readOptions } from "./given.ts";
import { optionLines } from "./help.ts";
import { splitOptions } from "./options-split.ts";
import { forgetOutcome, type ReloadOutcome, takeOutcome } from "./reload-outcome.ts";

const OPTIONS = [
  option("pid", "PID", "The process of the server; $MAINPID in a unit of systemd."),
] as const;

/** A server that is busy reads late. */
const WAIT_MS = 5_000;
const LOOK_MS = 20;
const PID_MAX = 2 ** 22;

export const reloadCommand: Command = {
  help: `Checks the configuration as check does, makes a running server read it again and waits for what
comes of it. What is wrong is told, and nothing has changed then: exit code 2 when the configuration
is no good, 1 when the server does not take it, or does not say. What counts from its next start on
is named.

Usage: spillway reload --pid PID [OPTIONS]

Options:
${optionLines([
  ...OPTIONS,
  { flag: "...", value: "", help: "Those of serve, as the server has them: --config, --state." },
])}

Without a state folder (--state, or systemd's) the server's log alone has the outcome.`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { own, serve } = splitOptions(OPTIONS, args);
  const pid = readOptions("reload", OPTIONS, own).whole("pid", 0, 1, PID_MAX);
  if (pid === 0) throw new UsageError("reload: --pid is missing: the process of the server");
  const config = await checkConfiguration(serve);
  const outcome = await outcomeOf(config, pid);
  if (outcome === null) {
    console.log("The server was told to read its configuration again; its log has the outcome.");
    return 0;
  }
  if (outcome === "silent") {
    console.error(
      `spillway: the server has not said within ${WAIT_MS / 1000} s what came of it: see its log`,
    );
    return 1;
  }
  if (outcome.problem !== null) {
    console.error(`spillway: the server goes on as it was: ${outcome.problem}`);
    return 1;
  }
  console.log("The server has read its configuration again.");
  if (outcome.later.length > 0) {
    console.log(`These count from its next start on: ${outcome.later.join(", ")}`);
  }
  return 0;
}

/** Null where nobody can tell, "silent" where the server could. */
async function outcomeOf(config: Config, pid: number): Promise<ReloadOutcome | "silent" | null> {
  const folder = stateFolder(config);
  try {
    if (folder !== null) forgetOutcome(folder);
    process.kill(pid, "SIGHUP");
  } catch (error) {
    throw new UsageError(`reload: --pid ${pid}: ${messageOf(error)}`);
  }
  if (folder === null) return null;
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
    const outcome = takeOutcome(folder);
    if (outcome !== null) return outcome;
    await Bun.sleep(LOOK_MS);
  }
  return "silent";
}
