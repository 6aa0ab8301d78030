/** Makes dist/spillway: `bun scripts/build.ts [OUTFILE]`. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { OWN_ARCHITECTURE } from "./architecture.ts";
import { makeExecutable } from "./executable.ts";

const started = Bun.nanoseconds();
const outfile = process.argv[2] ?? "dist/spillway";
process.chdir(resolve(import.meta.dir, ".."));
const { path, openssl } = await makeExecutable(resolve(outfile), OWN_ARCHITECTURE);

const { size } = await stat(path);
const seconds = (Bun.nanoseconds() - started) / 1e9;
console.log(`${path}: ${(size / 2 ** 20).toFixed(1)} MiB in ${seconds.toFixed(1)} s`);
if (openssl === null) {
  console.warn("no libssl.so.3 on this machine: the executable will need OpenSSL where it runs");
} else {
  console.log(`OpenSSL inside: ${openssl.version} (${openssl.architecture})`);
  for (const library of [...openssl.support, openssl.crypto, openssl.ssl]) {
    console.log(`  ${library.sha256}  ${library.soname}`);
  }
}
