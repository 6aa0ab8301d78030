/**
 * Finds OpenSSL (libcrypto and libssl, 3.0 or newer) and binds it. Control decides once which copy
 * is used (`resolveOpenSsl`) and passes `where` to its workers, each of which binds it for itself
 * (`openOpenSsl`).
 *
 * The system's copy is preferred, since it gets security updates; the embedded one is loaded from
 * memory (memfd), so that nothing is written to disk where /proc is mounted.
 */
import { type ConvertFns, dlopen } from "bun:ffi";
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { CRYPTO_SYMBOLS, MEMFD_SYMBOLS, SSL_SYMBOLS } from "./openssl-symbols.ts";
import { regionOf } from "./pinned.ts";

export interface OpenSsl {
  readonly crypto: ConvertFns<typeof CRYPTO_SYMBOLS>;
  readonly ssl: ConvertFns<typeof SSL_SYMBOLS>;
  /** "OpenSSL 3.0.19 27 Jan 2026" */
  readonly version: string;
}

/** The libraries' bytes, produced when needed: only when the system's copy is not used. */
export interface EmbeddedOpenSsl {
  readonly libcrypto: () => Promise<Uint8Array> | Uint8Array;
  readonly libssl: () => Promise<Uint8Array> | Uint8Array;
}

export interface OpenSslSource {
  /** Try the system's libraries first. */
  readonly system: boolean;
  readonly embedded: EmbeddedOpenSsl | null;
}

export interface ResolvedOpenSsl {
  /** For `openOpenSsl` and WorkerSetup.openssl: "system" or "libcrypto path:libssl path". */
  readonly where: string;
  readonly version: string;
  readonly origin: "system" | "embedded";
}

export class OpenSslUnavailable extends Error {
  override readonly name = "OpenSslUnavailable";
}

const SYSTEM = "system";
const VERSION_MIN = 0x30000000n;
/** No configuration file: a host's openssl.cnf must not change what a session negotiates. */
const INIT_NO_LOAD_CONFIG = 0x80n;
/** No exit handler: worker threads may still be inside OpenSSL when the process exits. */
const INIT_NO_ATEXIT = 0x80000n;
const MFD_CLOEXEC = 0x1;
const MFD_EXEC = 0x10;

const opened = new Map<string, OpenSsl>();

/**
 * Chooses and loads a copy. Must be called by a thread that lives as long as the process: the
 * embedded copy stays open here. Throws OpenSslUnavailable with one readable line.
 */
export async function resolveOpenSsl(source: OpenSslSource): Promise<ResolvedOpenSsl> {
  const problems: string[] = [];
  if (source.system) {
    try {
      return { where: SYSTEM, version: openOpenSsl(SYSTEM).version, origin: "system" };
    } catch (error) {
      problems.push(`the system's: ${messageOf(error)}`);
    }
  }
  if (source.embedded !== null) {
    try {
      const where = await extract(source.embedded);
      return { where, version: openOpenSsl(where).version, origin: "embedded" };
    } catch (error) {
      problems.push(`the embedded copy: ${messageOf(error)}`);
    }
  }
  const tried = problems.length === 0 ? "no copy was offered" : problems.join("; ");
  throw new OpenSslUnavailable(
    `No usable OpenSSL 3 (${tried}). Install libssl3, for example: apt-get install libssl3`,
  );
}

/** Binds the copy at `where` for this thread; the same object each time. Throws if it cannot. */
export function openOpenSsl(where: string): OpenSsl {
  const known = opened.get(where);
  if (known !== undefined) return known;
  const [libcrypto, libssl] = pathsOf(where);
  // The system's libssl brings its own libcrypto; without it, no libcrypto may stay loaded, or an
  // embedded libssl would be bound to that one. An embedded libssl asks for libcrypto by SONAME and
  // must find it loaded.
  if (where === SYSTEM) dlopen(libssl, SSL_SYMBOLS);
  const crypto = dlopen(libcrypto, CRYPTO_SYMBOLS).symbols;
  const number = crypto.OpenSSL_version_num();
  const version = String(crypto.OpenSSL_version(0));
  if (number < VERSION_MIN) throw new OpenSslUnavailable(`${version} is older than 3.0`);
  const ssl = dlopen(libssl, SSL_SYMBOLS).symbols;
  if (crypto.OPENSSL_init_crypto(INIT_NO_LOAD_CONFIG | INIT_NO_ATEXIT, null) !== 1) {
    throw new OpenSslUnavailable(`${version}: OPENSSL_init_crypto failed`);
  }
  if (ssl.OPENSSL_init_ssl(INIT_NO_LOAD_CONFIG | INIT_NO_ATEXIT, null) !== 1) {
    throw new OpenSslUnavailable(`${version}: OPENSSL_init_ssl failed`);
  }
  const openSsl = { crypto, ssl, version };
  opened.set(where, openSsl);
  return openSsl;
}

/** The oldest entry of this thread's error queue in words, or "" when it is empty. Empties it. */
export function takeOpenSslError(openSsl: OpenSsl): string {
  const code = openSsl.crypto.ERR_get_error();
  if (code === 0n) return "";
  const text = new Uint8Array(256);
  openSsl.crypto.ERR_error_string_n(code, text, text.length);
  openSsl.crypto.ERR_clear_error();
  return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
}

function pathsOf(where: string): [string, string] {
  if (where === SYSTEM) return ["libcrypto.so.3", "libssl.so.3"];
  const colon = where.indexOf(":");
  if (colon === -1) throw new OpenSslUnavailable(`"${where}" names no pair of libraries`);
  return [where.slice(0, colon), where.slice(colon + 1)];
}

/** Makes the embedded libraries loadable and returns their `where`. */
async function extract(embedded: EmbeddedOpenSsl): Promise<string> {
  const libcrypto = await embedded.libcrypto();
  const libssl = await embedded.libssl();
  try {
    return extractToMemory(libcrypto, libssl);
  } catch {
    // No /proc, no memfd, or the host forbids executable memory files.
    return extractToFolder(libcrypto, libssl);
  }
}

/** The descriptors stay open: other threads open the same inode through /proc and share it. */
function extractToMemory(libcrypto: Uint8Array, libssl: Uint8Array): string {
  const fds: number[] = [];
  try {
    fds.push(writeMemoryFile("libcrypto.so.3", libcrypto));
    fds.push(writeMemoryFile("libssl.so.3", libssl));
    const where = fds.map((fd) => `/proc/self/fd/${fd}`).join(":");
    openOpenSsl(where);
    return where;
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}

function writeMemoryFile(name: string, bytes: Uint8Array): number {
  const libc = dlopen("libc.so.6", MEMFD_SYMBOLS).symbols;
  const label = regionOf(new TextEncoder().encode(`${name}\0`)).bytes;
  // Before Linux 6.3 MFD_EXEC is an unknown flag, and executable is the default.
  let fd = libc.memfd_create(label, MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0) fd = libc.memfd_create(label, MFD_CLOEXEC);
  if (fd < 0) throw new Error("memfd_create failed");
  writeFileSync(fd, bytes);
  return fd;
}

/** A folder that only we can read. The loader keeps the libraries by name once they are open. */
function extractToFolder(libcrypto: Uint8Array, libssl: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "spillway-openssl-"));
  const paths = [join(folder, "libcrypto.so.3"), join(folder, "libssl.so.3")];
  writeFileSync(paths[0]!, libcrypto, { mode: 0o500 });
  writeFileSync(paths[1]!, libssl, { mode: 0o500 });
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const where = paths.join(":");
  openOpenSsl(where);
  return where;
}
