/** The files of tests, and which of them need nothing but a processor. */
import { localImports, read } from "../../test/house/sources.ts";

/**
 * What looks at a clock, waits by one, or starts a process or a server. It counts in tests and in
 * their helpers: sources are told the time by whoever starts them.
 */
const REAL =
  /\bperformance\.now\b|\bDate\.now\b|\bmonotonicUs\b|\bset(Timeout|Interval)\b|\bnew Worker\b|\bBun\.(nanoseconds|sleep(Sync)?|spawn(Sync)?|serve|listen|connect|udpSocket)\b/;
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

/** Paths from the root, in order. */
export interface TestFiles {
  /** Of virtual time. */
  readonly virtual: readonly string[];
  /** Of real clocks, processes and browsers. */
  readonly real: readonly string[];
}

export function testFiles(root: string): TestFiles {
  const all = [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: root })].sort();
  const real = all.filter(isReal);
  return { virtual: all.filter((path) => !real.includes(path)), real };
}

/** Whether it, or a helper that it imports by whatever way, is of the real world. */
function isReal(path: string): boolean {
  const reached = new Set([path]);
  for (const each of reached) {
    if (isOfRealWorld(read(each))) return true;
    for (const next of localImports(each)) if (next.startsWith("test/")) reached.add(next);
  }
  return false;
}

export function isOfRealWorld(text: string): boolean {
  return REAL.test(text.replace(COMMENTS, ""));
}
