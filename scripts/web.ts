/**
 * Writes the web pages as one file that the compiler embeds as it is. scripts/build.ts passes the
 * returned path to `bun build --compile` as one more entry point; src/web/pages.ts finds it by name
 * among the embedded files.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bundlePages } from "../src/web/bundle.ts";
import { PACK_NAME } from "../src/web/pages.ts";

/** Bundles all pages into `outDir` and returns the path of the file to embed. */
export async function buildWeb(outDir: string): Promise<string> {
  await mkdir(outDir, { recursive: true });
  // The extension is unknown to the bundler on purpose: such files are embedded byte for byte.
  const path = join(outDir, `${PACK_NAME}.pack`);
  await Bun.write(path, JSON.stringify(await bundlePages()));
  return path;
}

if (import.meta.main) {
  console.log(await buildWeb(process.argv[2] ?? "dist"));
}
