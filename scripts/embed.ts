/** Finds what scripts/build.ts puts into the executable beside the code. */
import { realpath } from "node:fs/promises";
import type { EmbeddedLibrary, EmbeddedOpenSsl } from "../src/embedded.ts";

/** Parts of glibc: every machine that runs the executable has them. */
const GLIBC = /^(linux-vdso|ld-linux.*|lib(c|m|dl|pthread|rt|resolv))\.so/;

/** This machine's libssl.so.3 and libcrypto.so.3; null when it has none. */
export async function findOpenSsl(): Promise<EmbeddedOpenSsl | null> {
  const ssl = await findLibrary("libssl.so.3");
  if (ssl === null) return null;
  const needed = neededBy(ssl).filter(([soname]) => !GLIBC.test(soname));
  const crypto = needed.find(([soname]) => soname === "libcrypto.so.3");
  if (crypto === undefined) return null;
  const support = needed.filter((entry) => entry !== crypto);
  return {
    version: packageOf(ssl),
    architecture: process.arch,
    support: await Promise.all(support.map(([soname, path]) => describe(soname, path))),
    crypto: await describe(...crypto),
    ssl: await describe("libssl.so.3", ssl),
  };
}

/** The source text that takes the place of src/embedded.ts. */
export function embeddedModule(commit: string | null, openssl: EmbeddedOpenSsl | null): string {
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
export const COMMIT = ${JSON.stringify(commit)};
export const EMBEDDED_OPENSSL = ${value};
`;
}

/** Short id of the checked-out commit; null outside a repository or without git. */
export function gitCommit(): string | null {
  const id = run("git", "rev-parse", "--short=10", "HEAD");
  if (id === null) return null;
  return run("git", "status", "--porcelain", "--untracked-files=no") === "" ? id : `${id}-dirty`;
}

async function findLibrary(soname: string): Promise<string | null> {
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  for (const folder of [`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/usr/lib"]) {
    const path = `${folder}/${soname}`;
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
