/**
 * The media plane as control sees it: sessions are opened on workers, streams get sources. The
 * implementation (src/control/plane/workers.ts) spawns threads; tests pass a fake.
 */

import type { ClusterCommand, ClusterEvent } from "../../contract/cluster.ts";
import type { CounterName } from "../../contract/counters.ts";
import type { Drill, WorkerCommand } from "../../contract/messages.ts";
import type { CloseReason } from "../../contract/session.ts";
import type { RingGrant, StreamSource } from "../../contract/source.ts";
import type { SessionStats } from "../../contract/statistics.ts";
import type { TailCommand, TailEvent } from "../../contract/tail.ts";
import type { WorkerKind } from "../../contract/workers.ts";
import type { UsableLayer } from "../../media/layer-choice.ts";
import type { RingDescription } from "../../ring/layout.ts";
import type { TransportKind } from "../../wire/path.ts";

/** A place for one session: the worker and the candidates that lead to it. */
export interface Placement {
  readonly worker: number;
  readonly workerName: string;
  readonly candidates: readonly LocalCandidate[];
}

export interface LocalCandidate {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** By TCP, to be connected to (RFC 6544); else by UDP. */
  readonly tcp?: boolean;
}

type Body<Type extends WorkerCommand["type"]> = Omit<
  Extract<WorkerCommand, { readonly type: Type }>,
  "type"
>;
export type PublisherOpen = Body<"publisher-open">;
export type PublisherRings = Body<"publisher-rings">;
export type ViewerOpen = Body<"viewer-open">;
export type IceRestart = Body<"ice-restart">;
export type LayerLimit = Body<"limit-layers">;

/** The layers of some rings, as their headers told at the last `update`. */
export interface LayerLook {
  readonly layers: readonly UsableLayer[];
  update(now: number): void;
}

/** What the plane tells control. `session` numbers are those that control chose when opening. */
export interface PlaneEvents {
  connected(session: number, path: string, srtpProfile: string, transport: TransportKind): void;
  /** Its media goes to another address from now on. */
  moved(session: number, path: string, transport: TransportKind): void;
  closed(session: number, reason: CloseReason): void;
  firstMedia(session: number, afterUs: number): void;
  /** A viewer is sent another layer (an id of src/feed/layer-table.ts). */
  layer(session: number, layer: number): void;
  /** The worker's successor is ready (closed was called for each lost session before). */
  workerRestarted(worker: number, workerName: string, cause: string): void;
  /** The relay worker has begun, perhaps in place of another: it knows nothing. */
  relayStarted(): void;
  /** What the relay worker tells. */
  cluster(event: ClusterEvent): void;
  /** The packager worker has begun, perhaps in place of another: it knows no tail. */
  packagerStarted(): void;
  /** What the packager worker tells. */
  tail(event: TailEvent): void;
  /** Acting on what a worker told made control throw: that event is lost, nothing else. */
  fault(error: unknown): void;
}

export interface WorkerLoad {
  readonly name: string;
  readonly kind: WorkerKind;
  readonly ready: boolean;
  readonly restarts: number;
  /** Times that it was late because it got no processor. */
  readonly starved: number;
  /** It refuses newcomers. */
  readonly overloaded: boolean;
  /** How long its threads have waited for a processor, us. */
  readonly waitedUs: number;
  /** Totals go on when its thread is replaced. */
  readonly counters: Readonly<Record<CounterName, number>>;
}

/** The worker with the links to other nodes, as control speaks to it. */
export interface RelayPlane {
  /** Its number: rings are granted to it. */
  readonly worker: number;
  /** Where its link port is bound, ADDRESS:PORT. */
  readonly addresses: readonly string[];
  /** False while it has no thread: nobody acts on the command. */
  send(command: ClusterCommand): boolean;
}

/** The worker that cuts the tails of streams, as control speaks to it. */
export interface PackagerPlane {
  /** False while it has no thread: nobody acts on the command. */
  send(command: TailCommand): boolean;
}

export interface MediaPlane {
  /** Clients' TCP connections that came to nothing, by why; null where none are taken. */
  readonly tcpRefusals: ReadonlyMap<string, number> | null;
  /** Null where this node belongs to no cluster. */
  readonly relay: RelayPlane | null;
  /** Null where streams have no tail. */
  readonly packager: PackagerPlane | null;
  /** SHA-256 fingerprint of our DTLS certificate, "AA:BB:...". */
  readonly fingerprint: string;
  /** Least-loaded worker that serves the role; null when none is ready. */
  place(role: "publisher" | "viewer"): Placement | "overloaded" | null;
  openPublisher(worker: number, open: PublisherOpen): void;
  /** Rings for a publisher that is connected; its media goes there from then on. */
  grantRings(worker: number, grant: PublisherRings): void;
  openViewer(worker: number, open: ViewerOpen): void;
  restartIce(worker: number, restart: IceRestart): void;
  limitLayers(worker: number, limit: LayerLimit): void;
  close(worker: number, session: number, reason: CloseReason): void;
  /**
   * Tells every worker that reads rings the stream's present source; resolves when none reads an
   * older epoch any more, so that the old rings can go back to the pool.
   */
  setSource(stream: number, source: StreamSource | null): Promise<void>;
  /** A ring from the pool for the worker `writer`, or null when --ring-memory is used up. */
  takeRing(kind: "audio" | "video", writer: number): RingGrant | null;
  returnRing(ring: RingGrant): void;
  /** Whether `takeRing` would give all of these now. */
  hasRings(kinds: readonly ("audio" | "video")[]): boolean;
  /** Codec, size and activity of the ring's content, as its writer describes it. */
  describeRing(ring: RingGrant): RingDescription;
  /** A look at the layers in a publisher's video rings, in the order of its source. */
  watchLayers(rings: readonly RingGrant[]): LayerLook;
  /** Of the worker's sessions or one; nothing when it is lost, or has not answered in a second. */
  stats(worker: number, session: number | null): Promise<readonly SessionStats[]>;
  loads(): readonly WorkerLoad[];
  /** Rings that publishers hold, and the memory granted to them. */
  rings(): { readonly inUse: number; readonly bytes: number };
  ready(): boolean;
  /** Test mode only (--drills): makes a worker or one of its sessions fail. */
  drill(worker: number, drill: Drill): void;
  stop(): Promise<void>;
}
