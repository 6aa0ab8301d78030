/** scripts/install.sh with tarballs here and elsewhere, right and wrong. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { tarball, textFile } from "../../scripts/release/archive.ts";
import { checksums } from "../../scripts/release/checksums.ts";

const SCRIPT = resolve(import.meta.dir, "../../scripts/install.sh");
const NAME = `spillway-0.2.0-linux-${process.arch}`;
const TARBALL = `${NAME}.tar.gz`;
const folder = mkdtempSync(join(tmpdir(), "spillway-download-"));
const target = join(folder, "bin");
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const file = Bun.file(join(folder, new URL(request.url).pathname));
    return (await file.exists()) ? new Response(file) : new Response("", { status: 404 });
  },
});
afterAll(async () => {
  await server.stop(true);
  rmSync(folder, { recursive: true });
});

/** A tarball whose executable is this script, and the sums that are said of it. */
function offer(script: string, sums = checksums({ [TARBALL]: release(script) })): void {
  writeFileSync(join(folder, TARBALL), release(script));
  writeFileSync(join(folder, "SHA256SUMS"), sums);
}

function release(script: string): Uint8Array {
  const files = [textFile(`${NAME}/spillway`, script, 0o755), textFile(`${NAME}/README.md`, "")];
  return tarball(files, 0);
}

async function install(...args: string[]) {
  const child = Bun.spawn(["sh", SCRIPT, ...args], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

const GOOD = '#!/bin/sh\necho "spillway 0.2.0 (here)"\n';

beforeEach(() => {
  rmSync(target, { recursive: true, force: true });
  offer(GOOD);
});

test("a tarball here or elsewhere is put in place, and what to run next is said", async () => {
  for (const source of [TARBALL, join(folder, TARBALL), `${server.url.href}${TARBALL}`]) {
    const { code, out, err } = await install(source, "bin");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toStartWith(`${target}/spillway: spillway 0.2.0 (here)\nNext:\n`);
    expect(readdirSync(target)).toEqual(["spillway"]);
    expect(statSync(join(target, "spillway")).mode & 0o777).toBe(0o755);
  }
});

test("nothing is put in place of which the sum is wrong or not said", async () => {
  const elsewhere = `${server.url.href}${TARBALL}`;
  const wrong = checksums({ [TARBALL]: new Uint8Array(1) });
  const other = checksums({ [`other-${TARBALL}`]: release(GOOD) });
  for (const [sums, complaint] of [
    [wrong, "is not what"],
    [other, "does not name"],
    ["", "does not name"],
  ] as const) {
    offer(GOOD, sums);
    for (const source of [TARBALL, elsewhere]) {
      const { code, err } = await install(source, target);
      expect([code, err]).toEqual([1, expect.stringContaining(complaint)]);
    }
  }
  rmSync(join(folder, "SHA256SUMS"));
  for (const source of [TARBALL, elsewhere]) expect((await install(source, target)).code).toBe(1);
  expect(existsSync(join(target, "spillway"))).toBe(false);
});

test("what is not for this machine, or does not run there, leaves what was there", async () => {
  await install(TARBALL, target);
  const missing = await install(`spillway-0.2.0-linux-riscv64.tar.gz`, target);
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("for this machine")]);
  offer("#!/bin/sh\nexit 1\n");
  const broken = await install(TARBALL, target);
  expect([broken.code, broken.err]).toEqual([1, expect.stringContaining("does not run")]);
  expect(readdirSync(target)).toEqual(["spillway"]);
  expect(await Bun.file(join(target, "spillway")).text()).toBe(GOOD);
});

test("without a tarball it says how it is called", async () => {
  expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining("Usage:") });
});
