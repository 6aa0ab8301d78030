/** `spillway licenses`: the notices of what the build put into the executable. */
import { parseArgs } from "node:util";
import { LICENSES } from "../embedded.ts";
import { type Command, usage } from "./command.ts";

export const licensesCommand: Command = {
  help: `Prints the licences and copyright notices of everything inside this executable: Spillway, the
packages that it is made of, the runtime Bun with what that contains, and OpenSSL.

Usage: spillway licenses`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  usage("licenses", () => parseArgs({ args: [...args], options: {} }));
  if (LICENSES === null) {
    console.error("spillway: only an executable carries its notices; make one: npm run build");
    return 1;
  }
  await Bun.write(Bun.stdout, await Bun.file(LICENSES).text());
  return 0;
}
