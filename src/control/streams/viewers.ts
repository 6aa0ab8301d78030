import type { LayerLimits } from "../../media/layer-choice.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Audience } from "./audience.ts";
import { strictest } from "./layer-limits.ts";
import type { Source } from "./source.ts";
import type { ViewerSession } from "./viewer-session.ts";

/** The WHEP viewers of a stream. */
export class Viewers implements Audience, Iterable<ViewerSession> {
  readonly #sessions = new Set<ViewerSession>();
  readonly #plane: MediaPlane;

  constructor(plane: MediaPlane) {
    this.#plane = plane;
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<ViewerSession> {
    return this.#sessions.values();
  }

  add(session: ViewerSession): void {
    this.#sessions.add(session);
  }

  delete(session: ViewerSession): void {
    this.#sessions.delete(session);
  }

  /** A rid that the new source does not have is no choice any more. */
  follow({ rids }: Source): void {
    for (const viewer of this.#sessions) {
      viewer.layer = -1;
      const { choice } = viewer;
      if (choice.rid === "" || rids.includes(choice.rid)) continue;
      chooseLayer(this.#plane, viewer, { ...choice, rid: "" });
    }
  }
}

/** What a viewer wants of the layers, within what it may have. */
export function chooseLayer(plane: MediaPlane, session: ViewerSession, choice: LayerLimits): void {
  session.choice = choice;
  plane.limitLayers(session.worker, {
    session: session.number,
    limits: strictest(session.limits, choice),
  });
}
