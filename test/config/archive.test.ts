import { expect, test } from "bun:test";
import { foldersOf } from "../../src/config/archive.ts";
import { type ConfigResult, loadConfig } from "../../src/config.ts";

const load = (text: string, args: readonly string[] = []): ConfigResult =>
  loadConfig({
    args: ["--config=c.toml", ...args],
    env: {},
    readFile: () => text,
    cores: 2,
    memoryBytes: 8e9,
  });
const rule = (line: string, more = "") => load(`[[streams]]\nmatch = "a"\n${line}\n${more}`);

function mistake(result: ConfigResult): string {
  return result.ok ? "none" : result.error;
}

test.each([
  ["1m", 60e6],
  ["90s", 90e6],
  ["2h", 7200e6],
  ["12h", 43_200e6],
])("dvr = %s", (text, us) => {
  const result = rule(`dvr = "${text}"`);
  expect(result.ok && result.config.streams[0]!.dvr).toBe(us);
});

test.each(["59s", "13h", "1d", "2", "-1h", ""])("dvr = %s is a mistake", (text) => {
  expect(mistake(rule(`dvr = "${text}"`))).toContain("c.toml: streams[0].dvr: ");
});

test.each(["/srv/recordings", "/a", "/srv/with space"])("record = %s", (path) => {
  const result = rule(`record = "${path}"`);
  expect(result.ok && result.config.streams[0]!.record).toBe(path);
});

test.each(["recordings", "./a", "~/a", "/", "", "/srv/", "/srv/../etc", "/.."])(
  "record = %s is a mistake",
  (path) => {
    expect(mistake(rule(`record = "${path}"`))).toContain("c.toml: streams[0].record: ");
  },
);

test("what is kept is made of the tail: one that is off is a mistake, whatever hls says else", () => {
  for (const line of ['dvr = "1h"', 'record = "/a"']) {
    expect(mistake(rule(`${line}\nhls = "off"`))).toBe(
      "streams[0].hls: is off, but dvr and record are made of it",
    );
    const result = load(`hls = "off"\n[[streams]]\nmatch = "a"\n${line}\n`);
    expect(result.ok && result.config.workers.packager).toBe(1);
  }
});

test.each([
  ["2g", 2 ** 31],
  ["0", 0],
  ["1.5T", 1.5 * 2 ** 40],
  ["100m", 100 * 2 ** 20],
])("disk-reserve = %s", (text, bytes) => {
  const result = load("", [`--disk-reserve=${text}`]);
  expect(result.ok && result.config.diskReserveBytes).toBe(bytes);
});

test("disk-reserve is 2 GiB by default, and no share of anything", () => {
  const result = load("");
  expect(result.ok && result.config.diskReserveBytes).toBe(2 ** 31);
  expect(mistake(load("", ["--disk-reserve=5%"]))).toContain("is not a size");
});

test("folders are told once each; null stands for the one that goes with the process", () => {
  const rules = [{ record: "/a" }, {}, { dvr: 60e6 }, { dvr: 60e6, record: "/a" }, { dvr: 90e6 }];
  expect(foldersOf(rules)).toEqual(["/a", null]);
});
