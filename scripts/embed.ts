/** Finds what scripts/executable.ts puts in beside the code. */
import { existsSync, readFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { relative, resolve } from "node:path";
import type { EmbeddedLibrary, EmbeddedOpenSsl } from "../src/embedded.ts";
import { ARCHITECTURES, type Architecture, OWN_ARCHITECTURE } from "./architecture.ts";
import { newerPackage } from "./debian.ts";
import { foreignPackage } from "./foreign.ts";
import { run } from "./run.ts";

const ROOT = resolve(import.meta.dir, "..");

/** OpenSSL to embed, and whose it is. */
export interface FoundOpenSsl extends EmbeddedOpenSsl {
  /** The packages that its libraries come from. */
  readonly packages: readonly DebianPackage[];
}

/** What the executable is called. */
export interface Build {
  readonly version: string;
  readonly commit: string | null;
}

interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Text of its copyright file, or a word that there is none. */
  readonly copyright: string;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in.
const VERSION_FORMAT = "--showformat=${Package} ${Version}";

/** Parts of glibc: every machine that runs the executable has them. */
const GLIBC = /^(linux-vdso|ld-linux.*|lib(c|m|dl|pthread|rt|resolv))\.so/;

/**
 * libssl.so.3 and libcrypto.so.3, of this machine or newer ones of Debian's archive, which are
 * unpacked below `cache`; null when the machine has none. For another processor they are the archive's.
 */
export async function findOpenSsl(
  architecture: Architecture,
  cache: string,
): Promise<FoundOpenSsl | null> {
  if (architecture !== OWN_ARCHITECTURE) return foreignOpenSsl(architecture, cache);
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
    architecture,
    support: await Promise.all(support.map(([soname, path]) => describe(soname, path))),
    crypto: await describe("libcrypto.so.3", crypto),
    ssl: await describe("libssl.so.3", ssl),
    packages: [
      debianPackage(version, root),
      ...support.map(([, path]) => debianPackage(packageOf(path), "")),
    ],
  };
}

/** Of the package that this machine has its own from. */
async function foreignOpenSsl(architecture: Architecture, cache: string): Promise<FoundOpenSsl> {
  const installed = await findLibrary("libssl.so.3");
  const name = installed === null ? "libssl3" : packageOf(installed).split(" ")[0]!;
  const { root, version, depends } = foreignPackage(name, architecture, cache);
  const more = depends.filter((each) => each !== "libc6");
  const crypto = await findLibrary("libcrypto.so.3", root, architecture);
  const ssl = await findLibrary("libssl.so.3", root, architecture);
  if (more.length > 0 || crypto === null || ssl === null) {
    throw new Error(`${version} does not stand alone on ${architecture}: ${more.join(", ")}`);
  }
  return {
    version,
    architecture,
    support: [],
    crypto: await describe("libcrypto.so.3", crypto),
    ssl: await describe("libssl.so.3", ssl),
    packages: [debianPackage(version, root)],
  };
}

/** The source text that takes the place of src/embedded.ts. */
export function embeddedModule(
  { version, commit }: Build,
  openssl: EmbeddedOpenSsl | null,
  licenses: string,
): string {
  const imports: string[] = [];
  const literal = (library: EmbeddedLibrary) => {
    const name = `library${imports.length}`;
    imports.push(`import ${name} from ${specifier(library.path)} with { type: "file" };`);
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
import licenses from ${specifier(licenses)} with { type: "file" };
export const BUILT_VERSION = ${JSON.stringify(version)};
export const COMMIT = ${JSON.stringify(commit)};
export const EMBEDDED_OPENSSL = ${value};
export const LICENSES = licenses;
`;
}

/** What is in the tree is named from src, so that the bytes are the same wherever the tree stands. */
function specifier(path: string): string {
  const inside = relative(ROOT, path);
  return JSON.stringify(inside.startsWith("..") ? path : `../${inside}`);
}

async function findLibrary(
  soname: string,
  root = "",
  architecture = OWN_ARCHITECTURE,
): Promise<string | null> {
  const { triplet } = ARCHITECTURES[architecture];
  for (const folder of [`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/usr/lib"]) {
    const path = `${root}${folder}/${soname}`;
    if (await Bun.file(path).exists()) return realpath(path);
  }
  return null;
}

/** Soname and path of all that the loader would load, as ldd prints it: "name => path (0x..)". */
function neededBy(path: string): [soname: string, path: string][] {
  const lines = (run(["ldd", path]) ?? "").split("\n");
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
    const owner = run(["dpkg-query", "--search", known])?.split(": ")[0];
    if (owner) return run(["dpkg-query", "--show", VERSION_FORMAT, owner]) ?? owner;
  }
  return "unknown";
}
