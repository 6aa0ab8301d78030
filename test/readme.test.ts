/** What README.md says is what the sources say. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { drawCharts } from "../scripts/bench/charts.ts";
import { README_PATH, refreshed } from "../scripts/readme.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { optionTable } from "../src/config.ts";

const ROOT = resolve(import.meta.dir, "..");
const readme = readFileSync(README_PATH, "utf8");

test("generated blocks are current (else: bun scripts/readme.ts)", () => {
  expect(refreshed(readme)).toBe(readme);
});

test("charts are those of the stored figures (else: bun scripts/readme.ts)", () => {
  for (const { path, svg } of drawCharts()) {
    expect(existsSync(path) ? readFileSync(path, "utf8") : null, path).toBe(svg);
  }
});

test("a block that somebody changed by hand is found", () => {
  expect(refreshed(readme.replace("| `--http HOST:PORT` |", "| `--htp` |"))).toBe(readme);
  expect(() => refreshed(readme.replace("<!-- limits -->", ""))).toThrow('no block "limits"');
});

test("linked files and pictures exist, and pictures are small", () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)|src="([^"]+\.png)"/g)]
    .map((match) => match[1] ?? match[2]!)
    .filter((link) => !/^https?:/.test(link));
  expect(links.filter((link) => link.endsWith(".png")).length).toBe(4);
  for (const link of links) {
    expect(existsSync(resolve(ROOT, link)), link).toBe(true);
    if (link.endsWith(".png")) expect(statSync(resolve(ROOT, link)).size).toBeLessThan(200_000);
  }
});

test("every command of the executable is told of, and no other", () => {
  const told = new Set(
    [...readme.matchAll(/(?:^(?:sudo )?(?:\.\/)?|`)spillway ([a-z]+)/gm)].map((match) => match[1]!),
  );
  expect([...told].sort()).toEqual(Object.keys(COMMANDS).sort());
});

test("flags in shell lines exist", async () => {
  const known = new Set(["--help", "--version", ...optionTable.map((option) => option.flag)]);
  for (const entry of Object.values(COMMANDS)) {
    const { help } = await entry.load();
    for (const match of help.matchAll(/--[a-z][\w-]*/g)) known.add(match[0]);
  }
  const lines = [...readme.matchAll(/^(?:sudo )?(?:\.\/)?spillway .*$/gm)].map((match) => match[0]);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    for (const flag of line.match(/--[a-z][\w-]*/g) ?? []) expect(known, line).toContain(flag);
  }
});
