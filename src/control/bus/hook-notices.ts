/** What the operator's hook is told, out of what happens. */
import type { StreamEvent } from "../streams/stream-event.ts";
import type { Sink } from "./bus.ts";
import type { Hook, HookNotice } from "./hook.ts";

export function tellHook(hook: Hook): Sink {
  return (event) => {
    const notice = noticeOf(event);
    if (notice !== null) hook.tell(notice);
  };
}

/** Null for what is none of its business; a session that never connected is none. */
function noticeOf(event: StreamEvent): HookNotice | null {
  if (event.type === "joined") return notice(event, ["published", "viewer-joined"], null);
  if (event.type !== "left" || !event.wasConnected) return null;
  return notice(event, ["unpublished", "viewer-left"], event.reason);
}

/** `names`: of the event by a publisher, and by a viewer. */
function notice(
  { session }: Extract<StreamEvent, { readonly type: "joined" | "left" }>,
  names: readonly [HookNotice["event"], HookNotice["event"]],
  reason: HookNotice["reason"],
): HookNotice {
  return {
    event: names[session.kind === "viewer" ? 1 : 0],
    stream: session.stream,
    session: session.publicId,
    address: session.address,
    reason,
  };
}
