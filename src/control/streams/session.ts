import type { PublisherSession } from "./publisher-session.ts";
import type { ViewerSession } from "./viewer-session.ts";

/** One publisher or viewer. */
export type Session = PublisherSession | ViewerSession;
