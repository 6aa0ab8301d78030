/** Finds what scripts/build.ts puts into the executable beside the code. */
import { existsSync, readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import type { EmbeddedLibrary, EmbeddedOpenSsl } from "../src/embedded.ts";
import { newerPackage } from "./debian.ts";

/** OpenSSL to embed, and whose it is. */
export interface FoundOpenSsl extends EmbeddedOpenSsl {
  /** The packages that its libraries come from. */
  readonly packages: readonly DebianPackage[];
}

interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Text of its copyright file, or a word that there is none. */
  readonly copyright: string;
}

/** Parts of glibc: every machine that runs the executable has them. */
const GLIBC = /^(linux-vdso|ld-linux.*|lib(c|m|dl|pthread|rt|resolv))\.so/;

/**
 * libssl.so.3 and libcrypto.so.3, of this machine or newer ones of Debian's archive, which are
 * unpacked below `cache`; null when the machine has none.
 */
export async function findOpenSsl(cache: string): Promise<FoundOpenSsl | null> {
  const installed = await findLibrary("libssl.so.3");
  if (installed === null) return null;
  const own = packageOf(installed);
  const newer = newerPackage(own.split(" ")[0]!, cache);
  const root = newer?.root ?? "";
  const ssl = (await findLibrary("libssl.so.3", root)) ?? installed;
  const needed = neededBy(ssl).filter(([soname]) => !GLIBC.test(soname));
  const systemCrypto = needed.find(([soname]) => soname === "libcrypto.so.3");
  if (systemCrypto === undefined) return null;
  const crypto = (await findLibrary("libcrypto.so.3", root)) ?? systemCrypto[1];
  const support = needed.filter((entry) => entry !== systemCrypto);
  const version = newer?.version ?? own;
  return {
    version,
    architecture: process.arch,
    support: await Promise.all(support.map(([soname, path]) => describe(soname, path))),
    crypto: await describe("libcrypto.so.3", crypto),
    ssl: await describe("libssl.so.3", ssl),
    packages: [
      debianPackage(version, root),
      ...support.map(([, path]) => debianPackage(packageOf(path), "")),
    ],
  };
}

/** The source text that takes the place of src/embedded.ts. */
export function embeddedModule(
  commit: string | null,
  openssl: EmbeddedOpenSsl | null,
  licenses: string,
): string {
  const imports: string[] = [];
  const literal = (library: EmbeddedLibrary) => {
    const name = `library${imports.length}`;
    imports.push(`import ${name} from ${JSON.stringify(library.path)} with { type: "file" };`);
    const { soname, sha256 } = library;
    return `{ soname: ${JSON.stringify(soname)}, path: ${name}, sha256: "${sha256}" }`;
  };
  const value =
    openssl === null
      ? "null"
      : `{ version: ${JSON.stringify(openssl.version)}, architecture: "${openssl.architecture}",
  support: [${openssl.support.map(literal).join(", ")}],
  crypto: ${literal(openssl.crypto)}, ssl: ${literal(openssl.ssl)} }`;
  return `${imports.join("\n")}
import licenses from ${JSON.stringify(licenses)} with { type: "file" };
export const COMMIT = ${JSON.stringify(commit)};
export const EMBEDDED_OPENSSL = ${value};
export const LICENSES = licenses;
`;
}

/** Short id of the checked-out commit; null outside a repository or without git. */
export function gitCommit(): string | null {
  const id = run("git", "rev-parse", "--short=10", "HEAD");
  if (id === null) return null;
  return run("git", "status", "--porcelain", "--untracked-files=no") === "" ? id : `${id}-dirty`;
}

async function findLibrary(soname: string, root = ""): Promise<string | null> {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  for (const folder of [`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/usr/lib"]) {
    const path = `${root}${folder}/${soname}`;
    if (await Bun.file(path).exists()) return realpath(path);
  }
  return null;
}

/** Soname and path of all that the loader would load, as ldd prints it: "name => path (0x..)". */
function neededBy(path: string): [soname: string, path: string][] {
  const lines = (run("ldd", path) ?? "").split("\n");
  return lines.flatMap((line): [string, string][] => {
    const match = /^\s*(\S+) => (\/\S+)/.exec(line);
    return match ? [[match[1]!, match[2]!]] : [];
  });
}

/** `version`: "libssl3 3.0.22-1". */
function debianPackage(version: string, root: string): DebianPackage {
  const [name = "", number = ""] = version.split(" ");
  const file = `${root}/usr/share/doc/${name}/copyright`;
  const copyright = existsSync(file) ? readFileSync(file, "utf8") : "No copyright file was found.";
  return { name, version: number, copyright };
}

async function describe(soname: string, path: string): Promise<EmbeddedLibrary> {
  const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(path).arrayBuffer());
  return { soname, path: await realpath(path), sha256: hash.digest("hex") };
}

/** Debian package and version of a file. Merged /usr: dpkg may know it under /lib alone. */
function packageOf(path: string): string {
  for (const known of [path, path.replace(/^\/usr/, "")]) {
    const owner = run("dpkg-query", "--search", known)?.split(": ")[0];
    if (owner)
      return run("dpkg-query", "--show", `--showformat=\${Package} \${Version}`, owner) ?? owner;
  }
  return "unknown";
}

function run(command: string, ...args: string[]): string | null {
  if (Bun.which(command) === null) return null;
  const result = Bun.spawnSync([command, ...args], { stdout: "pipe", stderr: "ignore" });
  return result.success ? result.stdout.toString().trim() : null;
}
