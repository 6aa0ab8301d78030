/** `spillway cluster secret`, on the executable. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSecrets } from "../../src/config/secrets.ts";
import { binary, runBinary } from "../support/binary.ts";
import { SETUP_MS } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-cluster-"));
let path = "";

beforeAll(async () => {
  path = await binary();
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a secret is one line, another each time, and nothing is said beside it", () => {
  const lines = [1, 2].map(() => {
    const { code, out, err } = runBinary(path, ["cluster", "secret"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(parseSecrets(out)[0]).toHaveLength(32);
    return out;
  });
  expect(lines[0]).not.toBe(lines[1]!);
});

test("what it is written to is taken by check, and is not for everybody", () => {
  const file = join(folder, "cluster.secret");
  const out = openSync(file, "w", 0o644);
  const { exitCode, stderr } = Bun.spawnSync([path, "cluster", "secret"], {
    stdout: out,
    stderr: "pipe",
  });
  closeSync(out);
  expect(exitCode).toBe(0);
  expect(stderr.toString()).toContain("its mode is 640 now");
  expect(statSync(file).mode & 0o777).toBe(0o640);
  const node = ["--cluster-secret-file", file, "--join", "192.0.2.1"];
  expect(runBinary(path, ["check", ...node])).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2);
});

const script = Bun.which("script");
if (script === null) console.log("skipped: the hint on a terminal (needs script)");

test.skipIf(script === null)("on a terminal it says how to get it into a private file", () => {
  const hintOf = (redirection: string) => {
    const line = `${path} cluster secret ${redirection}`;
    const command = [script!, "--quiet", "--return", "--command", line, "/dev/null"];
    return Bun.spawnSync(command, { stdin: "ignore" }).stdout.toString();
  };
  expect(hintOf("")).toMatch(/^[\w+/]{43}=\r\n.*umask 077; spillway cluster secret > /);
  expect(hintOf("2> /dev/null")).toMatch(/^[\w+/]{43}=\r\n$/);
});

test("whatever else it is asked for is a mistake of one line", () => {
  for (const args of [[], ["secrt"], ["secret", "more"], ["secret", "--hex"]]) {
    const { code, out, err } = runBinary(path, ["cluster", ...args]);
    expect([code, out, err.trim().split("\n").length]).toEqual([2, "", 1]);
    expect(err).toContain("spillway cluster");
  }
});
