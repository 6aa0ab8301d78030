import { rank, type UsableLayer } from "./usable-layer.ts";

/**
 * Of the layers that `shows` says can be shown now, living or not, the best within the viewer's
 * limits and `rate` (bits a second), else the least; null when there is none. Limits bind as long as
 * a layer within them lives or can be shown, and until `patient` is over: a stream is never withheld.
 */
export function bestShowable(
  layers: readonly UsableLayer[],
  within: (layer: UsableLayer) => boolean,
  shows: (id: number) => boolean,
  rate: number,
  patient: boolean,
): UsableLayer | null {
  const bound =
    patient || layers.some((layer) => within(layer) && (layer.active || shows(layer.id)));
  let best: UsableLayer | null = null;
  for (const layer of layers) {
    if ((bound && !within(layer)) || !shows(layer.id)) continue;
    if (best === null) best = layer;
    else if (rank(layer, best) > 0 ? bound && fits(layer, rate) : !bound || !fits(best, rate)) {
      best = layer;
    }
  }
  return best;
}

/** Its bit rate is known and not too much. */
function fits(layer: UsableLayer, rate: number): boolean {
  return layer.bitrate > 0 && layer.bitrate <= rate;
}
