/** Commands of the build machine that a script asks for a line or a file. */

/** What a command that succeeds prints, without its last newline; null when it fails or is not there. */
export function run(command: readonly string[], cwd?: string): string | null {
  if (Bun.which(command[0]!) === null) return null;
  const result = Bun.spawnSync([...command], {
    cwd,
    env: { ...process.env, LC_ALL: "C" },
    stdout: "pipe",
    stderr: "ignore",
  });
  return result.success ? result.stdout.toString().trim() : null;
}
