/** What every subcommand is made of. Its file holds the work; src/main.ts finds it by name. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole text of `spillway NAME --help`. */
  help(): string;
  /**
   * Runs with the arguments after the name and returns the exit code. A UsageError ends with its
   * message on standard error and exit code 2.
   */
  run(args: readonly string[]): Promise<number>;
}

/** A mistake of the person at the keyboard or in the configuration: one readable line, exit 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
