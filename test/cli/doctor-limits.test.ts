import { expect, test } from "bun:test";
import { checkLimits } from "../../src/cli/doctor-limits.ts";
import { loadConfig } from "../../src/config.ts";

function config() {
  const args = ["--ring-memory=512m"];
  const result = loadConfig({ args, env: {}, readFile: () => "", cores: 2, memoryBytes: 8e9 });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

/** Level and detail of each finding, of a machine that has these files. */
function found(files: Readonly<Record<string, string>>, process: number | "self" = "self") {
  const findings = checkLimits(config(), process, (path) => files[path] ?? null);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return Object.fromEntries(
    findings.map(({ name, level, detail }) => [name, `${level}: ${detail}`]),
  );
}

const limits = (soft: string, hard: string) =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max processes             1024                 1024                 processes ",
    `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     `,
  ].join("\n");

test("open files are read as the kernel writes them", () => {
  const files = (soft: string, hard: string) =>
    found({ "/proc/self/limits": limits(soft, hard) })["open files"];
  expect(files("1048576", "1048576")).toBe("ok: 1048576 (may be raised to 1048576)");
  expect(files("unlimited", "unlimited")).toMatch(/^ok: /);
  expect(files("1024", "524288")).toBe("warn: 1024 (may be raised to 524288)");
  expect(found({})["open files"]).toMatch(/^warn: limit unknown/);
});

test("limits are those of the process, and of the group that it is in", () => {
  const files = {
    "/proc/7/limits": limits("512", "512"),
    "/proc/self/limits": limits("unlimited", "unlimited"),
    "/proc/7/cgroup": "0::/system.slice/spillway.service",
    "/proc/self/cgroup": "0::/user.slice",
    "/sys/fs/cgroup/system.slice/spillway.service/memory.max": String(512 * 2 ** 20),
    "/sys/fs/cgroup/system.slice/spillway.service/cpu.max": "150000 100000",
    "/sys/fs/cgroup/user.slice/memory.max": "max",
    "/sys/fs/cgroup/user.slice/cpu.max": "max 100000",
  };
  expect(found(files, 7)).toEqual({
    "open files": "warn: 512 (may be raised to 512)",
    "memory limit": "warn: 512 MiB, of which rings may take 512 MiB",
    "cpu limit": "warn: 1.5 cores by quota: a burst that uses it up stalls every viewer",
  });
  expect(Object.values(found(files)).every((each) => each.startsWith("ok: "))).toBe(true);
});

test("inside a container the group is the root of what is seen", () => {
  const files = { "/proc/self/cgroup": "0::/../..", "/sys/fs/cgroup/memory.max": "4294967296" };
  expect(found(files)["memory limit"]).toBe("ok: 4096 MiB, of which rings may take 512 MiB");
});
