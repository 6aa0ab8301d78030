import { constants, fchmodSync, fstatSync } from "node:fs";
import { messageOf } from "../errors.ts";

const STDOUT = 1;

/** A shell's `>> FILE` makes a file that everybody may read: a secret in it is for owner and group. */
export function guardOutput(): void {
  const { mode } = fstatSync(STDOUT);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG || (mode & 0o007) === 0) return;
  const kept = mode & 0o770;
  try {
    fchmodSync(STDOUT, kept);
    console.error(
      `Others could use the file that this was written to; its mode is ${kept.toString(8)} now.`,
    );
  } catch (error) {
    const reason = messageOf(error);
    console.error(`Others may use the file that this was written to (${reason}): chmod o= FILE`);
  }
}
