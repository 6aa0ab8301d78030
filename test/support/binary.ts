/** The compiled executable, built when the sources are newer, and copied away from them. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const PREFIX = "spillway-binary-of-";
let copied: Promise<string> | null = null;

/** Path of a copy in an empty folder of its own: one a test process, or anew if it was removed. */
export async function binary(): Promise<string> {
  if (copied !== null && !existsSync(await copied)) copied = null;
  copied ??= prepare();
  return copied;
}

async function prepare(): Promise<string> {
  const built = join(ROOT, "dist/spillway");
  const stale = Bun.spawnSync(
    ["find", "src", "workers", "scripts", "package.json", "-newer", built, "-print", "-quit"],
    { cwd: ROOT, stdout: "pipe", stderr: "ignore" },
  );
  if (!stale.success || stale.stdout.length > 0) {
    const build = Bun.spawnSync([process.execPath, "scripts/build.ts"], { cwd: ROOT });
    if (!build.success) throw new Error(`build failed:\n${build.stderr}`);
  }
  removeLeftovers();
  const copy = join(mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`)), "spillway");
  copyFileSync(built, copy);
  return copy;
}

/** Bun's test runner has no end that could remove the copy: the next run removes it. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : 0;
    if (pid > 0 && !existsSync(`/proc/${pid}`)) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

/** Runs the executable to its end with nothing of this environment but PATH. */
export function runBinary(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number; readonly out: string; readonly err: string } {
  const result = Bun.spawnSync([path, ...args], {
    cwd: "/",
    env: { PATH: process.env.PATH ?? "", ...env },
    timeout: 20_000,
  });
  return { code: result.exitCode, out: result.stdout.toString(), err: result.stderr.toString() };
}
