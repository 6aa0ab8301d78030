/**
 * One executable with the control thread, every worker, the pages, the demo clip and a copy of OpenSSL
 * for machines that have none.
 */
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { BunPlugin } from "bun";
import { WORKER_NAMES } from "../src/io/spawn.ts";
import { PACK_NAME } from "../src/web/pages.ts";
import { type Architecture, OWN_ARCHITECTURE } from "./architecture.ts";
import { embeddedModule, type FoundOpenSsl, findOpenSsl } from "./embed.ts";
import { foreignBun } from "./foreign.ts";
import { licenseText, manifestOf, packageFolders } from "./licenses.ts";
import { type Commit, checkedOut } from "./version.ts";
import { buildWeb } from "./web.ts";

const ROOT = resolve(import.meta.dir, "..");
const CODE = ["src/main.ts", ...WORKER_NAMES.map((name) => `workers/${name}.ts`)];

/** What was made, and of what. */
export interface Executable {
  readonly path: string;
  readonly version: string;
  readonly openssl: FoundOpenSsl | null;
  /** Folders of the npm packages inside. */
  readonly packages: readonly string[];
  /** The notices of everything inside. */
  readonly licenses: string;
}

/** The checked-out commit; null outside a repository. */
export const COMMIT: Commit | null = checkedOut(ROOT, manifestOf(ROOT).version);

/** Must be called in the root of the tree: names inside the executable are relative to it. */
export async function makeExecutable(
  path: string,
  architecture: Architecture,
): Promise<Executable> {
  const version = COMMIT?.version ?? `${manifestOf(ROOT).version}-dev`;
  await mkdir(dirname(path), { recursive: true });
  const openssl = await findOpenSsl(architecture, resolve(".cache/debian"));
  const packages = await packageFolders(CODE);
  const licenses = licenseText(version, packages, openssl);
  const notices = resolve(".cache/licenses.txt");
  await Bun.write(notices, licenses);
  const embedded = embeddedModule({ version, commit: COMMIT?.id ?? null }, openssl, notices);
  await compile(path, architecture, embedded, await buildWeb(".cache/web"));
  return { path, version, openssl, packages, licenses };
}

async function compile(
  path: string,
  architecture: Architecture,
  embedded: string,
  pages: string,
): Promise<void> {
  // A running executable cannot be overwritten (ETXTBSY), but it can be replaced.
  const fresh = `${path}.new`;
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
      ...runtimeFor(architecture),
    },
    plugins: [replaceEmbedded(embedded)],
    throw: false,
  });
  if (!result.success) {
    throw new Error(`the executable does not build:\n${result.logs.join("\n")}`);
  }
  await removeSourceMaps(dirname(path), basename(fresh));
  await Bun.$`mv -f ${fresh} ${path}`.quiet();
}

/** Without a word it is the Bun that builds. */
function runtimeFor(architecture: Architecture): Partial<Bun.CompileBuildOptions> {
  if (architecture === OWN_ARCHITECTURE) return {};
  const executablePath = foreignBun(architecture, resolve(".cache/bun"));
  return { target: `bun-linux-${architecture}`, executablePath };
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
  const maps = [executable, `${PACK_NAME}.js`, ...WORKER_NAMES.map((name) => `${name}.js`)];
  await Promise.all(maps.map((name) => rm(join(folder, `${name}.map`), { force: true })));
}
