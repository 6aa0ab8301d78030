/** Stream names in addresses: a name may hold "/", every segment is percent-encoded by itself. */

/** "/watch/a/b%20c" with page "watch" -> "a/b c"; "" when the address names no stream. */
export function nameFromPath(path: string, page: string): string {
  const prefix = `/${page}/`;
  if (!path.startsWith(prefix)) return "";
  const segments = path.slice(prefix.length).split("/");
  try {
    return segments
      .map(decodeURIComponent)
      .filter((segment) => segment !== "")
      .join("/");
  } catch {
    return "";
  }
}

/** ("watch", "a/b c") -> "/watch/a/b%20c". */
export function pathOfName(page: string, name: string): string {
  const segments = name.split("/").filter((segment) => segment !== "");
  return `/${page}/${segments.map(encodeURIComponent).join("/")}`;
}
