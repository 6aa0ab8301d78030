/**
 * Makes dist/player: the player as ES modules with types, for a site that serves it by itself.
 * `bun scripts/package.ts [FOLDER]`.
 */
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { bundledScripts, bundlePages, CHUNKS } from "../src/web/bundle.ts";
import { scriptLicenseText } from "./licenses.ts";

const ROOT = resolve(import.meta.dir, "..");
const WEB = join(ROOT, "src/web");
/** The player, and what it fetches when it needs it. */
const MODULES = ["player", ...CHUNKS];
const MODULE = new RegExp(`^/assets/((?:${MODULES.join("|")})(?:-[0-9a-f]{16})?\\.js)$`);
const CHUNK = new RegExp(`^(?:${CHUNKS.join("|")})-[0-9a-f]{16}\\.js$`);
const README_SECTION = /\*\*Your own site\.\*\*[\s\S]*?(?=\n\*\*)/;

/** Writes all files into `folder`, without those of an older player; returns the names of the scripts. */
export async function packagePlayer(folder: string): Promise<readonly string[]> {
  await mkdir(join(folder, "types"), { recursive: true });
  const scriptFiles: string[] = [];
  for (const [key, { text }] of Object.entries(await bundlePages())) {
    const file = MODULE.exec(key)?.[1];
    if (file === undefined) continue;
    scriptFiles.push(file);
    await Bun.write(join(folder, file), text);
  }
  const chunks = (await readdir(folder)).filter((file) => CHUNK.test(file));
  for (const file of chunks) if (!scriptFiles.includes(file)) await rm(join(folder, file));
  await writeTypes(folder);
  const scripts = bundledScripts().filter((path) => MODULES.includes(basename(path, ".ts")));
  await Bun.write(join(folder, "LICENSES.txt"), await scriptLicenseText(scripts));
  await Bun.write(join(folder, "README.md"), await readme());
  await Bun.write(join(folder, "package.json"), await manifest());
  return scriptFiles;
}

/** What the player's own types need, file by file; its parts stay inside. */
async function writeTypes(folder: string): Promise<void> {
  const emitted = await mkdtemp(join(tmpdir(), "player-types-"));
  try {
    const options = ["--declaration", "--emitDeclarationOnly", "--stripInternal"];
    const places = ["--rootDir", ROOT, "--outDir", emitted];
    await Bun.$`${join(ROOT, "node_modules/.bin/tsc")} -p ${WEB} --noEmit false ${options} ${places}`.quiet();
    const names = ["player"];
    for (const name of names) {
      const text = await Bun.file(join(emitted, "src/web", `${name}.d.ts`)).text();
      // Modules that define elements have no types; what is imported has the name of its script.
      const types = text.replace(/^import ".*";\n/gm, "").replace(/(from "\.\/.*)\.ts"/g, '$1.js"');
      await Bun.write(join(folder, "types", `${name}.d.ts`), types);
      for (const [, other = ""] of types.matchAll(/from "\.\/(.*)\.js"/g)) {
        if (!names.includes(other)) names.push(other);
      }
    }
  } finally {
    await rm(emitted, { recursive: true });
  }
  await Bun.write(join(folder, "player.d.ts"), 'export * from "./types/player.js";\n');
}

async function readme(): Promise<string> {
  const whole = await Bun.file(join(ROOT, "README.md")).text();
  const section = README_SECTION.exec(whole);
  if (section === null) throw new Error("README.md has no section on one's own site");
  return `# spillway-player

Plays streams of a Spillway server in real time (WHEP), and where that does not come through, some seconds
later (LL-HLS). Serve the scripts from one folder, or let a bundler take \`player.js\`, which names the others
in \`import()\`. Those have a hash of themselves in their names, so caches may keep them for ever; leave
older ones on your site for a while, for pages that are open may yet ask for them. The address of
\`player.js\` is yours then, in place of the server's.

${section[0].trim()}
`;
}

async function manifest(): Promise<string> {
  const { version, license } = (await Bun.file(join(ROOT, "package.json")).json()) as {
    readonly version: string;
    readonly license: string;
  };
  const main = "./player.js";
  const types = "./player.d.ts";
  const exports = { ".": { types, default: main } };
  const fields = {
    name: "spillway-player",
    version,
    license,
    type: "module",
    main,
    types,
    exports,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(ROOT, "dist/player"));
  for (const file of await packagePlayer(folder)) {
    const bytes = await Bun.file(join(folder, file)).bytes();
    console.log(`${file}: ${(Bun.gzipSync(bytes).length / 1000).toFixed(1)} kB gzipped`);
  }
  console.log(folder);
}
