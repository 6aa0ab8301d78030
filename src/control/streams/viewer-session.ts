import { type LayerLimits, NO_LIMITS } from "../../media/layer-choice.ts";
import type { RandomBytes } from "../ports.ts";
import { createBase, type Identity, type NewSession, type SessionBase } from "./session-base.ts";

/** One WHEP client: it watches. */
export interface ViewerSession extends SessionBase {
  readonly kind: "viewer";
  /** What its stream and its token allow of the layers. */
  readonly limits: LayerLimits;
  /** What it chose itself; NO_LIMITS is automatic. */
  choice: LayerLimits;
  /** The layer that it is sent (an id of src/feed/layer-table.ts); -1 before the first. */
  layer: number;
  /** From its POST to the first keyframe that was sent; null before that. */
  firstMediaUs: number | null;
}

export function createViewer(
  identity: Identity,
  fresh: NewSession,
  limits: LayerLimits,
  random: RandomBytes,
): ViewerSession {
  return {
    kind: "viewer",
    ...createBase("v", identity, fresh, random),
    limits,
    choice: NO_LIMITS,
    layer: -1,
    firstMediaUs: null,
  };
}
