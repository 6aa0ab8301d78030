/** `spillway cluster`: makes the secret that the nodes of a cluster share. */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type Command, UsageError, usage } from "./command.ts";
import { guardOutput } from "./guard-output.ts";

const SECRET_BYTES = 32;

const INTO_A_FILE = "(umask 077; spillway cluster secret > cluster.secret)";

export const clusterCommand: Command = {
  help: `Makes a secret for the nodes of a cluster: 32 random bytes in base64, one line on standard output.
Whoever has it may be a member, and so publish and watch every stream.

Usage: spillway cluster secret

Into a file that its owner alone may use:
  ${INTO_A_FILE}

Every node gets a copy of that file, and all but the first the address of any other:
  spillway serve --cluster-secret-file cluster.secret
  spillway serve --cluster-secret-file cluster.secret --join HOST

A file has up to three secrets, one a line: the first is used, all are accepted. Nodes read it again
on SIGHUP, so that a secret can be replaced while they run: put the new one below the old one on all
of them, then above it, then take the old one out.`,
  run: async (args) => run(args),
};

function run(args: readonly string[]): number {
  const { positionals } = usage("cluster", () =>
    parseArgs({ args: [...args], allowPositionals: true, options: {} }),
  );
  if (positionals.length !== 1 || positionals[0] !== "secret") {
    throw new UsageError("cluster: says what to make: spillway cluster secret");
  }
  console.log(randomBytes(SECRET_BYTES).toString("base64"));
  guardOutput();
  if (process.stdout.isTTY) {
    console.error(`Into a file that its owner alone may use: ${INTO_A_FILE}`);
  }
  return 0;
}
