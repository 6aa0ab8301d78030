import type { TailVariant } from "../../contract/tail.ts";
import { type LayerLimits, NO_LIMITS, type UsableLayer } from "../../media/layer-choice.ts";

/** What a stream or a token leaves of the layers; Infinity where it says nothing. */
export type ViewLimits = Pick<LayerLimits, "widthMax" | "heightMax" | "bitrateMax">;

/** Where it is written down: in pixels and bits a second, each if there is one. */
export interface WrittenLimits {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly bitrate?: number | undefined;
}

export function viewLimits({ width, height, bitrate }: WrittenLimits): ViewLimits {
  return {
    widthMax: width ?? Number.POSITIVE_INFINITY,
    heightMax: height ?? Number.POSITIVE_INFINITY,
    bitrateMax: bitrate ?? Number.POSITIVE_INFINITY,
  };
}

/** Whether a layer, as last measured, may be sent under these limits. */
export function isWithin(
  layer: Pick<UsableLayer, "width" | "height" | "bitrate">,
  limits: ViewLimits,
): boolean {
  return (
    layer.width <= limits.widthMax &&
    layer.height <= limits.heightMax &&
    layer.bitrate <= limits.bitrateMax
  );
}

/** Whether a rendition of a tail may be sent under these limits; null while that is not known. */
export function allows({ size, bitrate }: TailVariant, limits: ViewLimits): boolean | null {
  const { width, height } = size ?? { width: 0, height: 0 };
  if (bitrate !== null || limits.bitrateMax === Number.POSITIVE_INFINITY) {
    return isWithin({ width, height, bitrate: bitrate ?? 0 }, limits);
  }
  return isWithin({ width, height, bitrate: 0 }, limits) ? null : false;
}

/** What all of them allow. Only a viewer's own choice names a rid. */
export function strictest(...all: readonly Partial<LayerLimits>[]): LayerLimits {
  let limits = NO_LIMITS;
  for (const one of all) {
    limits = {
      rid: one.rid || limits.rid,
      spatialMax: Math.min(limits.spatialMax, one.spatialMax ?? Number.POSITIVE_INFINITY),
      temporalMax: Math.min(limits.temporalMax, one.temporalMax ?? Number.POSITIVE_INFINITY),
      widthMax: Math.min(limits.widthMax, one.widthMax ?? Number.POSITIVE_INFINITY),
      heightMax: Math.min(limits.heightMax, one.heightMax ?? Number.POSITIVE_INFINITY),
      bitrateMax: Math.min(limits.bitrateMax, one.bitrateMax ?? Number.POSITIVE_INFINITY),
    };
  }
  return limits;
}
