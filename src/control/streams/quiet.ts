import type { MediaPlane } from "../plane/plane.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";
import type { Publish } from "./stream-event.ts";

/**
 * A publisher whose sources have all said BYE (RFC 3550 6.6) keeps its session until its ICE consent
 * ends, but its stream is not live: nothing comes of it. Looks for those, and
 * publishes what it finds; call a few times a second.
 */
export function lookForQuiet(streams: Iterable<Stream>, plane: MediaPlane, publish: Publish): void {
  for (const stream of streams) {
    const before = stream.isQuiet;
    const { publisher } = stream;
    stream.quiet = publisher !== null && hasLeft(publisher, plane) ? publisher : null;
    if (stream.isQuiet === before || publisher === null) continue;
    publish({ type: before ? "active" : "inactive", stream });
  }
}

/** Some of its sources have left, and no other sends. */
function hasLeft(publisher: Session, plane: MediaPlane): boolean {
  let left = false;
  for (const ring of publisher.lease?.rings.flat() ?? []) {
    const { packets, inactive } = plane.describeRing(ring);
    if (inactive) left = true;
    else if (packets > 0) return false;
  }
  return left;
}
