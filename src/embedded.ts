/**
 * What only a build can know. From source it is these values; scripts/executable.ts replaces this module
 * with one that has the version, the commit and paths of the OpenSSL libraries inside the executable.
 */

/** One shared library inside the executable. */
export interface EmbeddedLibrary {
  /** The name that other libraries ask the loader for, such as "libcrypto.so.3". */
  readonly soname: string;
  /** A path that Bun.file reads; not one for dlopen, so it must be copied out first. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A copy of the build machine's OpenSSL, for machines that have none. */
export interface EmbeddedOpenSsl {
  /** The Debian package and its version, or "unknown" where dpkg did not know the file. */
  readonly version: string;
  /** As process.arch says it. */
  readonly architecture: string;
  /** What libcrypto needs beyond glibc, in the order to load it; empty on Debian 12. */
  readonly support: readonly EmbeddedLibrary[];
  readonly crypto: EmbeddedLibrary;
  readonly ssl: EmbeddedLibrary;
}

/** By the tag that it was built from; null from source: what package.json names. */
export const BUILT_VERSION = null as string | null;
/** Short commit id, with "-dirty" when the tree had changes; null when unknown. */
export const COMMIT = null as string | null;
export const EMBEDDED_OPENSSL = null as EmbeddedOpenSsl | null;
/** A path that Bun.file reads: the notices of everything inside the executable. */
export const LICENSES = null as string | null;
