/** Turns what happens to streams into events for the players that listen. */
import type { CloseReason } from "../commands.ts";
import type { EventHub, EventName } from "./events.ts";
import type { MediaPlane } from "./plane.ts";
import type { Session } from "./session.ts";
import type { Stream } from "./stream.ts";

/** Ends after which the player should simply POST again. */
const RECONNECT: ReadonlySet<CloseReason> = new Set(["codec-changed", "worker-lost", "shutdown"]);

/** What was last told of a stream, so that only changes are told again. */
interface Told {
  viewers: number;
  layers: string;
}

export class Announcer {
  readonly #plane: MediaPlane;
  readonly #told = new WeakMap<Stream, Told>();

  constructor(plane: MediaPlane) {
    this.#plane = plane;
  }

  /** `active` is also sent at start if live; `inactive` never is (WHEP events extension). */
  initial(session: Session): readonly { name: EventName; data: unknown }[] {
    const stream = session.stream;
    const count = { name: "viewercount" as const, data: { viewercount: stream.viewers.size } };
    if (stream.publisher === null) return [count];
    return [
      { name: "active", data: {} },
      { name: "layers", data: layersOf(session, this.#plane) },
      count,
    ];
  }

  active(stream: Stream, hub: EventHub): void {
    for (const viewer of stream.viewers) hub.send(viewer, "active", {});
  }

  inactive(stream: Stream, hub: EventHub): void {
    for (const viewer of stream.viewers) hub.send(viewer, "inactive", {});
  }

  left(session: Session, reason: CloseReason, hub: EventHub): void {
    if (RECONNECT.has(reason)) this.reconnect(session, hub);
    hub.destroySession(session);
  }

  reconnect(session: Session, hub: EventHub): void {
    const name = session.stream.name.split("/").map(encodeURIComponent).join("/");
    hub.send(session, "reconnect", { url: `${session.origin}/whep/${name}` });
  }

  /** Once a second: counts and layers of streams where they changed. */
  tick(hub: EventHub): void {
    const streams = new Set<Stream>();
    for (const session of hub.listening()) streams.add(session.stream);
    for (const stream of streams) this.#announceChanges(stream, hub);
  }

  #announceChanges(stream: Stream, hub: EventHub): void {
    const told = this.#told.get(stream) ?? { viewers: -1, layers: "" };
    this.#told.set(stream, told);
    const viewers = stream.viewers.size;
    // The key is without bit rates, which change all the time.
    const layers = JSON.stringify([
      stream.epoch,
      stream.publisher && layersIn(stream, this.#plane),
    ]);
    for (const viewer of stream.viewers) {
      if (viewers !== told.viewers) hub.send(viewer, "viewercount", { viewercount: viewers });
      if (layers !== told.layers && stream.publisher !== null) {
        hub.send(viewer, "layers", layersOf(viewer, this.#plane));
      }
    }
    told.viewers = viewers;
    told.layers = layers;
  }
}

/** One layer as X08 has it: `rid` with simulcast, else the one spatial layer 0. */
export interface Layer {
  readonly rid?: string;
  readonly spatialLayerId?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Keyed by the index of the viewer's m-line as text. */
function layersOf(session: Session, plane: MediaPlane): Record<string, readonly Layer[]> {
  const index = session.media.findIndex((section) => section.kind === "video");
  return index < 0 ? {} : { [String(index)]: layersIn(session.stream, plane) };
}

/** What the publisher sends, highest layer first. */
export function layersIn(stream: Stream, plane: MediaPlane): readonly Layer[] {
  const publisher = stream.publisher;
  const section = publisher?.media.find((candidate) => candidate.kind === "video");
  const rings = publisher?.lease?.of("video") ?? [];
  return rings.map((ring, i) => {
    const { width, height } = plane.describeRing(ring);
    const rid = section?.rids[i];
    const size = width > 0 && height > 0 ? { width, height } : {};
    return rid === undefined ? { spatialLayerId: 0, ...size } : { rid, ...size };
  });
}
