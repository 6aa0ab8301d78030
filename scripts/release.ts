/**
 * Makes dist/release: what is offered for download, the same bytes whenever it is made of the same
 * commit on the same machine. `bun run release [FOLDER]`, in a tree without changes.
 */
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { COMMIT } from "./executable.ts";
import { manifestOf } from "./licenses.ts";
import { CHANGELOG, entryOf } from "./release/changelog.ts";
import { checksums } from "./release/checksums.ts";
import { downloadsFor } from "./release/contents.ts";
import type { Commit } from "./version.ts";

const ROOT = resolve(import.meta.dir, "..");

const folder = resolve(process.argv[2] ?? join(ROOT, "dist/release"));
process.chdir(ROOT);
const commit = releasable(COMMIT);
const files: Record<string, Uint8Array> = {
  "install.sh": await Bun.file("scripts/install.sh").bytes(),
};
for (const architecture of Object.keys(ARCHITECTURES) as Architecture[]) {
  Object.assign(files, await downloadsFor(architecture, commit));
}
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, bytes] of Object.entries(files)) await write(name, bytes);
await write("SHA256SUMS", new TextEncoder().encode(checksums(files)));

async function write(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  await Bun.write(path, bytes);
  console.log(`${path}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
}

/** Throws with what stands against a release of this tree. */
function releasable(found: Commit | null): Commit {
  if (found === null) throw new Error("no git, or no repository: nothing tells the version");
  const { id, version, tagged } = found;
  if (id.endsWith("-dirty")) throw new Error(`${id}: commit the changes first`);
  if (!tagged) return found;
  if (entryOf(CHANGELOG, version) === null) {
    throw new Error(`scripts/release/CHANGELOG.md has no entry "## ${version}"`);
  }
  const own = manifestOf(ROOT).version;
  if (own !== version) throw new Error(`package.json names ${own}, the tag ${version}`);
  return found;
}
