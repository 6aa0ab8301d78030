/** The end points of the WHEP events extension below a viewer's session URL. */
import { z } from "zod";
import { EVENT_STREAMS_PER_SESSION, JSON_BYTES_MAX } from "../../limits.ts";
import type { Announcer } from "../bus/announcer.ts";
import { EVENT_NAMES, type EventHub, type EventName } from "../bus/events.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";
import type { DoorServices } from "./admission.ts";
import { mediaType, readBody } from "./body.ts";
import type { AppContext } from "./context.ts";
import { findViewer, parseJson } from "./layers.ts";
import { notFound, problem, retryLater } from "./problem.ts";

/** What event streams are made by. */
export interface EventServices extends DoorServices {
  readonly announcer: Announcer;
  readonly events: EventHub;
}

const wanted = z.array(z.enum(EVENT_NAMES)).max(EVENT_NAMES.length * 2);

/** POST: subscribes; the body may name events, the stream stands at Location. */
export async function subscribe(c: AppContext, services: EventServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  const text = await readBody(c.req.raw, JSON_BYTES_MAX);
  if (text === null) return problem(413, "Body too large", "The body is a list of event names.");
  let names: readonly EventName[] = EVENT_NAMES;
  if (text.trim() !== "") {
    if (mediaType(c.req.raw) !== "application/json") {
      return problem(415, "Unsupported media type", "The list of events is application/json.");
    }
    const list = wanted.safeParse(parseJson(text));
    if (!list.success) {
      const detail = `The body must be a JSON array of: ${EVENT_NAMES.join(", ")}.`;
      return problem(400, "Unknown event", detail);
    }
    names = list.data;
  }
  const id = create(session, names, services);
  if (id instanceof Response) return id;
  return new Response(null, {
    status: 201,
    headers: { Location: `/session/${session.id}/events/${id}`, "Cache-Control": "no-store" },
  });
}

/** GET on the subscription's own URL. */
export async function readEvents(c: AppContext, services: EventServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  if (c.req.method === "HEAD") return eventStream(null);
  const last = lastEventId(c);
  const missed = last === null ? null : services.announcer.said(session, last);
  const body = services.events.open(session, c.req.param("stream") ?? "", false, missed);
  return body === null ? notFound("event stream") : eventStream(body);
}

/** GET on the advertised URL itself: all events, for as long as the response is read. */
export async function readAllEvents(c: AppContext, services: EventServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  // Nobody would read it, and so nobody would ever give it back.
  if (c.req.method === "HEAD") return eventStream(null);
  const id = create(session, EVENT_NAMES, services);
  if (id instanceof Response) return id;
  const last = lastEventId(c);
  const missed = last === null ? null : services.announcer.said(session, last);
  return eventStream(services.events.open(session, id, true, missed));
}

export async function unsubscribe(c: AppContext, services: EventServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  const found = services.events.destroy(session, c.req.param("stream") ?? "");
  return found ? new Response(null, { status: 200 }) : notFound("event stream");
}

/** A new stream's id. What waited for a body may find that the session has ended meanwhile. */
function create(
  session: ViewerSession,
  names: readonly EventName[],
  services: EventServices,
): string | Response {
  if (session.state === "ended") return notFound("session");
  return services.announcer.subscribe(session, names) ?? tooMany();
}

/** What the reader had last, as browsers tell when they come again (HTML standard, 9.2.4). */
export function lastEventId(c: AppContext): number | null {
  const value = c.req.header("Last-Event-ID") ?? "";
  return /^\d{1,15}$/.test(value) ? Number(value) : null;
}

export function eventStream(body: ReadableStream<Uint8Array> | null): Response {
  return new Response(body, {
    status: 200,
    headers: {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      // nginx would hold events back until its buffer is full.
      "X-Accel-Buffering": "no",
    },
  });
}

function tooMany(): Response {
  const detail = `A session has at most ${EVENT_STREAMS_PER_SESSION} event streams.`;
  return retryLater(429, 5, "Too many event streams", detail);
}
