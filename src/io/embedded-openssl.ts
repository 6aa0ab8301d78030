/** Chooses between the system's OpenSSL and the copy inside the executable. */
import { dlopen } from "bun:ffi";
import { closeSync, writeFileSync } from "node:fs";
import { EMBEDDED_OPENSSL, type EmbeddedLibrary } from "../embedded.ts";
import { type ResolvedOpenSsl, resolveOpenSsl } from "./openssl.ts";

const MFD_CLOEXEC = 0x1;
const RTLD_NOW = 0x2;
const RTLD_GLOBAL = 0x100;

/** The OpenSSL that this process uses. Throws OpenSslUnavailable with one readable line. */
export function chooseOpenSsl(): Promise<ResolvedOpenSsl> {
  const embedded = EMBEDDED_OPENSSL;
  if (embedded === null) return resolveOpenSsl({ system: true, embedded: null });
  return resolveOpenSsl({
    system: true,
    embedded: {
      libcrypto: async () => {
        for (const library of embedded.support) keepLoaded(library.soname, await read(library));
        return read(embedded.crypto);
      },
      libssl: () => read(embedded.ssl),
    },
  });
}

/** The bytes as they were built in, checked against the recorded hash. */
async function read(library: EmbeddedLibrary): Promise<Uint8Array> {
  const bytes = await Bun.file(library.path).bytes();
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  if (hash !== library.sha256)
    throw new Error(`${library.soname} inside the executable is damaged`);
  return bytes;
}

/** Loads a library for good, so that the loader finds it by name when libcrypto asks for it. */
function keepLoaded(soname: string, bytes: Uint8Array): void {
  const libc = dlopen("libc.so.6", {
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
    dlopen: { args: ["ptr", "i32"], returns: "ptr" },
  }).symbols;
  const fd = libc.memfd_create(Buffer.from(`${soname}\0`), MFD_CLOEXEC);
  if (fd < 0) throw new Error(`no memory file for ${soname}`);
  writeFileSync(fd, bytes);
  const handle = libc.dlopen(Buffer.from(`/proc/self/fd/${fd}\0`), RTLD_NOW | RTLD_GLOBAL);
  closeSync(fd);
  if (handle === null) throw new Error(`${soname} does not load`);
}
