/** The URIs of a playlist, which carry the token of who asked for it. */

/** Where URIs end, on lines of their own or in quotes: all are names of files, and nothing else has such ends. */
const ENDS = /\.(?:m4s|mp4|m3u8)(?=["\n])/g;

/** The playlist with `token` as a query of each URI, so that whoever follows them shows it, too. */
export function withToken(playlist: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  return playlist.replace(ENDS, (end) => end + query);
}

/** The playlist without the reports of these renditions. */
export function withoutReports(playlist: string, of: readonly { readonly uri: string }[]): string {
  return of.reduce((text, { uri }) => {
    // They stand at its end.
    const at = text.lastIndexOf(`#EXT-X-RENDITION-REPORT:URI="${uri}"`);
    return at < 0 ? text : text.slice(0, at) + text.slice(text.indexOf("\n", at) + 1);
  }, playlist);
}
