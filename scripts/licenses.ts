/**
 * The notices of everything inside the executable, as one text: Spillway, the npm packages that are
 * bundled into its threads and pages, Bun with what it links, and OpenSSL.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundledScripts } from "../src/web/bundle.ts";
import type { FoundOpenSsl } from "./embed.ts";

const ROOT = resolve(import.meta.dir, "..");
const RULE = "-".repeat(78);

/** What stands in a package.json, as far as it is needed here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly repository?: string | { readonly url: string };
  readonly homepage?: string;
}

/** Throws, naming the package, when one has neither a licence text nor a licence known here. */
export function licenseText(
  version: string,
  folders: readonly string[],
  openssl: FoundOpenSsl | null,
): string {
  const own = { ...manifestOf(ROOT), version };
  const parts = [
    notice("Spillway", own, readFileSync(join(ROOT, "LICENSE"), "utf8")),
    ...folders.map((folder) => packageNotice(folder)),
    bunNotice(),
    ...(openssl === null ? [] : openSslNotices(openssl)),
  ];
  return `${parts.join(`\n${RULE}\n\n`)}`;
}

/** The same of scripts for browsers alone. */
export async function scriptLicenseText(scripts: readonly string[]): Promise<string> {
  const folders = foldersOf(await inputsOf(scripts, "browser"));
  const own = notice("Spillway", manifestOf(ROOT), readFileSync(join(ROOT, "LICENSE"), "utf8"));
  return [own, ...folders.map((folder) => packageNotice(folder))].join(`\n${RULE}\n\n`);
}

/** Folders of the packages of which anything is bundled into these or the pages, sorted. */
export async function packageFolders(entrypoints: readonly string[]): Promise<readonly string[]> {
  return foldersOf([
    ...(await inputsOf(entrypoints, "bun")),
    ...(await inputsOf(bundledScripts(), "browser")),
  ]);
}

function foldersOf(inputs: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const input of inputs) {
    const match = /^(.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match !== null) found.add(resolve(ROOT, match[0]));
  }
  return [...found].sort();
}

/** Source files that the bundler takes, relative to the tree or absolute. */
async function inputsOf(
  entrypoints: readonly string[],
  target: "bun" | "browser",
): Promise<readonly string[]> {
  const result = await Bun.build({
    entrypoints: [...entrypoints],
    root: ROOT,
    target,
    metafile: true,
    throw: false,
  });
  if (!result.success) throw new Error(`the licences of what does not bundle: ${result.logs}`);
  return Object.keys(result.metafile?.inputs ?? {});
}

function packageNotice(folder: string): string {
  const manifest = manifestOf(folder);
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name));
  const own = file === undefined ? null : readFileSync(join(folder, file), "utf8");
  const extra = readdirSync(folder).find((name) => /^notice(\.|$)/i.test(name));
  const text = own ?? standardText(manifest);
  if (extra === undefined) return notice(manifest.name, manifest, text);
  return notice(
    manifest.name,
    manifest,
    `${text.trimEnd()}\n\n${readFileSync(join(folder, extra), "utf8")}`,
  );
}

/** Some packages name the MIT licence and do not carry its text. */
function standardText(manifest: Manifest): string {
  if (manifest.license !== "MIT") {
    throw new Error(`${manifest.name}: carries no text of its licence (${manifest.license})`);
  }
  const { author } = manifest;
  const holder = typeof author === "object" ? author.name : author?.replace(/\s*[<(].*$/, "");
  return `MIT License\n\nCopyright (c) ${holder ?? `the authors of ${manifest.name}`}\n\n${MIT}`;
}

/** The runtime, which is most of the executable. What it links is told by its own documentation. */
function bunNotice(): string {
  const manifest = manifestOf(join(ROOT, "node_modules/bun"));
  const types = join(ROOT, "node_modules/bun-types");
  if (manifestOf(types).version !== manifest.version) {
    throw new Error("bun and bun-types differ in version: the licences of one are not the other's");
  }
  const statement = readFileSync(join(types, "docs/project/license.mdx"), "utf8");
  const body = statement.replace(/^---\n[\s\S]*?\n---\n/, "").replaceAll(/ {2,}\|/g, " |");
  const texts = ["LGPL-2", "LGPL-2.1"].map(commonLicense);
  const source = "https://github.com/oven-sh/bun";
  return [
    notice(
      "Bun",
      { ...manifest, repository: source },
      standardText({ ...manifest, author: "Oven" }),
    ),
    body.trim().replaceAll(/-{9,}/g, "---"),
    "\nSpillway's sources and `npm run build` make this executable with any Bun of the same version.",
    ...texts.map((text) => `\n${text.trim()}`),
    "",
  ].join("\n");
}

/** A library's Debian copyright file names its holders, and refers to texts that every Debian has. */
function openSslNotices({ packages }: FoundOpenSsl): readonly string[] {
  return packages.map(({ name, version, copyright }) => {
    const title = { name, version, license: "see below" };
    const apache = "The Apache License 2.0 stands above in full, as that of Spillway.";
    return notice(`${name} (OpenSSL)`, title, `${copyright.trimEnd()}\n\n${apache}`);
  });
}

function commonLicense(name: string): string {
  const path = `/usr/share/common-licenses/${name}`;
  if (existsSync(path)) return readFileSync(path, "utf8");
  console.warn(`no text of the ${name} on this machine: the notices refer to gnu.org instead`);
  return `The text of the ${name}: https://www.gnu.org/licenses/old-licenses/`;
}

function notice(title: string, manifest: Manifest, text: string): string {
  const { version, license = "unknown", repository, homepage } = manifest;
  const url = (typeof repository === "object" ? repository.url : repository) ?? homepage;
  const source = url === undefined ? [] : [`Source: ${url.replace(/^git\+/, "")}`];
  return [`${title} ${version}`, `Licence: ${license}`, ...source, "", text.trim(), ""].join("\n");
}

/** Of the package in that folder. */
export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;
