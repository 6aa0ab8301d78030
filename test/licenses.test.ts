/** `spillway licenses`: whatever is bundled into the executable is told of, with its terms. */
import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readPolicy } from "../scripts/debian.ts";
import { EMBEDDED_OPENSSL } from "../src/embedded.ts";
import { binary, runBinary } from "./support/binary.ts";
import { SETUP_MS } from "./support/server.ts";

const ROOT = resolve(import.meta.dir, "..");
let text = "";

beforeAll(async () => {
  const { code, out, err } = runBinary(await binary(), ["licenses"]);
  expect([code, err]).toEqual([0, ""]);
  text = out;
}, SETUP_MS);

/** Packages whose text is in the output, by the source maps: another way than the build's. */
async function mappedPackages(entrypoints: string[], target: "bun" | "browser") {
  const result = await Bun.build({ entrypoints, root: ROOT, target, sourcemap: "external" });
  const names = new Set<string>();
  for (const output of result.outputs.filter(({ kind }) => kind === "sourcemap")) {
    const { sources } = JSON.parse(await output.text()) as { sources: string[] };
    for (const source of sources) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

function manifest(name: string): { version: string; license: string } {
  return JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
}

test("S14: every package that is bundled is told of, with version, licence and text", async () => {
  const workers = readdirSync(join(ROOT, "workers")).map((name) => join(ROOT, "workers", name));
  const server = await mappedPackages([join(ROOT, "src/main.ts"), ...workers], "bun");
  const scripts = ["home", "publish", "watch", "dashboard", "player", "ticker"];
  const paths = scripts.map((name) => join(ROOT, `src/web/${name}.ts`));
  const pages = await mappedPackages(paths, "browser");
  for (const name of ["hono", "zod", "jose", "mediabunny"]) expect(server).toContain(name);
  for (const name of ["media-chrome", "uplot"]) expect(pages).toContain(name);
  for (const name of new Set([...server, ...pages])) {
    const { version, license } = manifest(name);
    const start = text.indexOf(`\n${name} ${version}\nLicence: ${license}\n`);
    expect([name, start >= 0]).toEqual([name, true]);
    const end = text.indexOf(`\n${"-".repeat(78)}\n`, start);
    const notice = text.slice(start, end);
    expect([name, notice.length > 500]).toEqual([name, true]);
    if (license === "MIT") expect(notice.replaceAll(/\s+/g, " ")).toContain("Permission is hereby");
    if (license === "MPL-2.0") expect(notice).toMatch(/Source: https:\/\//);
  }
});

test("S14: the runtime, what it links, OpenSSL and Spillway itself are told of", () => {
  expect(text).toStartWith("Spillway ");
  expect(text).toContain("Apache License");
  expect(text).toContain(`Bun ${Bun.version}`);
  for (const part of ["JavaScriptCore", "boringssl", "tinycc", "libicu", "sqlite"]) {
    expect(text).toContain(part);
  }
  expect(text).toContain("GNU LIBRARY GENERAL PUBLIC LICENSE");
  expect(text).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  expect(text).toMatch(/\nlibssl3\S* \(OpenSSL\) 3\./);
  expect(text).toContain("The OpenSSL Project Authors");
  // From source there is no build that could have written them.
  expect(EMBEDDED_OPENSSL).toBeNull();
  const source = Bun.spawnSync([process.execPath, join(ROOT, "src/main.ts"), "licenses"]);
  expect(source.exitCode).toBe(1);
  expect(source.stderr.toString()).toContain("npm run build");
});

test("S14: what Debian offers is read from apt's answer", () => {
  const policy = (installed: string, candidate: string) =>
    readPolicy(
      `libssl3:\n  Installed: ${installed}\n  Candidate: ${candidate}\n  Version table:\n`,
    );
  expect(policy("3.0.17-1~deb12u2", "3.0.22-1~deb12u2")).toEqual({
    installed: "3.0.17-1~deb12u2",
    candidate: "3.0.22-1~deb12u2",
  });
  expect(policy("(none)", "3.0.22-1")).toBeNull();
  expect(policy("3.0.22-1", "(none)")).toBeNull();
  expect(readPolicy("")).toBeNull();
  expect(readPolicy("N: Unable to locate package libssl3")).toBeNull();
});
