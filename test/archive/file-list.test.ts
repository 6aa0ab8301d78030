import { expect, test } from "bun:test";
import { FileList, type Listed } from "../../src/archive/file-list.ts";
import { fileName, hashOf, isFileName } from "../../src/archive/file-name.ts";

const WALL_MS = Date.UTC(2026, 10, 30, 21, 4, 5, 678);
const entry = (stream: string, second = 0): Listed => ({
  file: fileName(hashOf(stream), WALL_MS + second * 1000, 0),
  ...{ stream, rendition: 0, from: "2026-11-30T21:04:05.678Z", to: null, seconds: null },
});

test("names of files are a hash, a time and a layer, whatever the stream is called", () => {
  expect(fileName("0123456789abcdef", WALL_MS, 2)).toBe(
    "0123456789abcdef-20261130T210405678Z-2.mp4",
  );
  for (const stream of ["a", "../../etc/passwd", "\n", "ü".repeat(200), "a/b"]) {
    expect(isFileName(entry(stream).file)).toBeTrue();
  }
  expect(hashOf("a")).toBe("ca978112ca1bbdca");
  for (const name of ["index.json", "a.mp4", "../0123456789abcdef-20261130T210405678Z-2.mp4"]) {
    expect(isFileName(name)).toBeFalse();
  }
});

test("a list is JSON with a line a file, and comes back as it was, but for files that are gone", () => {
  const list = new FileList();
  const names = ["a", 'q"uote', "new\nline"];
  for (const name of names) list.set(entry(name));
  list.set({ ...entry("a"), to: "2026-11-30T21:05:05.678Z", seconds: 60 });
  const { files } = JSON.parse(list.text);
  expect(files.map(({ stream }: Listed) => stream)).toEqual(names);
  expect(files[0].seconds).toBe(60);
  expect(list.text.split("\n")).toHaveLength(names.length + 3);
  const again = new FileList();
  expect(again.load(list.text, new Set(names.map((name) => entry(name).file)))).toBeTrue();
  expect(again.text).toBe(list.text);
  expect(again.changed).toBeFalse();
  const some = new FileList();
  expect(some.load(list.text, new Set([entry("a").file]))).toBeTrue();
  expect(JSON.parse(some.text).files).toHaveLength(1);
});

test("what a person added to an entry stays", () => {
  const list = new FileList();
  const { file } = entry("a");
  list.load(JSON.stringify({ version: 1, files: [{ file, title: "The first" }] }), new Set([file]));
  expect(JSON.parse(list.text).files).toEqual([{ file, title: "The first" }]);
});

test("it changes only with what is told of it", () => {
  const list = new FileList();
  list.remove("none");
  expect(list.changed).toBeFalse();
  list.set(entry("a"));
  expect([list.changed, list.size]).toEqual([true, 1]);
});
