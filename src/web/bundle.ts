/** Bundles the browser code of src/web into plain text. Runs from source only. */
import { join } from "node:path";
import type { BunPlugin } from "bun";

/** What pages.ts serves, by key; JSON-safe. */
export type PackedPages = Record<string, { readonly text: string; readonly contentType: string }>;

const PAGES = ["home", "publish", "watch", "embed", "dashboard"];
/** What the player fetches when it needs it, each after those that it fetches itself. */
export const CHUNKS = ["hls", "tail", "seekbar"];
const SCRIPTS = [...PAGES, "player", "ticker"];

/** The scripts that are bundled, as paths. */
export function bundledScripts(): readonly string[] {
  return [...CHUNKS, ...SCRIPTS].map((script) => join(import.meta.dir, `${script}.ts`));
}

/** Returns every page and asset. Throws with the bundler's messages when a script is broken. */
export async function bundlePages(): Promise<PackedPages> {
  const folder = import.meta.dir;
  const packed: PackedPages = {};
  for (const page of PAGES) {
    const text = await Bun.file(join(folder, `${page}.html`)).text();
    packed[page] = { text, contentType: "text/html; charset=utf-8" };
  }
  const chunks = new Map<string, string>();
  for (const script of [...CHUNKS, ...SCRIPTS]) {
    const text = await bundleScript(join(folder, `${script}.ts`), chunks);
    const isChunk = CHUNKS.includes(script);
    const file = isChunk ? `${script}-${hashOf(text)}.js` : `${script}.js`;
    if (isChunk) chunks.set(script, file);
    packed[`/assets/${file}`] = { text, contentType: "text/javascript; charset=utf-8" };
  }
  for (const sheet of ["style", "embed"]) {
    const text = await Bun.file(join(folder, `${sheet}.css`)).text();
    packed[`/assets/${sheet}.css`] = { text, contentType: "text/css; charset=utf-8" };
  }
  const icon = await Bun.file(join(folder, "icon.svg")).text();
  packed["/assets/icon.svg"] = { text: icon, contentType: "image/svg+xml" };
  return packed;
}

function hashOf(text: string): string {
  return Bun.hash(text).toString(16).padStart(16, "0");
}

/**
 * Chunks stay files beside the script that fetches them, and are fetched by names that tell what is in
 * them: such a file never becomes another.
 */
function keepFetched(chunks: ReadonlyMap<string, string>): BunPlugin {
  return {
    name: "fetched files",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^\\./(${CHUNKS.join("|")})\\.js$`) }, ({ path }) => {
        const name = path.slice("./".length, -".js".length);
        const file = chunks.get(name);
        if (file === undefined) throw new Error(`${name}.js is fetched before it is bundled`);
        return { path: `./${file}`, external: true };
      });
    },
  };
}

async function bundleScript(path: string, chunks: ReadonlyMap<string, string>): Promise<string> {
  const result = await Bun.build({
    entrypoints: [path],
    target: "browser",
    format: "esm",
    minify: true,
    plugins: [keepFetched(chunks)],
  });
  const output = result.outputs[0];
  if (!result.success || output === undefined) {
    throw new Error(`cannot bundle ${path}: ${result.logs.join("\n")}`);
  }
  // The bundler leaves texts as they are: style sheets and elements are indented for people.
  return (await output.text()).replace(/\n\s+/g, "\n");
}
