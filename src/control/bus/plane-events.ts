import type { Logger } from "../../log.ts";
import type { PlaneEvents } from "../plane/plane.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { Registry } from "../streams/registry.ts";
import type { Tails } from "../streams/tails.ts";
import type { NoteFault } from "./faults.ts";
import type { RemarkLinks } from "./remark-links.ts";
import { about } from "./session-log.ts";

/** Whom workers report to, once they are there. */
export interface Early {
  registry: Registry | null;
  cluster: Cluster | null;
  tails: Tails | null;
  remarks: RemarkLinks | null;
}

/** What workers tell goes to the registry, what the relay worker tells to the cluster. */
export function planeEvents(
  early: Readonly<Early>,
  log: Logger,
  noteFault: NoteFault,
): PlaneEvents {
  return {
    connected: (session, path, profile, transport) =>
      early.registry?.connected(session, path, profile, transport),
    moved: (session, path, transport) => {
      const from = early.registry?.sessions.moved(session, path, transport) ?? null;
      if (from !== null) log.info("Session moved", { ...about(from.session), from: from.path });
    },
    closed: (session, reason) => early.registry?.closed(session, reason),
    firstMedia: (session, afterUs) => early.registry?.firstMedia(session, afterUs),
    layer: (session, layer) => early.registry?.layer(session, layer),
    workerRestarted: (worker, name, cause) => early.registry?.workerRestarted(worker, name, cause),
    relayStarted: () => {
      early.cluster?.relayStarted();
      early.tails?.relayStarted();
    },
    cluster: (event) => {
      if (event.type === "remarks" || event.type === "remarks-wished") early.remarks?.handle(event);
      else if (event.type === "cut" || event.type === "cuts-wished") early.tails?.hearNodes(event);
      else early.cluster?.handle(event);
    },
    packagerStarted: () => early.tails?.packagerStarted(),
    tail: (event) => early.tails?.handle(event),
    fault: (error) => noteFault("worker event", error),
  };
}
