/** What an executable for another processor is made of: Bun and Debian's libraries for that one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { unpack } from "./debian.ts";
import { manifestOf } from "./licenses.ts";
import { run } from "./run.ts";

const ROOT = resolve(import.meta.dir, "..");
const DAY_MS = 86_400_000;

/** A package that was unpacked, not installed. */
export interface UnpackedPackage {
  readonly root: string;
  /** "libssl3 3.0.22-1" */
  readonly version: string;
  /** Names of the packages that it needs. */
  readonly depends: readonly string[];
}

/** The newest that Debian's archive has, below `cache`. Throws when it cannot be had. */
export function foreignPackage(
  name: string,
  architecture: Architecture,
  cache: string,
): UnpackedPackage {
  const own = join(cache, architecture);
  const options = aptOptions(architecture, own);
  const about = run(["apt-cache", ...options, "show", "--no-all-versions", name]) ?? "";
  const version = /^Version: (\S+)$/m.exec(about)?.[1];
  if (version === undefined) throw new Error(`apt knows no ${name} for ${architecture}`);
  const root = unpack(name, version, own, options);
  if (root === null) throw new Error(`${name} ${version} for ${architecture} cannot be had`);
  const list = /^Depends: (.*)$/m.exec(about)?.[1]?.split(", ") ?? [];
  const depends = list.map((each) => each.split(" ")[0]!);
  return { root, version: `${name} ${version}`, depends };
}

/** Lists of its own, so that this machine's stay as they are; read again once a day. */
function aptOptions(architecture: Architecture, folder: string): readonly string[] {
  const state = join(folder, "state");
  const status = join(state, "status");
  const { debian } = ARCHITECTURES[architecture];
  const settings = {
    "APT::Architecture": debian,
    "APT::Architectures": debian,
    "APT::Sandbox::User": "",
    "Dir::State": state,
    "Dir::State::status": status,
    "Dir::Cache": join(folder, "cache"),
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  if (existsSync(status) && Date.now() - statSync(status).mtimeMs < DAY_MS) return options;
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  mkdirSync(join(folder, "cache/archives/partial"), { recursive: true });
  // Nothing is installed there.
  writeFileSync(status, "");
  if (run(["apt-get", ...options, "update"]) === null) {
    throw new Error(`apt has no lists for ${architecture}`);
  }
  return options;
}

/** Bun's executable of the version that builds, as the lock file has it. Throws when it cannot be had. */
export function foreignBun(architecture: Architecture, cache: string): string {
  const { bun } = ARCHITECTURES[architecture];
  const { version } = manifestOf(join(ROOT, "node_modules/bun"));
  const folder = join(cache, `bun-${architecture}-${version}`);
  const path = join(folder, "package/bin/bun");
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  run(["npm", "pack", `${bun}@${version}`, "--pack-destination", folder]);
  const file = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (file === undefined) throw new Error(`${bun} ${version} cannot be had`);
  const hash = new Bun.CryptoHasher("sha512").update(readFileSync(join(folder, file)));
  if (`sha512-${hash.digest("base64")}` !== lockedIntegrity(bun)) {
    throw new Error(`${bun} ${version} is not what package-lock.json names`);
  }
  run(["tar", "--extract", "--gzip", "--file", file], folder);
  if (!existsSync(path)) throw new Error(`${bun} ${version} has no executable`);
  return path;
}

function lockedIntegrity(name: string): string | undefined {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  return lock.packages[`node_modules/${name}`]?.integrity;
}
