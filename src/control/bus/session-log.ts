/** The log's lines of who came and who went. */
import type { Logger } from "../../log.ts";
import type { Session } from "../streams/session.ts";
import type { Sink } from "./bus.ts";

export function logSessions(log: Logger): Sink {
  return (event) => {
    if (event.type === "joined") {
      const viewer = event.session.kind === "viewer";
      log.info(viewer ? "Viewer joined" : "Publisher connected", about(event.session));
    } else if (event.type === "left") {
      const viewer = event.session.kind === "viewer";
      const { reason } = event;
      log.info(viewer ? "Viewer left" : "Publisher gone", { ...about(event.session), reason });
    } else if (event.type === "published" || event.type === "unpublished") {
      const { stream, source } = event;
      // Of a publisher its session has told.
      if (source.origin.kind === "session") return;
      const link = { stream: stream.name, address: source.origin.address };
      if (event.type === "published") log.info("Link connected", link);
      else log.info("Link gone", { ...link, reason: event.reason });
    }
  };
}

/** A session in the log: enough to find it in the API and at its worker. */
export function about(session: Session): Record<string, string | null> {
  return {
    stream: session.stream,
    session: session.publicId,
    worker: session.workerName,
    path: session.connection?.path ?? null,
    transport: session.connection?.transport ?? null,
  };
}
