/**
 * Makes dist/spillway: one executable with the control thread, every worker, the pages, the demo
 * clip and a copy of OpenSSL for machines that have none. `bun scripts/build.ts [OUTFILE]`.
 */
import { mkdir, rm, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { BunPlugin } from "bun";
import { WORKER_NAMES } from "../src/io/spawn.ts";
import { embeddedModule, findOpenSsl, gitCommit } from "./embed.ts";
import { licenseText } from "./licenses.ts";
import { buildWeb } from "./web.ts";

const ROOT = resolve(import.meta.dir, "..");

const started = Bun.nanoseconds();
process.chdir(ROOT);
const outfile = resolve(process.argv[2] ?? "dist/spillway");
await mkdir(dirname(outfile), { recursive: true });
const CODE = ["src/main.ts", ...WORKER_NAMES.map((name) => `workers/${name}.ts`)];
const openssl = await findOpenSsl(resolve(".cache/debian"));
const licenses = resolve(".cache/licenses.txt");
await Bun.write(licenses, await licenseText(CODE, openssl));
const embedded = embeddedModule(gitCommit(), openssl, licenses);
await compile(outfile, embedded, await buildWeb(".cache/web"));

const { size } = await stat(outfile);
const seconds = (Bun.nanoseconds() - started) / 1e9;
console.log(`${outfile}: ${(size / 2 ** 20).toFixed(1)} MiB in ${seconds.toFixed(1)} s`);
if (openssl === null) {
  console.warn("no libssl.so.3 on this machine: the executable will need OpenSSL where it runs");
} else {
  console.log(`OpenSSL inside: ${openssl.version} (${openssl.architecture})`);
  for (const library of [...openssl.support, openssl.crypto, openssl.ssl]) {
    console.log(`  ${library.sha256}  ${library.soname}`);
  }
}

async function compile(target: string, embedded: string, pages: string): Promise<void> {
  // A running executable cannot be overwritten (ETXTBSY), but it can be replaced.
  const fresh = `${target}.new`;
  const result = await Bun.build({
    entrypoints: [...CODE, pages],
    root: ROOT,
    target: "bun",
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: "inline",
    compile: {
      outfile: fresh,
      // The folder it is started in must not change a server.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    plugins: [replaceEmbedded(embedded)],
    throw: false,
  });
  if (!result.success) {
    for (const log of result.logs) console.error(String(log));
    process.exit(1);
  }
  await removeSourceMaps(dirname(target), basename(fresh));
  await Bun.$`mv -f ${fresh} ${target}`.quiet();
}

function replaceEmbedded(contents: string): BunPlugin {
  return {
    name: "embedded",
    setup(build) {
      build.onLoad({ filter: /\/src\/embedded\.ts$/ }, () => ({ contents, loader: "ts" }));
    },
  };
}

/** The maps are inside the executable; Bun 1.4.5 leaves copies beside it. */
async function removeSourceMaps(folder: string, executable: string): Promise<void> {
  const maps = [executable, ...WORKER_NAMES.map((name) => `${name}.js`)];
  await Promise.all(maps.map((name) => rm(resolve(folder, `${name}.map`), { force: true })));
}
