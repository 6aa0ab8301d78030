/** The media plane of a rehearsed control: no threads, and every session connects at once. */
import type { CloseReason } from "../contract/session.ts";
import type { RingGrant } from "../contract/source.ts";
import type {
  LayerLook,
  MediaPlane,
  Placement,
  PlaneEvents,
  PublisherOpen,
  ViewerOpen,
} from "../control/plane/plane.ts";
import { RingReader } from "../ring/reader.ts";
import { FilledRings } from "./filled-rings.ts";

/** Of documentation (RFC 5737): nobody is there. */
const PATH = "192.0.2.1:4096";
const PLACEMENT: Placement = {
  worker: 0,
  workerName: "rehearsal",
  candidates: [{ address: "192.0.2.1", port: 4096, family: 4 }],
};
const FIRST_MEDIA_US = 25_000;
const NO_LAYERS: LayerLook = { layers: [], update: () => {} };

export class RehearsedPlane implements MediaPlane {
  readonly tcpRefusals = null;
  readonly relay = null;
  readonly packager = null;
  readonly #events: PlaneEvents;
  readonly #rings = new FilledRings();

  constructor(
    readonly fingerprint: string,
    events: PlaneEvents,
  ) {
    this.#events = events;
  }

  place(): Placement {
    return PLACEMENT;
  }

  openPublisher(_worker: number, { session }: PublisherOpen): void {
    this.#connect(session);
  }

  openViewer(_worker: number, { session }: ViewerOpen): void {
    this.#connect(session);
    queueMicrotask(() => this.#events.firstMedia(session, FIRST_MEDIA_US));
  }

  close(_worker: number, session: number, reason: CloseReason): void {
    queueMicrotask(() => this.#events.closed(session, reason));
  }

  async setSource(): Promise<void> {}

  takeRing(kind: "audio" | "video"): RingGrant {
    const { audio, video } = this.#rings.source;
    return kind === "audio" ? audio! : video[0]!;
  }

  hasRings(): boolean {
    return true;
  }

  describeRing({ buffer }: RingGrant) {
    return new RingReader(buffer, -1).describe();
  }

  watchLayers(): LayerLook {
    return NO_LAYERS;
  }

  async stats() {
    return [];
  }

  loads() {
    return [];
  }

  rings() {
    return { inUse: 0, bytes: 0 };
  }

  ready(): boolean {
    return true;
  }

  grantRings(): void {}
  returnRing(): void {}
  restartIce(): void {}
  limitLayers(): void {}
  drill(): void {}
  async stop(): Promise<void> {}

  #connect(session: number): void {
    queueMicrotask(() => this.#events.connected(session, PATH, "AES_128_GCM", "udp"));
  }
}
