/** The URIs of a playlist, which carry the token of who asked for it. */

/** Lines that are URIs, and quoted ones of tags. */
const URIS = /^[^#\s].*$|(?<=URI=")[^"]+/gm;

/** The playlist with `token` as a query of each URI, so that whoever follows them shows it, too. */
export function withToken(playlist: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  return playlist.replace(URIS, (uri) => uri + query);
}
