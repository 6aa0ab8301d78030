/** A MediaPlane without threads: records what control asks, and lets a test play the workers. */

import type { ClusterCommand } from "../../src/contract/cluster.ts";
import type { CounterName } from "../../src/contract/counters.ts";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import type { Drill } from "../../src/contract/messages.ts";
import type { CloseReason } from "../../src/contract/session.ts";
import type { RingGrant, StreamSource } from "../../src/contract/source.ts";
import type { SessionStats } from "../../src/contract/statistics.ts";
import type { TailCommand } from "../../src/contract/tail.ts";
import { WORKER_KINDS, type WorkerKind } from "../../src/contract/workers.ts";
import type {
  LayerLimit,
  LayerLook,
  MediaPlane,
  Placement,
  PlaneEvents,
  PublisherOpen,
  PublisherRings,
  RelayPlane,
  ViewerOpen,
  WorkerLoad,
} from "../../src/control/plane/plane.ts";
import { WorkerTotals } from "../../src/control/plane/worker-totals.ts";
import type { UsableLayer } from "../../src/media/layer-choice.ts";
import type { RingDescription } from "../../src/ring/layout.ts";

const KINDS = Object.keys(WORKER_KINDS) as WorkerKind[];

export class FakePlane implements MediaPlane {
  tcpRefusals: ReadonlyMap<string, number> | null = null;
  /** What the relay worker was told; set `relay` to have one. */
  readonly told: ClusterCommand[] = [];
  relay: RelayPlane | null = null;
  /** What the packager worker was told. */
  readonly packaged: TailCommand[] = [];
  readonly packager = {
    send: (command: TailCommand): boolean => {
      this.packaged.push(command);
      return true;
    },
  };
  onTold: (command: ClusterCommand) => void = () => {};
  readonly fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
  readonly publishers: PublisherOpen[] = [];
  readonly grants: PublisherRings[] = [];
  readonly viewers: ViewerOpen[] = [];
  readonly restarts: Parameters<MediaPlane["restartIce"]>[1][] = [];
  readonly limits: LayerLimit[] = [];
  /** What is seen in every publisher's video rings. */
  layers: readonly UsableLayer[] = [];
  readonly closes: { session: number; reason: CloseReason }[] = [];
  readonly sources: { stream: number; source: StreamSource | null }[] = [];
  readonly drills: { worker: number; kind: string }[] = [];
  readonly ringsOut = new Set<number>();
  /** Rings left to give; beyond it `takeRing` is null. */
  ringsMax = 1000;
  isReady = true;
  placed = true;
  /** Every egress worker is behind with its media. */
  overloaded = false;
  /** While false, sessions that control closes are confirmed only by `confirm`. */
  confirms = true;
  stopped = false;
  description: Partial<RingDescription> = {};
  /** Of single rings, by their index, besides. */
  readonly descriptions = new Map<number, Partial<RingDescription>>();
  /** What the present thread of either worker has counted, and how long it has waited, us. */
  counters: Partial<Record<CounterName, number>> = {};
  waitedUs = 0;
  reports: SessionStats[] = [];
  /** Set to hold back `setSource` until the test resolves it. */
  hold: Promise<void> | null = null;
  #ring = 0;
  readonly #block = new Float64Array(COUNTER_NAMES.length);
  readonly #totals = new WorkerTotals(this.#block);
  #replaced = 0;

  constructor(readonly events: PlaneEvents) {}

  /** Has a relay worker from now on. */
  withRelay(): this {
    this.relay = {
      worker: KINDS.indexOf("relay"),
      addresses: ["192.0.2.10:8300"],
      send: (command) => {
        this.told.push(command);
        this.onTold(command);
        return true;
      },
    };
    return this;
  }

