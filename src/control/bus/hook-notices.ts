/** What the operator's hook is told, out of what happens. */
import type { Origin } from "../streams/source.ts";
import type { StreamEvent } from "../streams/stream-event.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";
import type { Sink } from "./bus.ts";
import type { Hook, HookNotice } from "./hook.ts";

export function tellHook(hook: Hook): Sink {
  return (event) => {
    const notice = noticeOf(event);
    if (notice !== null) hook.tell(notice);
  };
}

/** Null for what is none of its business. */
function noticeOf(event: StreamEvent): HookNotice | null {
  if (event.type === "published" || event.type === "unpublished") {
    const reason = event.type === "published" ? null : event.reason;
    return {
      event: event.type,
      stream: event.stream.name,
      ...whoBrings(event.source.origin),
      reason,
    };
  }
  if (event.type === "joined" && event.session.kind === "viewer") {
    return ofViewer("viewer-joined", event.session, null);
  }
  if (event.type !== "left" || event.session.kind !== "viewer") return null;
  // One that never connected has not joined.
  if (event.session.connection === null) return null;
  return ofViewer("viewer-left", event.session, event.reason);
}

function whoBrings(origin: Origin): Pick<HookNotice, "session" | "address"> {
  if (origin.kind === "link") return { session: null, address: origin.address };
  return { session: origin.session.publicId, address: origin.session.address };
}

function ofViewer(
  event: HookNotice["event"],
  { stream, publicId, address }: ViewerSession,
  reason: HookNotice["reason"],
): HookNotice {
  return { event, stream, session: publicId, address, reason };
}
