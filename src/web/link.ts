/** One link of a Link header (RFC 8288 section 3). Parameter names are lower case. */
export interface WebLink {
  readonly target: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export const REL_EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events";
export const REL_LAYER = "urn:ietf:params:whep:ext:core:layer";

// <target> and then parameters; a quoted value may hold commas, semicolons and escaped quotes.
const LINK =
  /<([^>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*)/g;
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+)))?/g;

/** Parses a Link header, several joined by commas included; what is not a link is skipped. */
export function parseLinks(header: string | null): WebLink[] {
  const links: WebLink[] = [];
  for (const match of (header ?? "").matchAll(LINK)) {
    const parameters: Record<string, string> = {};
    for (const part of (match[2] ?? "").matchAll(PARAMETER)) {
      const name = (part[1] ?? "").toLowerCase();
      // RFC 8288 section 3.3: only the first "rel" counts; the same is safe for the others.
      if (name in parameters) continue;
      parameters[name] = part[2]?.replace(/\\(.)/g, "$1") ?? part[3] ?? "";
    }
    links.push({ target: match[1] ?? "", parameters });
  }
  return links;
}

/** The first link that carries this relation type (a rel value may list several). */
export function findLink(links: readonly WebLink[], rel: string): WebLink | null {
  const has = (link: WebLink) => (link.parameters.rel ?? "").split(/\s+/).includes(rel);
  return links.find(has) ?? null;
}

/** The ICE servers of `rel="ice-server"` links (RFC 9725 section 4.6). */
export function iceServersOf(links: readonly WebLink[]) {
  const servers: { urls: string; username?: string; credential?: string }[] = [];
  for (const link of links) {
    if (link.parameters.rel !== "ice-server") continue;
    const { username, credential } = link.parameters;
    const secrets = username !== undefined && credential !== undefined;
    servers.push({ urls: link.target, ...(secrets ? { username, credential } : {}) });
  }
  return servers;
}
