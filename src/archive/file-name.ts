/** HASH-TIME-RENDITION.mp4: whose, from when (UTC, to the millisecond), and of which layer. */

const PATTERN = /^[0-9a-f]{16}-\d{8}T\d{9}Z-\d{1,2}\.mp4$/;

/** Of a stream's name: that may hold what no file's name can. */
export function hashOf(stream: string): string {
  return new Bun.CryptoHasher("sha256").update(stream).digest("hex").slice(0, 16);
}

/** `wallMs`: since 1970. */
export function fileName(hash: string, wallMs: number, rendition: number): string {
  const time = new Date(wallMs).toISOString().replace(/[-:.]/g, "");
  return `${hash}-${time}-${rendition}.mp4`;
}

/** It was written by this server, or another one. */
export function isFileName(name: string): boolean {
  return PATTERN.test(name);
}
