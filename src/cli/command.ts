/** What every subcommand is. Its file holds the work; src/cli/commands.ts lists them. */
export interface Command {
  /** The whole text of `spillway NAME --help`. */
  readonly help: string;
  /**
   * Runs with the arguments after the name and returns the exit code. A UsageError ends with its
   * message on standard error and exit code 2.
   */
  run(args: readonly string[]): Promise<number>;
}

/** A mistake at the keyboard or in the configuration: one readable line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Calls parseArgs of node:util for `command` and turns its complaints into a UsageError. */
export function usage<T>(command: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError && "code" in error) {
      // "Unknown option '--x'. To specify a positional ...": the first sentence says all.
      const complaint = error.message.split(". ")[0]!;
      throw new UsageError(`${complaint} (see spillway ${command} --help)`);
    }
    throw error;
  }
}
