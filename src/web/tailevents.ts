/** What is said of a stream as its playlists tell it: cues and captions, as EXT-X-DATERANGE. */
import type { LevelDetails } from "hls.js";
import { readStreamEvent, type StreamEvent } from "./streamevent.ts";

const CLASS = "spillway.";

export function eventsIn({ dateRanges }: Pick<LevelDetails, "dateRanges">): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (const range of Object.values(dateRanges)) {
    if (!range?.class.startsWith(CLASS)) continue;
    const event = readStreamEvent(textOf(range.attr["X-DATA"] ?? ""));
    if (event !== null) events.push(event);
  }
  return events;
}

/** Base64url of UTF-8; "" for what is none. */
function textOf(data: string): string {
  try {
    const bytes = atob(data.replace(/-/g, "+").replace(/_/g, "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, (sign) => sign.charCodeAt(0)));
  } catch {
    return "";
  }
}
