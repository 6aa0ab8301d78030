/** The archive's disk, on a real one: modes, what is in the way, and that nothing leads elsewhere. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolder } from "../../src/io/disk.ts";

const root = mkdtempSync(join(tmpdir(), "spillway-disk-"));
let path = "";
let count = 0;
beforeEach(() => {
  count += 1;
  path = join(root, `folder-${count}`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const mode = (file: string) => (statSync(file).mode & 0o7777).toString(8);
const made = async () => (await openFolder(path, true))!;

test("a folder is made with mode 750 and its files with 640, whatever the mask is", async () => {
  const before = process.umask(0o077);
  try {
    expect(await openFolder(path, false)).toBeNull();
    const folder = await made();
    const file = await folder.create("a.mp4");
    await folder.replace("index.json", "{}");
    await file!.close();
    await folder.close();
  } finally {
    process.umask(before);
  }
  expect(mode(path)).toBe("750");
  expect([mode(join(path, "a.mp4")), mode(join(path, "index.json"))]).toEqual(["640", "640"]);
});

test("one that is there keeps its mode; the folders above it are not made", async () => {
  mkdirSync(path, { mode: 0o700 });
  await (await made()).close();
  expect(mode(path)).toBe("700");
  expect(openFolder(join(root, "not-mounted", "recordings"), true)).rejects.toThrow("ENOENT");
});

test("what is written is read, and what is cut off is gone", async () => {
  const folder = await made();
  const file = (await folder.create("a.mp4"))!;
  await file.write(bytes("hello "), 0);
  await file.write(bytes("world, and more"), 6);
  await file.sync();
  expect(await folder.read("a.mp4", 6, 5)).toEqual(bytes("world"));
  await file.truncate(11);
  expect(await folder.read("a.mp4", 6, 100)).toEqual(bytes("world"));
  await file.close();
  expect(await folder.list()).toEqual(["a.mp4"]);
  await folder.remove("a.mp4");
  await folder.remove("a.mp4");
  expect(await folder.list()).toEqual([]);
  expect(await folder.freeBytes()).toBeGreaterThan(0);
  await folder.close();
});

test("nothing that is there is written over but by what is to take its place", async () => {
  mkdirSync(path);
  writeFileSync(join(path, "a.mp4"), "somebody's");
  const folder = await made();
  expect(await folder.create("a.mp4")).toBeNull();
  expect(readFileSync(join(path, "a.mp4"), "utf8")).toBe("somebody's");
  expect(await folder.text("index.json")).toBeNull();
  await folder.replace("index.json", "old");
  await folder.replace("index.json", "new");
  expect(await folder.text("index.json")).toBe("new");
  expect(readdirSync(path).toSorted()).toEqual(["a.mp4", "index.json"]);
  await folder.close();
});

test("AR06: no symbolic link is followed: not of the folder, of a file, of the list, or beside it", async () => {
  const elsewhere = join(root, `elsewhere-${count}`);
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "secret"), "secret");
  symlinkSync(elsewhere, path);
  expect(openFolder(path, true)).rejects.toThrow();
  rmSync(path);
  const folder = await made();
  for (const name of ["a.mp4", "index.json", "index.json.new"]) {
    symlinkSync(join(elsewhere, "secret"), join(path, name));
  }
  symlinkSync(join(elsewhere, "none"), join(path, "b.mp4"));
  expect(await folder.create("a.mp4")).toBeNull();
  expect(await folder.create("b.mp4")).toBeNull();
  expect(existsSync(join(elsewhere, "none"))).toBeFalse();
  expect(folder.read("a.mp4", 0, 6)).rejects.toThrow("ELOOP");
  expect(folder.text("index.json")).rejects.toThrow("ELOOP");
  await folder.replace("index.json", "{}");
  expect(await folder.text("index.json")).toBe("{}");
  await folder.remove("a.mp4");
  expect(readFileSync(join(elsewhere, "secret"), "utf8")).toBe("secret");
  await folder.close();
});

test("a folder that another one takes the place of is still the one that was opened", async () => {
  const folder = await made();
  renameSync(path, `${path}-moved`);
  const elsewhere = join(root, `elsewhere-${count}`);
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, path);
  await (await folder.create("a.mp4"))!.close();
  await folder.replace("index.json", "{}");
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(readdirSync(`${path}-moved`).toSorted()).toEqual(["a.mp4", "index.json"]);
  await folder.close();
});

test("names that lead out of it are refused", async () => {
  const folder = await made();
  for (const name of ["../a", "/etc/passwd", "a/b", "..", "."]) {
    expect(folder.create(name)).rejects.toThrow("is no name");
    expect(folder.read(name, 0, 1)).rejects.toThrow("is no name");
    expect(folder.remove(name)).rejects.toThrow("is no name");
  }
  await folder.close();
});

test("a pipe is no file, and nobody waits for it", async () => {
  const folder = await made();
  Bun.spawnSync(["mkfifo", join(path, "index.json")]);
  expect(folder.text("index.json")).rejects.toThrow("is no file");
  await folder.close();
});

test("what fails says why", async () => {
  const folder = await made();
  rmSync(path, { recursive: true });
  expect(folder.create("a.mp4")).rejects.toThrow("ENOENT");
  expect(folder.read("a.mp4", 0, 1)).rejects.toThrow("ENOENT");
  await folder.close();
});
