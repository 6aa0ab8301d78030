/**
 * What a request asks for, before anybody acts on it. A proxy's rules look at the target as it was
 * sent; a server that reads it otherwise (a backslash as a slash, `..` as the parent) lets through
 * what the rule forbade. So what can be read in two ways is refused.
 */
import { harden } from "./harden.ts";
import { problem } from "./problem.ts";

/**
 * RFC 9110 7.2, RFC 3986 3.2: a name, an IPv4 address or an IPv6 address in brackets, and perhaps a
 * port. Names with an underscore are none of the DNS, but containers have them.
 */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const HOST_LENGTH_MAX = 255 + ":65535".length;

/** The HTTP server's router tells so many segments of a path. */
export const SEGMENTS_SEEN_MAX = 100;

/** They are asked by machines with the plainest of clients, HTTP/1.0 without a Host among them. */
export function isHealthPath(path: string): boolean {
  return path === "/healthz" || path === "/readyz";
}

/** 400 for a Host header that names no host, or null. `host` is null when there is no such header. */
export function hostProblem(host: string | null): Response | null {
  const port = host === null ? null : HOST.exec(host)?.[1];
  const bad = host === null || host.length > HOST_LENGTH_MAX || !HOST.test(host);
  if (!bad && Number(port ?? 0) <= 65535 && URL.canParse(`http://${host}/`)) return null;
  const what = host === null || host === "" ? "is missing" : "is not HOST or HOST:PORT";
  return badRequest(`The Host header ${what}.`);
}

/**
 * 400 for a path that others may read otherwise, or null. `segments` are those that were sent, decoded;
 * null when some are empty. Of a longer path the first SEGMENTS_SEEN_MAX are known. `pathname` is what the URL parser made of them.
 */
export function targetProblem(
  segments: readonly string[] | null,
  pathname: string,
): Response | null {
  if (segments === null) return refuse("has an empty segment (//)");
  for (const segment of segments) {
    if (segment === "." || segment === "..") return refuse('has "." or ".." as a segment');
    if (segment.includes("\\")) return refuse("has a backslash");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    if (/[\u0000-\u001f\u007f]/.test(segment)) return refuse("has a control character");
  }
  const parsed = decoded(pathname);
  if (parsed === null) return refuse("is not valid percent-encoded UTF-8");
  const sent = `/${segments.join("/")}`;
  // One more is the longest stream name, of single letters.
  const [rest, ...more] = parsed.startsWith(`${sent}/`)
    ? parsed.slice(sent.length + 1).split("/")
    : [];
  const known = segments.length === SEGMENTS_SEEN_MAX;
  const deep = known && rest !== undefined && rest !== "" && more.length === 0;
  return parsed === sent || deep ? null : refuse("can be read in more than one way");
}

function decoded(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}

function refuse(what: string): Response {
  return badRequest(`The path of the request ${what}.`);
}

/** Hardened here: it may be sent before the app has seen the request. */
function badRequest(detail: string): Response {
  const response = problem(400, "Bad request", detail);
  harden(response.headers);
  return response;
}
