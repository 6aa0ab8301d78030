/** Turns what happens to streams into events for the players that listen. */
import type { CloseReason } from "../../contract/session.ts";
import { LAYERS_EVENT_US } from "../../limits.ts";
import type { Clock } from "../ports.ts";
import type { Session } from "../streams/session.ts";
import type { Stream } from "../streams/stream.ts";
import { layersFor, layersKey, type StreamLayers } from "../streams/stream-layers.ts";
import type { EventHub, EventName } from "./events.ts";

/** Ends after which the player should simply POST again. */
const RECONNECT: ReadonlySet<CloseReason> = new Set([
  "codec-changed",
  "worker-lost",
  "internal-error",
  "shutdown",
]);

/** What was last told of a stream's layers, and when. */
interface Told {
  readonly key: string;
  readonly atUs: number;
}

export class Announcer {
  readonly #layers: StreamLayers;
  readonly #clock: Clock;
  readonly #streamOf: (session: Session) => Stream;
  readonly #viewers = new WeakMap<Stream, number>();
  readonly #told = new WeakMap<Stream, Told>();

  constructor(layers: StreamLayers, clock: Clock, streamOf: (session: Session) => Stream) {
    this.#layers = layers;
    this.#clock = clock;
    this.#streamOf = streamOf;
  }

  /** `active` is also sent at start if live; `inactive` never is (WHEP events extension). */
  initial(session: Session): readonly { name: EventName; data: unknown }[] {
    const stream = this.#streamOf(session);
    const count = { name: "viewercount" as const, data: { viewercount: stream.viewers.size } };
    if (!stream.isLive) return [count];
    this.#layers.update(stream);
    return [
      { name: "active", data: {} },
      { name: "layers", data: layersFor(session, this.#layers.of(stream)) },
      count,
    ];
  }

  active(stream: Stream, hub: EventHub): void {
    for (const viewer of stream.viewers) hub.send(viewer, "active", {});
  }

  inactive(stream: Stream, hub: EventHub): void {
    for (const viewer of stream.viewers) hub.send(viewer, "inactive", {});
  }

  /** The viewer is sent another layer. */
  layer(session: Session, hub: EventHub): void {
    const stream = this.#streamOf(session);
    if (stream.publisher === null || !hub.hears(session)) return;
    hub.send(session, "layers", layersFor(session, this.#layers.of(stream)));
  }

  left(session: Session, reason: CloseReason, hub: EventHub): void {
    if (RECONNECT.has(reason)) this.reconnect(session, hub);
    hub.destroySession(session);
  }

  reconnect(session: Session, hub: EventHub): void {
    const name = session.stream.split("/").map(encodeURIComponent).join("/");
    hub.send(session, "reconnect", { url: `${session.origin}/whep/${name}` });
  }

  /** Once a second: the counts of viewers where they changed. */
  tick(hub: EventHub): void {
    for (const stream of this.#listened(hub)) {
      const viewers = stream.viewers.size;
      if (viewers === this.#viewers.get(stream)) continue;
      this.#viewers.set(stream, viewers);
      for (const viewer of stream.viewers) {
        hub.send(viewer, "viewercount", { viewercount: viewers });
      }
    }
  }

  /** A few times a second: layers at once where they changed, else their bit rates when due. */
  tickLayers(hub: EventHub): void {
    const now = this.#clock.now();
    for (const stream of this.#listened(hub)) {
      if (stream.publisher === null) continue;
      this.#layers.update(stream);
      const layers = this.#layers.of(stream);
      const key = `${stream.epoch} ${layersKey(layers)}`;
      const told = this.#told.get(stream);
      if (told?.key === key && now - told.atUs < LAYERS_EVENT_US) continue;
      this.#told.set(stream, { key, atUs: now });
      for (const viewer of stream.viewers) {
        if (hub.hears(viewer)) hub.send(viewer, "layers", layersFor(viewer, layers));
      }
    }
  }

  /** Streams of which somebody wants to hear. */
  #listened(hub: EventHub): ReadonlySet<Stream> {
    const streams = new Set<Stream>();
    for (const session of hub.listening()) streams.add(this.#streamOf(session));
    return streams;
  }
}
