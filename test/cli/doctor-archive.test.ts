import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveGround } from "../../src/cli/archive-ground.ts";
import { UsageError } from "../../src/cli/command.ts";
import { checkArchive } from "../../src/cli/doctor-archive.ts";
import type { ServiceProcess } from "../../src/cli/service-process.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { openFolder } from "../../src/io/disk.ts";

const root = mkdtempSync(join(tmpdir(), "spillway-doctor-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function configOf(rules: readonly string[], args: readonly string[] = []): Config {
  const text = rules.map((line, i) => `[[streams]]\nmatch = "s${i}"\n${line}\n`).join("");
  const result = loadConfig({
    args: ["--config=c.toml", ...args],
    env: {},
    readFile: () => text,
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

/** Folders that are held. */
let open = 0;
async function opened(path: string, make: boolean) {
  const folder = await openFolder(path, make);
  if (folder === null) return null;
  open += 1;
  const close = folder.close.bind(folder);
  folder.close = () => {
    open -= 1;
    return close();
  };
  return folder;
}

/** Each finding as "LEVEL: DETAIL". */
async function found(
  config: Config,
  dvrFolder: string | null = null,
  server: ServiceProcess | null = null,
): Promise<string[]> {
  const findings = await checkArchive(config, dvrFolder, { open: opened }, server);
  expect(open).toBe(0);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return findings.map(({ level, detail }) => `${level}: ${detail}`);
}

test("where nothing is recorded there is nothing to tell", async () => {
  expect(await found(configOf(['hls = "always"']))).toEqual([]);
});

test("a folder that can be written, one that is made, and one whose disk is too full", async () => {
  const path = join(root, "a");
  mkdirSync(path);
  expect(await found(configOf([`record = "${path}"`], ["--disk-reserve=1k"]))).toEqual([
    expect.stringMatching(/^ok: .*a: [\d.]+ GiB free, 0.0 GiB of it stay so$/),
  ]);
  const fresh = join(root, "fresh");
  expect(await found(configOf([`record = "${fresh}"`]))).toEqual([
    `ok: ${fresh} is made with the first stream`,
  ]);
  const full = await found(configOf([`record = "${path}"`], ["--disk-reserve=900t"]));
  expect(full[0]).toMatch(/^warn: .*nothing is recorded$/);
});

test("a link, a file, and a folder below one that is not there fail", async () => {
  const [link, file] = [join(root, "link"), join(root, "file")];
  symlinkSync(root, link);
  writeFileSync(file, "");
  const missing = join(root, "not-mounted", "recordings");
  const paths = [link, file, missing].map((path) => `record = "${path}"`);
  for (const line of await found(configOf(paths))) expect(line).toStartWith("fail: ");
});

test("of a service that runs it is told what that may, whatever may who asks", async () => {
  const path = join(root, "service");
  mkdirSync(path);
  const config = configOf([`record = "${path}"`]);
  const asked: string[] = [];
  const server = (refusal: string | null): ServiceProcess => ({
    uid: 61_000,
    refusal: (folder) => {
      asked.push(folder);
      return refusal;
    },
  });
  expect(await found(config, null, server("EROFS"))).toEqual([`fail: ${path}: EROFS`]);
  expect((await found(config, null, server(null)))[0]).toMatch(/^(ok|warn): .*free/);
  rmSync(path, { recursive: true });
  expect((await found(config, null, server(null)))[0]).toMatch(/^ok: .* is made/);
  expect(asked).toEqual([path, path, root]);
});

test("dvr alone needs a state folder, told by doctor and at the start", async () => {
  const config = configOf(['dvr = "1h"']);
  expect(await found(config)).toEqual(["fail: a stream has dvr, and there is no folder for it"]);
  expect(() => archiveGround(config)).toThrow(UsageError);
  const state = join(root, "state", "below");
  const given = archiveGround(configOf(['dvr = "1h"'], [`--state=${state}`]));
  expect(given.dvrFolder).toBe(join(state, "dvr"));
  expect(await found(config, given.dvrFolder)).toEqual([
    `ok: ${state}/dvr is made with the first stream`,
  ]);
});

test("what each start empties is no place for recordings", () => {
  const state = join(root, "other");
  const config = configOf([`record = "${state}/dvr"`], [`--state=${state}/`]);
  expect(() => archiveGround(config)).toThrow("each start empties that folder");
});
