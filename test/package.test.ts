import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { packagePlayer } from "../scripts/package.ts";
import { SETUP_MS } from "./support/server.ts";

const TSC = resolve(import.meta.dir, "../node_modules/.bin/tsc");
const IMPORTS = /\bimport\s*\(?\s*"[^"]*"/g;
const CONSUMER = `import { SpillwayPlayer } from "spillway-player";
const player: SpillwayPlayer = document.createElement("spillway-player");
player.addEventListener("tierchange", () => console.log(player.tier === "tail", player.latency?.ms));
void player.send("chat", { text: "Hello" }).then(({ id, at }) => id + at);
const size: number | null | undefined = player.layers[0]?.width;
export { size };
const inner: "tail" extends keyof SpillwayPlayer ? true : false = false;
void inner;
`;

let folder = "";
beforeAll(async () => {
  const site = await mkdtemp(join(tmpdir(), "site-"));
  folder = join(site, "node_modules/spillway-player");
  // Of an older player.
  await Bun.write(join(folder, "tail-0123456789abcdef.js"), "old");
  await packagePlayer(folder);
}, SETUP_MS);
afterAll(() => rm(resolve(folder, "../.."), { recursive: true }));

/** Its name tells what is in it. */
async function fileOf(chunk: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => name.startsWith(`${chunk}-`)) ?? "none";
  const hash = Bun.hash(await text(file))
    .toString(16)
    .padStart(16, "0");
  expect(file).toBe(`${chunk}-${hash}.js`);
  return file;
}

const text = (name: string) => Bun.file(join(folder, name)).text();

test("the player's folder has all that it needs", async () => {
  const files = ["LICENSES.txt", "README.md", await fileOf("hls"), "package.json", "player.d.ts"];
  files.push("player.js", await fileOf("seekbar"), await fileOf("tail"), "types");
  expect((await readdir(folder)).toSorted()).toEqual(files);
  expect(await text("README.md")).toContain("| `tier` |");
  for (const name of ["hls.js", "media-chrome", "Spillway"]) {
    expect(await text("LICENSES.txt")).toMatch(new RegExp(`^${name} \\d`, "m"));
  }
});

test("its scripts fetch each other alone, by names that a bundler finds", async () => {
  const [tail, hls, seekbar] = await Promise.all(["tail", "hls", "seekbar"].map(fileOf));
  const found = await Promise.all(
    ["player.js", tail!, hls!, seekbar!].map(async (name) => (await text(name)).match(IMPORTS)),
  );
  const wants = (...files: readonly unknown[]) => files.map((file) => `import("./${file}"`);
  expect(found.map((imports) => imports?.toSorted() ?? [])).toEqual([
    wants(hls, seekbar, tail),
    wants(hls),
    [],
    [],
  ]);
});

test("its types stand by themselves", async () => {
  const site = resolve(folder, "../..");
  await Bun.write(join(site, "consumer.ts"), CONSUMER);
  const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--types", ""];
  const target = ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "esnext,dom"];
  const result = Bun.spawnSync([TSC, ...options, ...target, "consumer.ts"], { cwd: site });
  expect(result.stdout.toString()).toBe("");
  expect(result.exitCode).toBe(0);
});