  place(role: "publisher" | "viewer"): Placement | "overloaded" | null {
    if (!this.placed) return null;
    if (this.overloaded && role === "viewer") return "overloaded";
    const worker = KINDS.findIndex((kind) => WORKER_KINDS[kind].serves === role);
    return {
      worker,
      workerName: `${KINDS[worker]}-0`,
      candidates: [{ address: "192.0.2.10", port: 8200 + worker, family: 4 }],
    };
  }

  openPublisher(_worker: number, open: PublisherOpen): void {
    this.publishers.push(open);
  }

  grantRings(_worker: number, grant: PublisherRings): void {
    this.grants.push(grant);
  }

  openViewer(_worker: number, open: ViewerOpen): void {
    this.viewers.push(open);
  }

  limitLayers(_worker: number, limit: LayerLimit): void {
    this.limits.push(limit);
  }

  restartIce(_worker: number, restart: Parameters<MediaPlane["restartIce"]>[1]): void {
    this.restarts.push(restart);
  }

  close(_worker: number, session: number, reason: CloseReason): void {
    this.closes.push({ session, reason });
    if (this.confirms) queueMicrotask(() => this.events.closed(session, reason));
  }

  async setSource(stream: number, source: StreamSource | null): Promise<void> {
    this.sources.push({ stream, source });
    await this.hold;
  }

  takeRing(_kind: "audio" | "video", writer: number): RingGrant | null {
    if (this.ringsOut.size >= this.ringsMax) return null;
    this.#ring += 1;
    this.ringsOut.add(this.#ring);
    return { index: this.#ring, buffer: new SharedArrayBuffer(0), writer };
  }

  returnRing(ring: RingGrant): void {
    if (!this.ringsOut.delete(ring.index)) throw new Error(`ring ${ring.index} came back twice`);
  }

  hasRings(kinds: readonly ("audio" | "video")[]): boolean {
    return this.ringsOut.size + kinds.length <= this.ringsMax;
  }

  describeRing(ring: RingGrant): RingDescription {
    return { ...EMPTY_RING, ...this.description, ...this.descriptions.get(ring.index) };
  }

  watchLayers(_rings: readonly RingGrant[]): LayerLook {
    // A look shows what was there at its last update.
    let layers: readonly UsableLayer[] = [];
    return {
      get layers() {
        return layers;
      },
      update: () => {
        layers = this.layers;
      },
    };
  }

  async stats(_worker: number, _session: number | null): Promise<readonly SessionStats[]> {
    return this.reports;
  }

  loads(): readonly WorkerLoad[] {
    this.#count();
    return KINDS.map((kind) => ({
      name: `${kind}-0`,
      kind,
      ready: this.isReady,
      restarts: this.#replaced,
      starved: 0,
      overloaded: this.overloaded,
      waitedUs: this.#totals.waitedUs,
      counters: this.#totals.counters(),
    }));
  }

  /** Both workers' threads end with all their sessions, and others take their places. */
  replaceWorkers(): void {
    this.#count();
    this.#totals.threadEnded();
    this.counters = {};
    this.waitedUs = 0;
    this.#replaced += 1;
    for (const { session } of [...this.publishers, ...this.viewers]) {
      this.events.closed(session, "worker-lost");
    }
  }

  #count(): void {
    for (const name of COUNTER_NAMES) this.#block[Counter[name]] = this.counters[name] ?? 0;
    this.#totals.noteTime({ ranUs: 0, waitedUs: this.waitedUs, runnable: false });
  }

  rings() {
    return { inUse: this.ringsOut.size, bytes: this.ringsOut.size * 2048 };
  }

  ready(): boolean {
    return this.isReady;
  }

  drill(worker: number, { kind }: Drill): void {
    this.drills.push({ worker, kind });
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }
}

const EMPTY_RING: RingDescription = {
  codec: null,
  fmtp: "",
  rid: "",
  width: 0,
  height: 0,
  packets: 0,
  bytes: 0,
  keyframeCached: false,
  lastReceiptUs: 0,
  inactive: false,
};
