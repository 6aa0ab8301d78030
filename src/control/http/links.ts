import type { IceServer } from "../../config.ts";
import { EVENT_NAMES } from "../bus/events.ts";

const EXTENSIONS = "urn:ietf:params:whep:ext:core";

/** One Link value a URL, in exactly RFC 9725 4.6's order: clients match it by pattern. */
export function iceServerLinks(servers: readonly IceServer[]): readonly string[] {
  return servers.flatMap((server) =>
    server.urls.map((url) => {
      let link = `<${url}>; rel="ice-server"`;
      if (server.username !== undefined) link += `; username=${quoted(server.username)}`;
      if (server.credential !== undefined) {
        link += `; credential=${quoted(server.credential)}; credential-type="password"`;
      }
      return link;
    }),
  );
}

/** The two WHEP extensions of a viewer session, advertised in its 201 only. */
export function extensionLinks(sessionPath: string): readonly string[] {
  const events = EVENT_NAMES.join(",");
  return [
    `<${sessionPath}/events>; rel="${EXTENSIONS}:server-sent-events"; events="${events}"`,
    `<${sessionPath}/layer>; rel="${EXTENSIONS}:layer"`,
  ];
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
