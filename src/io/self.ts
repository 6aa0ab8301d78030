/** This executable, for processes of its own. */
import { libc } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** What starts it: from source that is Bun with the entry point. */
export function ownCommand(): string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}

/** This process ends with the one that started it, however that ends; false when it has already. */
export function endWithParent(parent: number): boolean {
  libc.prctl(PR_SET_PDEATHSIG, SIGKILL);
  return process.ppid === parent;
}
