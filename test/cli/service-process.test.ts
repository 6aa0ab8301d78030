import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readText } from "../../src/cli/read-text.ts";
import { serviceProcess } from "../../src/cli/service-process.ts";

const root = mkdtempSync(join(tmpdir(), "spillway-process-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STRANGER = 61_000;

/** This process's eyes, and what the kernel would tell of another user's. */
function refusal(folder: string, uid: number, ...groups: readonly number[]): string | null {
  const status = `Name:\tspillway\nUid:\t0\t${uid}\t0\t0\nGid:\t0\t${STRANGER}\t0\t0\nGroups:\t${groups.join(" ")} \n`;
  const read = (path: string) => (path === `/proc/${process.pid}/status` ? status : null);
  const server = serviceProcess(process.pid, read)!;
  expect(server.uid).toBe(uid);
  return server.refusal(folder);
}

test("a folder is written by its owner, by its group, or by all: as the service, not as who asks", () => {
  const folder = join(root, "a");
  mkdirSync(folder);
  const { uid, gid } = statSync(folder);
  const told = `the service's user (${STRANGER}) may not write there`;
  for (const [mode, own, ofGroup, other] of [
    [0o700, null, told, told],
    [0o770, null, null, told],
    [0o760, null, told, told],
    [0o773, null, null, null],
  ] as const) {
    chmodSync(folder, mode);
    expect(refusal(folder, uid)).toBe(own);
    expect(refusal(folder, STRANGER, 7, gid)).toBe(ofGroup);
    expect(refusal(folder, STRANGER, 7)).toBe(other);
  }
});

test("what is not there is told in the kernel's words", () => {
  expect(refusal(join(root, "none"), STRANGER)).toStartWith("ENOENT");
});

test("a process that runs is seen, one that is gone is not", () => {
  expect(serviceProcess(process.pid, readText)?.uid).toBe(process.geteuid?.() ?? -1);
  expect(serviceProcess(4_194_305, readText)).toBeNull();
});
