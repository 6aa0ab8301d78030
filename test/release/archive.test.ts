/** Archives as `tar` reads them, and the same bytes however their files come. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArchiveFile, tarball, textFile } from "../../scripts/release/archive.ts";
import { checksums } from "../../scripts/release/checksums.ts";

const TIME = 1_764_500_000;
const folder = mkdtempSync(join(tmpdir(), "spillway-archive-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Sizes on both sides of a block of 512, an empty file, and names that sort unlike their folders.
const FILES: readonly ArchiveFile[] = [
  textFile("a/b/deep.txt", "deep\n"),
  textFile("a-b", "x".repeat(512)),
  textFile("a/empty", ""),
  textFile("z", "y".repeat(513), 0o640),
  { path: "bin/tool", bytes: new Uint8Array(511).fill(7), mode: 0o755 },
];

function system(...command: string[]): string {
  const result = Bun.spawnSync(command, { cwd: folder, env: { ...process.env, TZ: "UTC" } });
  expect([result.exitCode, result.stderr.toString()]).toEqual([0, ""]);
  return result.stdout.toString();
}

test("tar reads names, modes, owners, times and contents", () => {
  writeFileSync(join(folder, "all.tar.gz"), tarball(FILES, TIME));
  const lines = system("tar", "-tvzf", "all.tar.gz", "--full-time").trimEnd().split("\n");
  expect(lines.map((line) => line.replace(/ +\d+ 2025-11-30 10:53:20 /, " "))).toEqual([
    "-rw-r--r-- root/root a-b",
    "drwxr-xr-x root/root a/",
    "drwxr-xr-x root/root a/b/",
    "-rw-r--r-- root/root a/b/deep.txt",
    "-rw-r--r-- root/root a/empty",
    "drwxr-xr-x root/root bin/",
    "-rwxr-xr-x root/root bin/tool",
    "-rw-r----- root/root z",
  ]);
  system("tar", "-xzf", "all.tar.gz");
  for (const { path, bytes } of FILES) {
    expect(readFileSync(join(folder, path))).toEqual(Buffer.from(bytes));
  }
  expect(statSync(join(folder, "bin/tool")).mode & 0o111).toBe(0o111);
});

test("the same files are the same bytes, in whatever order they come", () => {
  const bytes = tarball(FILES, TIME);
  expect(tarball(FILES.toReversed(), TIME)).toEqual(bytes);
  expect(tarball(FILES, TIME + 1)).not.toEqual(bytes);
});

test("what a header cannot hold is refused, not cut", () => {
  expect(() => tarball([textFile("n".repeat(101), "")], TIME)).toThrow("does not fit");
  expect(() => tarball([textFile(`${"ü".repeat(50)}n`, "")], TIME)).toThrow("does not fit");
});

test("sums are as sha256sum checks them", () => {
  const files = { "z.txt": new Uint8Array(3), "a.txt": new Uint8Array(0) };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, "SHA256SUMS"), checksums(files));
  expect(system("sha256sum", "--check", "--strict", "SHA256SUMS")).toBe("a.txt: OK\nz.txt: OK\n");
});
