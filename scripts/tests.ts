/**
 * Every test, in two processes at once. Those of virtual time need nothing but a processor: they
 * run beside those that wait for clocks, servers and browsers, and take only what these leave over.
 */
import { resolve } from "node:path";
import { testFiles } from "./tests/files.ts";
import { Report } from "./tests/report.ts";

const ROOT = resolve(import.meta.dir, "..");
/** The limit ends what hangs; a machine that others have is slow, so it is generous. */
const LIMIT_MS = 120_000;
/** The scheduling class that runs where no other wants to; else the least weight. */
const HAS_IDLE = Bun.spawnSync(["chrt", "--idle", "0", "true"]).success;
const LEFT_OVER = HAS_IDLE ? ["chrt", "--idle", "0"] : ["nice", "-n", "19"];

interface Run {
  readonly child: Bun.Subprocess;
  readonly report: Report;
  /** Its exit code, once all that it wrote was taken. */
  readonly ended: Promise<number>;
}

/** Starts `bun test` of these files, `show`ing its lines as they come. */
function start(
  files: readonly string[],
  show: (line: string) => void,
  how: { readonly before?: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Run {
  const bun = [process.execPath, "test", "--timeout", String(LIMIT_MS)];
  const paths = files.map((path) => `./${path}`);
  // What tests print and what is said of them go one way, so that they stay in order.
  const line = ["sh", "-c", 'exec "$@" 2>&1', "sh", ...(how.before ?? []), ...bun, ...paths];
  const child = Bun.spawn(line, {
    cwd: ROOT,
    env: { ...process.env, ...how.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report = new Report();
  const take = (text: string) => void (report.takes(text) && show(text));
  const read = async (): Promise<number> => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const each of lines) take(each);
    }
    if (rest !== "") take(rest);
    return await child.exited;
  };
  return { child, report, ended: read() };
}

/** From now on it has its share, whatever others want of the machine. */
function joinOthers(child: Bun.Subprocess): void {
  // Whoever made it stand still may have ended before letting it go on.
  child.kill("SIGCONT");
  if (!HAS_IDLE) return;
  const line = ["chrt", "--all-tasks", "--other", "--pid", "0", String(child.pid)];
  Bun.spawnSync(line, { stdio: ["ignore", "ignore", "ignore"] });
}

/** The figures of all runs, as `bun test` gives its own, and in one line. Returns how many failed. */
function tell(reports: readonly Report[], files: number, seconds: number): number {
  const sum = (name: keyof Report["counts"]) =>
    reports.reduce((total, { counts }) => total + counts[name], 0);
  const failures = reports.flatMap((report) => report.failures);
  const broken = reports.filter(({ closed }) => !closed).length;
  const [passed, failed, skipped] = [sum("passed"), sum("failed") + broken, sum("skipped")];
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}`);
  if (broken > 0) console.log(`\n${broken} of ${reports.length} runs broke off.`);
  console.log(`\n ${passed} pass`);
  if (skipped > 0) console.log(` ${skipped} skip`);
  console.log(` ${failed} fail`);
  const all = passed + failed + skipped;
  console.log(`Ran ${all} tests across ${files} files. [${seconds.toFixed(2)}s]`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed;
}

const started = performance.now();
const { virtual, real } = testFiles(ROOT);
const isEndToEnd = (path: string) => Number(path.startsWith("test/e2e/"));
// Those that wait most come first: whoever has little time has the machine alone.
const inOrder = [...real].sort((a, b) => isEndToEnd(b) - isEndToEnd(a));
const later: string[] = [];
const beside = start(virtual, (line) => later.push(line), { before: LEFT_OVER });
// For test/support/beside.ts.
const env = { TESTS_BESIDE: `${beside.child.pid} ${process.pid}` };
const main = start(inOrder, (line) => console.log(line), { env });
const codes = [await main.ended];
if (!beside.report.closed) joinOthers(beside.child);
codes.push(await beside.ended);
console.log(`\nOf virtual time:\n${later.join("\n").trimEnd()}`);
const reports = [main.report, beside.report];
const seconds = (performance.now() - started) / 1000;
const failed = tell(reports, virtual.length + real.length, seconds);
process.exit(failed > 0 || codes.some((code) => code !== 0) ? 1 : 0);
