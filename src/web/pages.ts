/**
 * The web pages as the server hands them out. From source they are bundled in memory at the first
 * call; the compiled executable carries them as one embedded file that scripts/web.ts wrote.
 */
import type { PackedPages } from "./bundle.ts";

/** One file for the browser. `contentSecurityPolicy` is set on HTML pages only. */
export interface Page {
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same, gzipped: made when it is first asked for. */
  readonly gzip: () => Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** A strong entity tag, quotes included. */
  readonly etag: string;
  readonly contentSecurityPolicy: string | null;
  /** Its address has a hash of it: what is behind that never becomes another. */
  readonly isImmutable: boolean;
}

/**
 * Keys: "home", "publish", "watch", "embed", "dashboard", and asset paths such as "/assets/player.js".
 * What is immutable has a second one without the hash ("/assets/tail.js"), which is not.
 */
export interface Pages {
  get(key: string): Page | undefined;
  keys(): Iterable<string>;
}

/** Name (before the bundler's hash) of the embedded file; scripts/web.ts writes it. */
export const PACK_NAME = "spillway-web";

const HASHED = /-[0-9a-f]{16}(?=\.js$)/;

/** Loads all pages once, at start. Throws when the sources do not bundle: our own bug. */
export async function loadPages(): Promise<Pages> {
  const packed = (await readEmbedded()) ?? (await bundleNow());
  const pages = new Map<string, Page>();
  for (const [key, file] of Object.entries(packed)) {
    const body = new TextEncoder().encode(file.text);
    let gzip: Uint8Array<ArrayBuffer> | null = null;
    const page = {
      body,
      gzip: () => (gzip ??= Bun.gzipSync(body)),
      contentType: file.contentType,
      etag: `"${Bun.hash(body).toString(16).padStart(16, "0")}"`,
      contentSecurityPolicy: file.contentType.startsWith("text/html") ? policyOf(key) : null,
      isImmutable: HASHED.test(key),
    };
    pages.set(key, page);
    if (page.isImmutable) pages.set(key.replace(HASHED, ""), { ...page, isImmutable: false });
  }
  return pages;
}

/**
 * Scripts come from this server alone. media-chrome puts style elements into its shadow roots, so
 * the pages that hold the player allow inline styles; a player or publisher may be sent to
 * another node (307, or the "reconnect" event), so those pages may connect anywhere.
 */
function policyOf(key: string): string {
  const parts = ["default-src 'self'", "object-src 'none'", "base-uri 'none'"];
  parts.push("img-src 'self' data:", "form-action 'self'");
  const plays = key === "watch" || key === "embed";
  if (plays) parts.push("style-src 'self' 'unsafe-inline'");
  // A tail is played out of a Media Source, which is a blob; a list's pictures come out of blobs, too.
  if (plays || key === "home") parts.push("media-src 'self' blob:");
  if (plays || key === "publish") parts.push("connect-src 'self' http: https:");
  // A click into a transparent frame must not publish or end a session; watching is for embedding.
  if (!plays) parts.push("frame-ancestors 'none'");
  return parts.join("; ");
}

async function readEmbedded(): Promise<PackedPages | null> {
  for (const file of Bun.embeddedFiles) {
    const name = "name" in file ? String(file.name) : "";
    if (name.includes(PACK_NAME)) return JSON.parse(await file.text()) as PackedPages;
  }
  return null;
}

async function bundleNow(): Promise<PackedPages> {
  const { bundlePages } = await import("./bundle.ts");
  return await bundlePages();
}
