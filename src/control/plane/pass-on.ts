import type { WorkerEvent } from "../../contract/messages.ts";
import type { TailEvent } from "../../contract/tail.ts";
import type { PlaneEvents } from "./plane.ts";

/** What a worker tells that is for control, and not for the plane itself. */
type ToldControl = Exclude<
  WorkerEvent,
  { readonly type: "stats" | "ready" | "source-changed" | "connection-over" | "log" }
>;

function isOfTail(event: ToldControl): event is TailEvent {
  return event.type.startsWith("tail-");
}

/** Tells control what a worker has told. */
export function passOn(event: ToldControl, events: PlaneEvents): void {
  if (event.type === "connected") {
    events.connected(event.session, event.path, event.srtpProfile, event.transport);
  } else if (event.type === "moved") events.moved(event.session, event.path, event.transport);
  else if (event.type === "closed") events.closed(event.session, event.reason);
  else if (event.type === "first-media") events.firstMedia(event.session, event.afterUs);
  else if (event.type === "layer") events.layer(event.session, event.layer);
  else if (isOfTail(event)) events.tail(event);
  else events.cluster(event);
}
