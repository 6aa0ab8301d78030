import type { MediaPlane } from "../plane/plane.ts";
import type { Stream } from "./stream.ts";
import type { Publish } from "./stream-event.ts";

/**
 * A publisher whose sources have all said BYE (RFC 3550 6.6) keeps its session until its ICE consent
 * ends, but its stream is not live: nothing comes of it. Looks for those, and
 * publishes what it finds; call a few times a second.
 */
export function lookForQuiet(streams: Iterable<Stream>, plane: MediaPlane, publish: Publish): void {
  for (const stream of streams) {
    const { source } = stream;
    if (source === null) continue;
    const before = source.quiet;
    source.quiet = source.hasLeft(plane);
    if (source.quiet === before) continue;
    if (before) publish({ type: "active", stream });
    else publish({ type: "inactive", stream, source, reason: null });
  }
}
