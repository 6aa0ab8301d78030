/** The executable by itself: no sources, no node_modules, and at last no OpenSSL beside it. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { binary, runBinary } from "./support/binary.ts";

const ROOT = resolve(import.meta.dir, "..");
const path = await binary();
const rootFolder = mkdtempSync(join(tmpdir(), "spillway-root-"));
afterAll(() => {
  rmSync(dirname(path), { recursive: true, force: true });
  rmSync(rootFolder, { recursive: true, force: true });
});

describe("command line", () => {
  test("--version names version and commit", () => {
    const { code, out } = runBinary(path, ["--version"]);
    // With something behind the version of the tag, or of package.json: test/release/version.test.ts.
    expect(out).toMatch(/^spillway \d+\.\d+\.\d+\S* \([0-9a-f]{10}\S*, bun \S+, \w+\)$/m);
    expect(code).toBe(0);
  });

  test("--help lists the commands, and each has its own", () => {
    const { code, out } = runBinary(path, ["--help"]);
    expect(code).toBe(0);
    for (const command of ["serve", "demo", "publish", "load", "doctor", "install", "token"]) {
      expect(out).toContain(`  ${command} `);
      const help = runBinary(path, [command, "--help"]);
      expect(help.out).toContain("Usage: spillway");
      expect(help.err).toBe("");
      expect(help.code).toBe(0);
    }
  });

  test("a mistake is one line and exit code 2", () => {
    const mistakes: readonly (readonly [string[], string])[] = [
      [["srve"], "did you mean serve?"],
      [["--htp", "x"], "--http"],
      [["--http", "nowhere"], "--http"],
      [["--config", "/nonexistent.toml"], "/nonexistent.toml"],
      [["publish", "film.mp4"], "needs FILE and URL"],
      [["token", "--rights", "all"], "--"],
    ];
    for (const [args, expected] of mistakes) {
      const { code, err } = runBinary(path, args);
      expect(err).toContain(expected);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
      expect(code).toBe(2);
    }
  });

  test("neither .env nor bunfig.toml of the working folder counts", () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-cwd-"));
    try {
      Bun.spawnSync(["sh", "-c", "echo SPILLWAY_HTTP=broken > .env; echo '[' > bunfig.toml"], {
        cwd: folder,
      });
      const result = Bun.spawnSync([path, "doctor", "--json"], { cwd: folder });
      expect(JSON.parse(result.stdout.toString())).toHaveProperty("findings");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("install prints a unit that systemd accepts", () => {
    const { code } = runBinary(path, [
      "install",
      "--write",
      "--root",
      rootFolder,
      "--binary",
      "/bin/true",
    ]);
    expect(code).toBe(0);
    const unit = join(rootFolder, "etc/systemd/system/spillway.service");
    expect(readFileSync(unit, "utf8")).not.toContain("\nMemoryDenyWriteExecute");
    if (Bun.which("systemd-analyze") === null) return;
    const verify = Bun.spawnSync(["systemd-analyze", "verify", unit]);
    expect(verify.stderr.toString()).not.toContain("spillway.service");
  });
});

// As root, and where mounts are allowed at all (many containers forbid them).
const canMount = Bun.spawnSync(["unshare", "--mount", "true"]).success;
if (!canMount) console.log("skipped: a root folder with glibc alone (needs root and mounts)");

test.skipIf(!canMount)("runs in a root folder that has glibc and nothing else", () => {
  const bare = join(rootFolder, "bare");
  // As scripts/release/Containerfile makes it.
  const made = Bun.spawnSync(["sh", "scripts/release/root.sh", path, bare], { cwd: ROOT });
  expect([made.exitCode, made.stderr.toString()]).toEqual([0, ""]);
  // The JavaScript engine finds the bounds of its stack in /proc, which every container has.
  const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" /spillway "$@"';
  const run = (...args: string[]) =>
    Bun.spawnSync(["unshare", "--mount", "sh", "-c", enter, bare, ...args], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      timeout: 20_000,
    });
  expect(run("--version").stdout.toString()).toStartWith("spillway ");
  const report = JSON.parse(run("doctor", "--json").stdout.toString()) as {
    findings: { name: string; level: string; detail: string }[];
  };
  const openssl = report.findings.find((finding) => finding.name === "openssl");
  expect(openssl).toMatchObject({ level: "ok", detail: expect.stringContaining("(embedded)") });
});
