import { layerId } from "../feed/layer-table.ts";
import type { Viewer } from "./viewer.ts";

/** The layer that flows to a viewer (an id of its source); -1 while there is none. */
export function flowingLayer(viewer: Viewer): number {
  for (const track of viewer.tracks) {
    const segment = track.video ? track.segments.current : null;
    const feed = segment?.feed ?? null;
    if (segment === null || feed === null) continue;
    const ring = viewer.source?.video.indexOf(feed) ?? -1;
    if (ring < 0) continue;
    const { layers } = segment;
    const known = layers !== null && layers.spatialId >= 0;
    return layerId(ring, known ? layers.spatialId * 8 + layers.temporalId : 0);
  }
  return -1;
}
