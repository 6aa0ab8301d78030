import { pointOf, ringOf } from "../../feed/layer-table.ts";
import type { UsableLayer } from "../../media/layer-choice.ts";
import type { LayerLook, MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Source } from "./source.ts";
import type { Stream } from "./stream.ts";
import type { ViewerSession } from "./viewer-session.ts";

/** One layer as the events extension has it (X08); `current` is ours. */
export interface ListedLayer {
  /** With simulcast only. */
  readonly rid?: string;
  /** There when the encoding has several, or no rid. */
  readonly spatialLayerId?: number;
  /** There when the encoding has several. */
  readonly temporalLayerId?: number;
  /** Bits a second on the wire of all that a viewer of it is sent; absent while it is not alive. */
  readonly bitrate?: number;
  readonly width?: number;
  readonly height?: number;
  /** The viewer who reads this is sent it now. */
  readonly current?: true;
}

/** A layer and what workers call it (src/feed/layer-table.ts); -1 before its first packet. */
export interface StreamLayer {
  readonly id: number;
  readonly layer: ListedLayer;
}

/** The layers that sources send, out of their rings' headers. */
export class StreamLayers {
  readonly #plane: MediaPlane;
  readonly #clock: Clock;
  readonly #looks = new WeakMap<Source, LayerLook>();

  constructor(plane: MediaPlane, clock: Clock) {
    this.#plane = plane;
    this.#clock = clock;
  }

  /** Looks at a stream's rings anew; to be called once a second at least while it is live. */
  update(stream: Stream): void {
    this.#look(stream)?.update(this.#clock.now());
  }

  /** The best picture first. An encoding that was announced and has sent nothing is there, too. */
  of(stream: Stream): readonly StreamLayer[] {
    const seen = this.seen(stream);
    const layers = (stream.source?.rids ?? []).flatMap((rid, ring) => {
      const points = seen.filter((layer) => ringOf(layer.id) === ring);
      if (points.length > 0) return describe(rid, points);
      return [{ id: -1, layer: rid === null ? { spatialLayerId: 0 } : { rid } }];
    });
    return layers.sort((a, b) => pixels(b.layer) - pixels(a.layer));
  }

  /** The layers whose packets have come. */
  seen(stream: Stream): readonly UsableLayer[] {
    return this.#look(stream)?.layers ?? [];
  }

  #look(stream: Stream): LayerLook | null {
    const { source } = stream;
    if (source === null) return null;
    let look = this.#looks.get(source);
    if (look === undefined) {
      look = this.#plane.watchLayers(source.granted.video);
      this.#looks.set(source, look);
    }
    return look;
  }
}

/** The `layers` event for one viewer: keyed by the index of its m-line, as text. */
export function layersFor(
  session: ViewerSession,
  layers: readonly StreamLayer[],
): Record<string, readonly ListedLayer[]> {
  const index = session.media.findIndex((section) => section.kind === "video");
  if (index < 0) return {};
  const current = currentOf(session, layers);
  const told = layers.map((entry) =>
    entry === current ? { ...entry.layer, current: true as const } : entry.layer,
  );
  return { [String(index)]: told };
}

/** What does not change from one second to the next. */
export function layersKey(layers: readonly StreamLayer[]): string {
  return JSON.stringify(layers.map(({ layer }) => ({ ...layer, bitrate: layer.bitrate && 1 })));
}

/** The layer that flows: a worker may name a point above the highest that the stream has. */
function currentOf(session: ViewerSession, layers: readonly StreamLayer[]): StreamLayer | null {
  const { layer: id } = session;
  let best: StreamLayer | null = null;
  for (const entry of layers) {
    if (id < 0 || entry.id < 0 || ringOf(entry.id) !== ringOf(id)) continue;
    const within = pointOf(entry.id) >> 3 <= pointOf(id) >> 3 && (entry.id & 7) <= (id & 7);
    if (within && (best === null || entry.id > best.id)) best = entry;
  }
  return best;
}

function describe(rid: string | null, points: readonly UsableLayer[]): readonly StreamLayer[] {
  const spatial = rid === null || points.some((point) => point.spatialId > 0);
  const temporal = points.some((point) => point.temporalId > 0);
  return [...points]
    .sort((a, b) => b.id - a.id)
    .map((point) => ({
      id: point.id,
      layer: {
        ...(rid === null ? {} : { rid }),
        ...(spatial ? { spatialLayerId: point.spatialId } : {}),
        ...(temporal ? { temporalLayerId: point.temporalId } : {}),
        ...(point.active && point.bitrate > 0 ? { bitrate: Math.round(point.bitrate) } : {}),
        ...(point.width > 0 ? { width: point.width, height: point.height } : {}),
      },
    }));
}

function pixels(layer: ListedLayer): number {
  return (layer.width ?? 0) * (layer.height ?? 0);
}
