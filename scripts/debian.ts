/**
 * Packages of Debian's archive, unpacked and not installed: a build machine that was not upgraded must
 * not put an old OpenSSL into the executable.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

const LISTS = "/var/lib/apt/lists";
const DAY_MS = 86_400_000;
const UPDATE_SECONDS = 60;

/** What `apt-cache policy` says of one package. */
export interface Policy {
  readonly installed: string;
  readonly candidate: string;
}

/** Reads the answer of `apt-cache policy NAME` in the C locale; null when it names no version. */
export function readPolicy(text: string): Policy | null {
  const installed = /^\s*Installed: (\S+)$/m.exec(text)?.[1];
  const candidate = /^\s*Candidate: (\S+)$/m.exec(text)?.[1];
  if (installed === undefined || candidate === undefined) return null;
  return installed === "(none)" || candidate === "(none)" ? null : { installed, candidate };
}

/**
 * Root of an unpacked package newer than the installed one; null when the installed one is the
 * newest, or where nothing can be learned: then a warning says that the copy may be behind.
 */
export function newerPackage(
  name: string,
  cache: string,
): { root: string; version: string } | null {
  if (Bun.which("apt-cache") === null || Bun.which("dpkg-deb") === null) return null;
  mkdirSync(cache, { recursive: true });
  refreshLists(cache);
  const policy = readPolicy(run(["apt-cache", "policy", name]) ?? "");
  if (policy === null) return null;
  const { installed, candidate } = policy;
  if (run(["dpkg", "--compare-versions", candidate, "gt", installed]) === null) return null;
  const root = unpack(name, candidate, cache);
  if (root !== null) return { root, version: `${name} ${candidate}` };
  console.warn(`${name} ${candidate} cannot be had: the executable gets ${installed}`);
  return null;
}

/** Root of that version of a package, below `cache`; null when it cannot be had. `options`: for apt. */
export function unpack(
  name: string,
  version: string,
  cache: string,
  options: readonly string[] = [],
): string | null {
  const folder = join(cache, `${name}_${version.replaceAll(/[^\w.+~-]/g, "_")}`);
  const root = join(folder, "root");
  if (existsSync(root)) return root;
  mkdirSync(folder, { recursive: true });
  run(["apt-get", ...options, "download", `${name}=${version}`], folder);
  const file = readdirSync(folder).find((each) => each.endsWith(".deb"));
  if (file === undefined) return null;
  return run(["dpkg-deb", "--extract", file, "root"], folder) === null ? null : root;
}

/** As root once a day; others are told when it was long ago. */
function refreshLists(cache: string): void {
  const looked = join(cache, "looked");
  const times = [LISTS, looked].map((path) => (existsSync(path) ? statSync(path).mtimeMs : 0));
  const age = Date.now() - Math.max(...times);
  if (age < DAY_MS && readdirSync(LISTS).some((name) => name.endsWith("Release"))) return;
  const update = ["timeout", String(UPDATE_SECONDS), "apt-get", "update", "--quiet"];
  if (process.getuid?.() === 0 && run(update) !== null) writeFileSync(looked, "");
  else console.warn("apt's lists are old: OpenSSL inside may be behind Debian's (apt-get update)");
}
