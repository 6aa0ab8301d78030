import { afterAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeFile } from "../../src/cli/install-files.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-install-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILE = { path: "/etc/sysctl.d/60-a.conf", text: "ours\n", mode: 0o640, replaces: ["old\n"] };

function rootWith(name: string, files: Readonly<Record<string, string>>) {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  }
  const place = root + FILE.path;
  const said = writeFile(FILE, root);
  return { place, said, text: existsSync(place) ? readFileSync(place, "utf8") : null };
}

test("a file is written with its mode, whatever an earlier run left behind", () => {
  const { place, said, text } = rootWith("fresh", { [`${FILE.path}.new`]: "half" });
  expect(said).toBe(`${place}: written`);
  expect(text).toBe(FILE.text);
  expect(statSync(place).mode & 0o777).toBe(FILE.mode);
  expect(existsSync(`${place}.new`)).toBe(false);
});

test("what stands there stays, unless it is one of ours that nobody has changed", () => {
  const mine = rootWith("mine", { [FILE.path]: "mine\n" });
  expect([mine.said, mine.text]).toEqual([`${mine.place}: exists, left as it is`, "mine\n"]);
  const old = rootWith("old", { [FILE.path]: "old\n" });
  expect([old.said, old.text]).toEqual([`${old.place}: written`, FILE.text]);
});

test("what a package has put in place is not hidden by a copy of it", () => {
  const packaged = "/usr/lib/sysctl.d/60-a.conf";
  const same = rootWith("same", { [packaged]: FILE.text });
  expect(same.text).toBeNull();
  expect(same.said).toContain("not needed");
  expect(rootWith("other", { [packaged]: "of another version\n" }).text).toBe(FILE.text);
});
