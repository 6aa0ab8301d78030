/** SHA256SUMS as `sha256sum --check` reads it. */

/** Lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** A line a file, sorted by name. */
export function checksums(files: Readonly<Record<string, Uint8Array>>): string {
  const names = Object.keys(files).toSorted();
  return names.map((name) => `${sha256(files[name]!)}  ${name}\n`).join("");
}
