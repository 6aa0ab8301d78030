/** Turns what happens to streams into events for the players that listen. */
import type { CloseReason } from "../../contract/session.ts";
import { LAYERS_EVENT_US } from "../../limits.ts";
import type { Clock } from "../ports.ts";
import type { Remark } from "../streams/remark.ts";
import type { Stream } from "../streams/stream.ts";
import { layersFor, layersKey, type StreamLayers } from "../streams/stream-layers.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";
import type { Sink } from "./bus.ts";
import type { Discussions } from "./discussions.ts";
import { encodeEvent } from "./event-stream.ts";
import type { EventHub, EventName, NamedEvent } from "./events.ts";

/** Ends after which the player should simply POST again. */
const RECONNECT: ReadonlySet<CloseReason> = new Set([
  "codec-changed",
  "blocked",
  "worker-lost",
  "internal-error",
  "shutdown",
]);

/** What was last told of a stream's layers, and when. */
interface Told {
  readonly key: string;
  readonly atUs: number;
}

interface AnnouncerOptions {
  readonly hub: EventHub;
  readonly layers: StreamLayers;
  readonly discussions: Discussions;
  readonly clock: Clock;
  readonly streamOf: (session: ViewerSession) => Stream;
}

export class Announcer {
  readonly #hub: EventHub;
  readonly #layers: StreamLayers;
  readonly #discussions: Discussions;
  readonly #clock: Clock;
  readonly #streamOf: (session: ViewerSession) => Stream;
  readonly #viewers = new WeakMap<Stream, number>();
  readonly #told = new WeakMap<Stream, Told>();

  constructor({ hub, layers, discussions, clock, streamOf }: AnnouncerOptions) {
    this.#hub = hub;
    this.#layers = layers;
    this.#discussions = discussions;
    this.#clock = clock;
    this.#streamOf = streamOf;
  }

  /** A new event stream's id, or null when the session has too many. */
  subscribe(session: ViewerSession, names: readonly EventName[]): string | null {
    return this.#hub.create(session, names, this.#initial(session), this.said(session, 0));
  }

  /** What was said of a viewer's stream after the remark with this id. */
  said({ stream }: ViewerSession, id: number): readonly Remark[] {
    return this.#discussions.since(stream, id);
  }

  readonly hear: Sink = (event) => {
    if (event.type === "active") this.#tellAll(event.stream, "active");
    else if (event.type === "inactive") this.#tellAll(event.stream, "inactive");
    else if (event.type === "remark") this.#tellRemark(event.stream, event.remark);
    else if (event.type === "layer") this.#tellLayers(event.stream, event.session);
    else if (event.type === "left" && event.session.kind === "viewer") {
      if (RECONNECT.has(event.reason)) this.reconnect(event.session);
      this.#hub.destroySession(event.session);
    }
  };

  /** One that another node has sent asks there again: here it would have to show a token. */
  reconnect(session: ViewerSession): void {
    const { stream, origin, byTicket } = session;
    const name = stream.split("/").map(encodeURIComponent).join("/");
    const where = byTicket ? {} : { url: `${origin}/whep/${name}` };
    this.#hub.send(session, "reconnect", where);
  }

  /** Once a second: the counts of viewers where they changed. */
  tick(): void {
    for (const stream of this.#listened()) {
      const viewers = stream.viewers.size;
      if (viewers === this.#viewers.get(stream)) continue;
      this.#viewers.set(stream, viewers);
      for (const viewer of stream.viewers) {
        this.#hub.send(viewer, "viewercount", { viewercount: viewers });
      }
    }
  }

  /** A few times a second: layers at once where they changed, else their bit rates when due. */
  tickLayers(): void {
    const now = this.#clock.now();
    for (const stream of this.#listened()) {
      if (stream.source === null) continue;
      this.#layers.update(stream);
      const layers = this.#layers.of(stream);
      const key = `${stream.source.epoch} ${layersKey(layers)}`;
      const told = this.#told.get(stream);
      if (told?.key === key && now - told.atUs < LAYERS_EVENT_US) continue;
      this.#told.set(stream, { key, atUs: now });
      for (const viewer of stream.viewers) {
        if (this.#hub.hears(viewer)) this.#hub.send(viewer, "layers", layersFor(viewer, layers));
      }
    }
  }

  #tellAll(stream: Stream, name: "active" | "inactive"): void {
    for (const viewer of stream.viewers) this.#hub.send(viewer, name, {});
  }

  #tellRemark(stream: Stream, remark: Remark): void {
    const bytes = encodeEvent(remark.type, remark, remark.id);
    for (const viewer of stream.viewers) this.#hub.sendEncoded(viewer, remark.type, bytes, true);
  }

  #tellLayers(stream: Stream, session: ViewerSession): void {
    if (stream.source === null || !this.#hub.hears(session)) return;
    this.#hub.send(session, "layers", layersFor(session, this.#layers.of(stream)));
  }

  /** `active` is also sent at start if live; `inactive` never is (WHEP events extension). */
  #initial(session: ViewerSession): readonly NamedEvent[] {
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

  /** Streams of which somebody wants to hear. */
  #listened(): ReadonlySet<Stream> {
    const streams = new Set<Stream>();
    for (const session of this.#hub.listening()) streams.add(this.#streamOf(session));
    return streams;
  }
}
