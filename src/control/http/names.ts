import { STREAM_NAME_LENGTH_MAX } from "../../limits.ts";

export type NameResult =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly detail: string };

/**
 * The stream name in a path below `prefix`. Segments are separated by "/" (written `%2F` it means
 * the same) and hold letters, digits and `. _ ~ @ : + = -`.
 */
export function streamName(pathname: string, prefix: string): NameResult {
  let name: string;
  try {
    name = decodeURIComponent(pathname.slice(prefix.length)).normalize("NFC");
  } catch {
    return refuse("The stream name is not valid percent-encoded UTF-8.");
  }
  if (name === "") return refuse("The path names no stream.");
  if (name.length > STREAM_NAME_LENGTH_MAX) {
    return refuse(`A stream name has at most ${STREAM_NAME_LENGTH_MAX} characters.`);
  }
  for (const segment of name.split("/")) {
    if (segment === "") return refuse("A stream name has no empty segment.");
    if (segment === "." || segment === "..") return refuse('"." and ".." are no segments.');
    if (!/^[\p{L}\p{N}\p{M}._~@:+=-]+$/u.test(segment)) {
      return refuse("A stream name holds letters, digits and . _ ~ @ : + = - / only.");
    }
  }
  return { ok: true, name };
}

function refuse(detail: string): NameResult {
  return { ok: false, detail };
}
