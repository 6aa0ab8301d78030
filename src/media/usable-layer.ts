/** One layer point that can be sent: a simulcast layer, or a point of an SVC stream. */
export interface UsableLayer {
  /** The caller's name for it; any number. */
  readonly id: number;
  readonly rid: string;
  readonly spatialId: number;
  readonly temporalId: number;
  /** Measured, bits a second on the wire, everything that a viewer of this point is sent. */
  readonly bitrate: number;
  /** 0 when unknown. */
  readonly width: number;
  readonly height: number;
  readonly active: boolean;
}

export function findLayer(layers: readonly UsableLayer[], id: number): UsableLayer | null {
  for (const layer of layers) if (layer.id === id) return layer;
  return null;
}

/** The two differ in frames a second alone. */
export function samePicture(left: UsableLayer, right: UsableLayer): boolean {
  return left.rid === right.rid && left.spatialId === right.spatialId;
}

/** Above 0 when `left` is the better picture: larger, then more frames, then more bits. */
export function rank(left: UsableLayer, right: UsableLayer): number {
  return (
    left.width * left.height - right.width * right.height ||
    left.spatialId - right.spatialId ||
    left.temporalId - right.temporalId ||
    left.bitrate - right.bitrate
  );
}
