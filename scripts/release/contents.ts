/** What is downloaded for one architecture. */
import { join, resolve } from "node:path";
import { systemdUnit } from "../../src/cli/unit.ts";
import type { Architecture } from "../architecture.ts";
import { makeExecutable } from "../executable.ts";
import { manifestOf } from "../licenses.ts";
import type { Commit } from "../version.ts";
import { tarball, textFile } from "./archive.ts";
import { CHANGELOG } from "./changelog.ts";
import { deb, debName } from "./deb.ts";
import { sbom } from "./sbom.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** Tarball, package and list of what is inside, by name. */
export async function downloadsFor(
  architecture: Architecture,
  { version, time }: Commit,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const made = await makeExecutable(
    resolve(".cache/release", architecture, "spillway"),
    architecture,
  );
  const executable = await Bun.file(made.path).bytes();
  const { openssl, licenses } = made;
  const { license = "unknown" } = manifestOf(ROOT);
  const packages = made.packages.map(manifestOf);
  const common = { version, architecture, executable, time };
  const bill = sbom({ ...common, license, packages, openssl });
  const documents = {
    "README.md": await textOf("README.md"),
    "CHANGELOG.md": CHANGELOG,
    "sbom.cdx.json": bill,
  };
  const packed = { ...common, documents, licenses };
  const name = `spillway-${version}-linux-${architecture}`;
  const texts = { ...documents, ...(await moreTexts(licenses)) };
  const files = [
    { path: `${name}/spillway`, bytes: executable, mode: 0o755 },
    ...Object.entries(texts).map(([file, text]) => textFile(`${name}/${file}`, text)),
  ];
  return {
    [`${name}.tar.gz`]: tarball(files, time),
    [`${name}.cdx.json`]: new TextEncoder().encode(bill),
    [debName(packed)]: deb(packed),
  };
}

/** What only the tarball has. */
async function moreTexts(licenses: string): Promise<Readonly<Record<string, string>>> {
  return {
    LICENSE: await textOf("LICENSE"),
    "LICENSES.txt": licenses,
    "spillway.service": systemdUnit("/usr/local/bin/spillway", false),
    Containerfile: await textOf("scripts/release/Containerfile"),
    "root.sh": await textOf("scripts/release/root.sh"),
  };
}

function textOf(path: string): Promise<string> {
  return Bun.file(join(ROOT, path)).text();
}
