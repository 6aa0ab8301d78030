/** `spillway uninstall` after `spillway install`, in a folder that stands for the machine. */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UsageError } from "../../src/cli/command.ts";
import { installCommand } from "../../src/cli/install.ts";
import { uninstallCommand } from "../../src/cli/uninstall.ts";

const CONFIG = "/etc/spillway/spillway.toml";
const WANTED = "/etc/systemd/system/multi-user.target.wants/spillway.service";
let root = "";
let said = "";
const log = spyOn(console, "log");

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "spillway-uninstall-"));
  log.mockImplementation((text: string) => {
    said += `${text}\n`;
  });
  await installCommand.run(["--write", "--root", root]);
  said = "";
});
afterEach(() => {
  log.mockReset();
  rmSync(root, { recursive: true });
});

const uninstall = (...args: string[]) => uninstallCommand.run(["--root", root, ...args]);
const write = (path: string, text: string) => Bun.write(root + path, text);

/** All that is left and is no folder. */
function left(): readonly string[] {
  const found = Bun.spawnSync(["find", root, "!", "-type", "d", "-printf", "/%P\\n"]);
  return found.stdout.toString().split("\n").filter(Boolean).toSorted();
}

test("what install wrote is gone, with the link by which it was enabled", async () => {
  expect(left()).toHaveLength(4);
  mkdirSync(dirname(root + WANTED));
  symlinkSync("/etc/systemd/system/spillway.service", root + WANTED);
  expect(await uninstall()).toBe(0);
  expect(left()).toEqual([]);
  expect(existsSync(dirname(root + CONFIG))).toBe(false);
  expect(said).toContain(`${root}${WANTED}: removed\n`);
  for (const step of ["systemctl daemon-reload", "groupdel spillway-config", "rm /"]) {
    expect(said).toContain(`  ${step}`);
  }
});

test("a configuration that was changed stays with all beside it, and so does the state", async () => {
  const kept = [CONFIG, "/etc/spillway/tls.key", "/var/lib/private/spillway/token"];
  for (const path of kept) await write(path, "mine");
  symlinkSync("private/spillway", `${root}/var/lib/spillway`);
  expect(await uninstall()).toBe(0);
  expect(left()).toEqual([...kept, "/var/lib/spillway"].toSorted());
  expect(said).toContain(`${root}/etc/spillway: left as it is (--purge removes it)\n`);
  expect(said).toContain(`${root}/var/lib/private/spillway: left as it is`);
  expect(said).not.toContain("groupdel");
});

test("--purge takes them, and nothing of others", async () => {
  for (const path of [CONFIG, "/etc/spillway/view.token", "/var/lib/private/spillway/token"]) {
    await write(path, "mine");
  }
  symlinkSync("private/spillway", `${root}/var/lib/spillway`);
  await write("/etc/systemd/system/spillway.service.d/override.conf", "[Service]\n");
  const others = ["/etc/sysctl.d/99-other.conf", "/var/lib/private/other/file"];
  for (const path of others) await write(path, "theirs");
  expect(await uninstall("--purge")).toBe(0);
  expect(left()).toEqual(others);
  expect(said).not.toContain("left as it is");
});

test("a second time there is nothing to do", async () => {
  await uninstall();
  said = "";
  expect(await uninstall()).toBe(0);
  expect(said).toBe("No service is installed.\n");
});

test("what came as a package is left to the package manager", async () => {
  await write("/var/lib/dpkg/info/spillway.list", "/.\n");
  expect(uninstall("--purge")).rejects.toThrow("apt-get remove spillway");
  expect(left()).toHaveLength(5);
});

test("what it does not know it refuses before anything is removed", () => {
  expect(uninstall("everything")).rejects.toThrow('"everything" is one argument too many');
  expect(uninstall("--root=", "--purge")).rejects.toThrow("--root: needs a folder");
  expect(uninstall("--root=", "--purge")).rejects.toThrow("--root: needs a folder");
  expect(uninstall("--all")).rejects.toThrow("see spillway uninstall --help");
  expect(left()).toHaveLength(4);
});

test("where it may not look it says so, and has removed nothing", () => {
  mkdirSync(`${root}/var/lib`, { recursive: true });
  symlinkSync("private", `${root}/var/lib/private`);
  expect(uninstall()).rejects.toThrow(UsageError);
  expect(uninstall()).rejects.toThrow("/var/lib/private/spillway");
  expect(left()).toHaveLength(5);
});
