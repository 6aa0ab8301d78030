/** What runs beside a test stands still while that is tried again. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "spillway-beside-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether it runs, sleeps or stands still, as in /proc. */
const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]![0]!;

async function besides(pid: number, parent: number): Promise<{ code: number; seen: string }> {
  const file = join(folder, "inner.test.ts");
  const seen = join(folder, "seen");
  writeFileSync(seen, "");
  writeFileSync(
    file,
    `import { expect } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import { inTime, timed } from "${resolve(import.meta.dir, "timed.ts")}";
timed("needs the machine for itself", () => {
  const state = readFileSync("/proc/${pid}/stat", "utf8").split(") ")[1][0];
  appendFileSync("${seen}", state);
  inTime(() => expect(state).toBe("T"));
});`,
  );
  const child = Bun.spawn([process.execPath, "test", file], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", TESTS_BESIDE: `${pid} ${parent}` },
    stdio: ["ignore", "ignore", "ignore"],
  });
  return { code: await child.exited, seen: readFileSync(seen, "utf8") };
}

test("who misses a bound beside it runs again without it; then it goes on", async () => {
  const sleeper = Bun.spawn(["sleep", "60"]);
  try {
    expect(await besides(sleeper.pid, process.pid)).toEqual({ code: 0, seen: "ST" });
    expect(stateOf(sleeper.pid)).toBe("S");
  } finally {
    sleeper.kill();
  }
});

test("a process that has only the number of one is left alone", async () => {
  const stranger = Bun.spawn(["sleep", "60"]);
  try {
    expect((await besides(stranger.pid, process.ppid)).seen).toMatch(/^S+$/);
    expect(stateOf(stranger.pid)).toBe("S");
  } finally {
    stranger.kill();
  }
});
