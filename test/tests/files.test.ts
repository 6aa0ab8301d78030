import { expect, test } from "bun:test";
import { isOfRealWorld, testFiles } from "../../scripts/tests/files.ts";
import { ROOT } from "../house/sources.ts";

const { virtual, real } = testFiles(ROOT);

test("what waits, looks at a clock or starts something is of the real world; words of it are not", () => {
  for (const text of [
    "await Bun.sleep(1);",
    "const at = performance.now();",
    "setTimeout(done, 5);",
    "const child = Bun.spawnSync(line);",
    "const server = Bun.serve({ port: 0 });",
    "new Worker(path);",
  ]) {
    expect([text, isOfRealWorld(text)]).toEqual([text, true]);
  }
  for (const text of [
    "/** As\n * performance.now() would. */",
    "let at = 1; // not Bun.sleep(1)",
    "world.sleep(1); now(); Bun.hash(bytes);",
  ]) {
    expect([text, isOfRealWorld(text)]).toEqual([text, false]);
  }
});

test("every file is of one kind, by what its helpers do, too", () => {
  expect(new Set([...virtual, ...real]).size).toBe(virtual.length + real.length);
  for (const folder of ["e2e", "robustness", "interop"]) {
    expect(virtual.filter((path) => path.startsWith(`test/${folder}/`))).toEqual([]);
  }
  for (const folder of ["sim", "cascade", "wire", "srtp"]) {
    expect(real.filter((path) => path.startsWith(`test/${folder}/`))).toEqual([]);
  }
});
