/** A release, from two clean clones. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isShort } from "../support/long.ts";

const ROOT = resolve(import.meta.dir, "../..");
const CLONES = ["one", "two"];
const WHOLE_MS = 300_000;
const short = isShort("a whole release, twice");
const folder = mkdtempSync(join(tmpdir(), "spillway-release-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(cwd: string, ...command: string[]): string {
  const result = Bun.spawnSync(command, { cwd });
  expect([command, result.exitCode]).toEqual([command, 0]);
  return result.stdout.toString();
}

test.skipIf(short)(
  "two clones of one commit make the same bytes",
  () => {
    const sums = CLONES.map((name) => {
      const clone = join(folder, name);
      run(folder, "git", "clone", "--quiet", ROOT, name);
      symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
      run(clone, process.execPath, "scripts/release.ts");
      run(join(clone, "dist/release"), "sha256sum", "--check", "--strict", "SHA256SUMS");
      return readFileSync(join(clone, "dist/release/SHA256SUMS"), "utf8");
    });
    expect(sums[0]).toMatch(/ {2}spillway-\d\S*-linux-x64\.tar\.gz\n/);
    expect(sums[1]).toBe(sums[0]);
  },
  WHOLE_MS,
);
