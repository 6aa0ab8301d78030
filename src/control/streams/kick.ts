/** Ends sessions because somebody who may says so. */
import type { Logger } from "../../log.ts";
import type { Registry } from "./registry.ts";

interface KickGround {
  readonly registry: Registry;
  readonly log: Logger;
}

/** How many sessions were ended. */
export interface Kicked {
  readonly publishers: number;
  readonly viewers: number;
}

/** A session by its public id; null when there is none. `by`: the node that was asked for it. */
export function kickSession({ registry, log }: KickGround, id: string, by = ""): Kicked | null {
  const session = registry.sessions.byPublicId(id);
  if (session === null) return null;
  const { publicId, stream, kind } = session;
  log.info("Session kicked", { session: publicId, stream, ...(by === "" ? {} : { by }) });
  registry.end(session, "kicked");
  return kind === "publisher" ? { publishers: 1, viewers: 0 } : { publishers: 0, viewers: 1 };
}

/** All sessions of a stream that are here. */
export function kickStream(ground: KickGround, name: string, by = ""): Kicked {
  const { registry } = ground;
  const kicked = { publishers: 0, viewers: 0 };
  const stream = registry.streams.get(name);
  if (stream === undefined) return kicked;
  // Those who bring it first: a viewer that comes back at once finds nothing.
  const sessions = [stream.standby, stream.publisher, stream.candidate, ...stream.viewers];
  for (const session of sessions) {
    const one = session === null ? null : kickSession(ground, session.publicId, by);
    kicked.publishers += one?.publishers ?? 0;
    kicked.viewers += one?.viewers ?? 0;
  }
  return kicked;
}
