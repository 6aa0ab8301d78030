/** A body is what its type says, and nothing but the watch page shows inside other sites. */
export function harden(headers: Headers): void {
  headers.set("X-Content-Type-Options", "nosniff");
  if (headers.has("Content-Security-Policy")) return;
  headers.set("Content-Security-Policy", "frame-ancestors 'none'");
}
