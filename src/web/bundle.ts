/** Bundles the browser code of src/web into plain text. Runs from source only. */
import { join } from "node:path";
import type { BunPlugin } from "bun";

/** What pages.ts serves, by key; JSON-safe. */
export type PackedPages = Record<string, { readonly text: string; readonly contentType: string }>;

const PAGES = ["home", "publish", "watch", "embed", "dashboard"];
const SCRIPTS = [...PAGES, "player", "tail", "hls", "ticker"];

/** The scripts that are bundled, as paths. */
export function bundledScripts(): readonly string[] {
  return SCRIPTS.map((script) => join(import.meta.dir, `${script}.ts`));
}

/** Returns every page and asset. Throws with the bundler's messages when a script is broken. */
export async function bundlePages(): Promise<PackedPages> {
  const folder = import.meta.dir;
  const packed: PackedPages = {};
  for (const page of PAGES) {
    const text = await Bun.file(join(folder, `${page}.html`)).text();
    packed[page] = { text, contentType: "text/html; charset=utf-8" };
  }
  for (const script of SCRIPTS) {
    const text = await bundleScript(join(folder, `${script}.ts`));
    packed[`/assets/${script}.js`] = { text, contentType: "text/javascript; charset=utf-8" };
  }
  for (const sheet of ["style", "embed"]) {
    const text = await Bun.file(join(folder, `${sheet}.css`)).text();
    packed[`/assets/${sheet}.css`] = { text, contentType: "text/css; charset=utf-8" };
  }
  const icon = await Bun.file(join(folder, "icon.svg")).text();
  packed["/assets/icon.svg"] = { text: icon, contentType: "image/svg+xml" };
  return packed;
}

/** What the player fetches when it plays a tail stays a file beside it. */
const KEEP_FETCHED: BunPlugin = {
  name: "fetched files",
  setup(build) {
    build.onResolve({ filter: /^\.\/(tail|hls)\.js$/ }, ({ path }) => ({ path, external: true }));
  },
};

async function bundleScript(path: string): Promise<string> {
  const result = await Bun.build({
    entrypoints: [path],
    target: "browser",
    format: "esm",
    minify: true,
    plugins: [KEEP_FETCHED],
  });
  const output = result.outputs[0];
  if (!result.success || output === undefined) {
    throw new Error(`cannot bundle ${path}: ${result.logs.join("\n")}`);
  }
  return await output.text();
}
