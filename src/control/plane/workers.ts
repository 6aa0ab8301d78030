/** The media plane on real threads: sockets, rings, workers, and who waits for which answer. */
import { networkInterfaces } from "node:os";
import { assert } from "../../assert.ts";
import { formatHostPort } from "../../config/values.ts";
import { type Config, isForThisMachine } from "../../config.ts";
import type { Drill, WorkerCommand, WorkerEvent } from "../../contract/messages.ts";
import type { CloseReason } from "../../contract/session.ts";
import type { RingGrant, StreamSource } from "../../contract/source.ts";
import type { SessionStats } from "../../contract/statistics.ts";
import { WORKER_KINDS } from "../../contract/workers.ts";
import { createCertificate } from "../../io/certificate.ts";
import { monotonicUs } from "../../io/clock.ts";
import { createEventFd } from "../../io/event-fd.ts";
import { detectFeatures } from "../../io/features.ts";
import { releasePages } from "../../io/memory.ts";
import type { NodeIdentity } from "../../io/node-key.ts";
import type { ResolvedOpenSsl } from "../../io/openssl.ts";
import type { Logger } from "../../log.ts";
import type { ProcessorReader } from "../../processors.ts";
import { WorkerBlock } from "../../ring/doorbell.ts";
import { type LocalAddress, localAddresses, unusedAdvertised } from "./addresses.ts";
import { HEARTBEAT_LOOK_MS, inMs, type Silence } from "./heartbeat.ts";
import { openLinkSockets } from "./link-sockets.ts";
import { MediaWorker, type MediaWorkerOptions } from "./media-worker.ts";
import { logOverload } from "./overload.ts";
import { passOn } from "./pass-on.ts";
import { leastLoaded } from "./placement.ts";
import type {
  IceRestart,
  LayerLimit,
  LocalCandidate,
  MediaPlane,
  PackagerPlane,
  PlaneEvents,
  PublisherOpen,
  PublisherRings,
  RelayPlane,
  ViewerOpen,
} from "./plane.ts";
import { RingLooks } from "./ring-looks.ts";
import { RingPool } from "./ring-pool.ts";
import { createRoster } from "./roster.ts";
import { SourceSwitches } from "./source-switches.ts";
import { Starvation } from "./starvation.ts";
import { StatsRequests } from "./stats-requests.ts";
import { openTcpDoor, type TcpDoor } from "./tcp-door.ts";
import { type OpenSockets, WorkerSockets } from "./worker-sockets.ts";

const NO_SOCKETS: OpenSockets = { fds: [], candidates: [] };

export interface PlaneOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly events: PlaneEvents;
  readonly openssl: ResolvedOpenSsl;
  readonly processors: ProcessorReader;
  /** Of this node in its cluster; null without one. */
  readonly identity: NodeIdentity | null;
}

/** Opens the sockets and starts the workers; throws when a port is taken or no address is usable. */
export function startPlane(options: PlaneOptions): MediaPlane {
  const { config } = options;
  const addresses = localAddresses({
    host: config.media.host,
    localFirst: isForThisMachine(config),
    advertise: config.advertise,
    interfaces: networkInterfaces(),
  });
  if (addresses.length === 0) {
    throw new Error("media: no usable local address (see --media and --advertise)");
  }
  for (const address of unusedAdvertised(config.advertise, addresses)) {
    const cause = "no local address that media is bound to leads there (see --media, --advertise)";
    options.log.warn("Advertised address is not used", { address, cause });
  }
  return new Workers(options, addresses);
}

class Workers implements MediaPlane {
  readonly fingerprint: string;
  private readonly workers: MediaWorker[] = [];
  private readonly sockets: WorkerSockets;
  private links: WorkerSockets | null = null;
  private readonly door: TcpDoor | null;
  private readonly pool: RingPool;
  private readonly switches = new SourceSwitches<MediaWorker>();
  private readonly statistics = new StatsRequests<MediaWorker>();
  private readonly looks = new RingLooks();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly starvation: Starvation;
  readonly relay: RelayPlane | null;
  readonly packager: PackagerPlane | null;

  constructor(
    private readonly options: PlaneOptions,
    addresses: readonly LocalAddress[],
  ) {
    const { config } = options;
    this.sockets = new WorkerSockets(addresses, config.media.port);
    this.starvation = new Starvation(options.processors);
    const { features, warning } = detectFeatures(config.portable);
    if (warning !== null) options.log.warn(warning);
    const certificate = createCertificate();
    this.fingerprint = certificate.fingerprint.value;
    this.pool = new RingPool(config.ringMemoryBytes, releasePages);
    const roster = createRoster(WORKER_KINDS, config.workers);
    // All ports first: a taken one must fail the start before any thread runs.
    const opened = roster.map(({ kind, port }) => {
      if (port >= 0) return this.sockets.open(port);
      return WORKER_KINDS[kind].hasLinks ? this.openLinks() : NO_SOCKETS;
    });
    this.door = openTcpDoor(config, options.log, (to, command) => this.workers[to]!.send(command));
    const bells = roster.map(() => ({
      block: WorkerBlock.create().buffer,
      doorbellFd: createEventFd(),
    }));
    const readers = roster.filter(({ reader }) => reader >= 0).map(({ number }) => number);
    for (const { number, kind, index, reader } of roster) {
      const { hasLinks } = WORKER_KINDS[kind];
      const setup: MediaWorkerOptions["setup"] = {
        kind,
        number,
        index,
        reader,
        sockets: opened[number]!.fds,
        bells,
        readers,
        certificate: hasLinks ? options.identity!.certificate : certificate,
        openssl: options.openssl.where,
        features,
        warmUp: config.warmUp,
        drills: config.drills,
      };
      this.workers.push(this.createWorker(setup, opened[number]!.candidates));
    }
    this.relay = this.relayAmong(this.workers);
    this.packager = this.workers.find(({ abilities }) => abilities.packages) ?? null;
    this.timer = setInterval(() => {
      this.look(monotonicUs());
      this.pool.grant();
    }, HEARTBEAT_LOOK_MS);
  }

  place(role: "publisher" | "viewer") {
    const worker = leastLoaded(this.workers, role);
    if (worker === null) return null;
    if (worker.overloaded) return "overloaded" as const;
    const candidates = [...worker.candidates, ...(this.door?.candidates ?? [])];
    return { worker: worker.number, workerName: worker.name, candidates };
  }

  openPublisher(worker: number, open: PublisherOpen): void {
    this.open(this.workers[worker]!, { type: "publisher-open", ...open });
  }

  grantRings(worker: number, grant: PublisherRings): void {
    this.workers[worker]!.send({ type: "publisher-rings", ...grant });
  }

  openViewer(worker: number, open: ViewerOpen): void {
    this.open(this.workers[worker]!, { type: "viewer-open", ...open });
  }

  restartIce(worker: number, restart: IceRestart): void {
    this.door?.expect(restart.localUfrag, worker, restart.session);
    this.workers[worker]!.send({ type: "ice-restart", ...restart });
  }

  limitLayers(worker: number, limit: LayerLimit): void {
    this.workers[worker]!.send({ type: "limit-layers", ...limit });
  }

  close(worker: number, session: number, reason: CloseReason): void {
    this.workers[worker]!.send({ type: "close", session, reason });
  }

  setSource(stream: number, source: StreamSource | null): Promise<void> {
    return this.switches.tell(stream, source, this.workers);
  }

  takeRing(kind: "audio" | "video", writer: number): RingGrant | null {
    assert(this.workers[writer]!.abilities.writesRings, "rings go to workers that write them");
    const ring = this.pool.take(kind);
    return ring === null ? null : { index: ring.index, buffer: ring.buffer, writer };
  }

  returnRing(ring: RingGrant): void {
    this.pool.give(ring);
  }

  hasRings(kinds: readonly ("audio" | "video")[]): boolean {
    return this.pool.has(kinds);
  }

  describeRing(ring: RingGrant) {
    return this.looks.describe(ring);
  }

  watchLayers(rings: readonly RingGrant[]) {
    return this.looks.layers(rings);
  }

  stats(worker: number, session: number | null): Promise<readonly SessionStats[]> {
    const asked = this.workers[worker]!;
    return this.statistics.ask(asked, (request) => asked.send({ type: "stats", request, session }));
  }

  rings() {
    return { inUse: this.pool.ringsInUse, bytes: this.pool.bytesUsed };
  }

  loads() {
    return this.workers.map((worker) => worker.load());
  }

  ready(): boolean {
    return this.workers.every((worker) => worker.ready);
  }

  drill(worker: number, drill: Drill): void {
    if (drill.kind === "segfault") process.kill(process.pid, "SIGSEGV");
    else this.workers[worker]?.send({ type: "drill", drill });
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.workers.map((worker) => worker.stop()));
    this.sockets.close();
    this.links?.close();
    this.door?.close();
  }

  get tcpRefusals() {
    return this.door?.refusals ?? null;
  }

  private openLinks(): OpenSockets {
    const { links, opened } = openLinkSockets(this.options.config.cluster!.link);
    this.links = links;
    return opened;
  }

  private look(now: number): void {
    const { processors } = this.options;
    const threads = this.workers.map(({ threadId }) =>
      threadId === 0 ? null : processors.thread(threadId),
    );
    const own = processors.thread(processors.pid);
    const pressure = this.starvation.round(now, [own, ...threads]);
    for (const [i, worker] of this.workers.entries()) worker.look(now, threads[i]!, pressure);
    const silent = this.workers.some(({ silentUs }) => silentUs > 0);
    if (silent) this.starvation.suspect(now);
    else this.starvation.calm();
  }

  private open(
    worker: MediaWorker,
    command: Extract<WorkerCommand, { type: "publisher-open" | "viewer-open" }>,
  ): void {
    worker.sessions.add(command.session);
    this.door?.expect(command.peer.localUfrag, worker.number, command.session);
    if (worker.send(command)) return;
    // Its worker was lost between placement and now; the caller is in the middle of its own work.
    this.dismiss(worker, command.session);
    queueMicrotask(() => this.options.events.closed(command.session, "worker-lost"));
  }

  private createWorker(
    setup: MediaWorkerOptions["setup"],
    candidates: readonly LocalCandidate[],
  ): MediaWorker {
    return new MediaWorker({
      setup,
      candidates,
      onEvent: (worker, event) => this.handleEvent(worker, event),
      onFault: (error) => this.options.events.fault(error),
      onLost: (worker, cause) => this.handleLost(worker, cause),
      onReplaced: ({ number, name }, cause) =>
        this.options.events.workerRestarted(number, name, cause),
      onLate: (worker, silence) => this.handleLate(worker, silence),
      onOverload: ({ name, overload }) => logOverload(this.options.log, name, overload),
      onStuck: (worker, cause) => this.handleStuck(worker, cause),
    });
  }

  private relayAmong(workers: readonly MediaWorker[]): RelayPlane | null {
    const worker = workers.find(({ abilities }) => abilities.hasLinks);
    if (worker === undefined) return null;
    const addresses = worker.candidates.map(({ address, port }) => formatHostPort(address, port));
    return { worker: worker.number, addresses, send: (command) => worker.send(command) };
  }

  private handleEvent(worker: MediaWorker, event: WorkerEvent): void {
    const { events, log } = this.options;
    if (event.type === "stats") this.statistics.answer(event.request, event.sessions);
    else if (event.type === "ready") this.handleReady(worker);
    else if (event.type === "connection-over") this.door?.over(event.fd);
    else if (event.type === "source-changed") this.switches.answered(worker, event.stream);
    else if (event.type === "log") {
      log[event.level](event.message, { worker: worker.name, ...event.fields });
    } else {
      if (event.type === "closed") this.dismiss(worker, event.session);
      passOn(event, events);
    }
  }

  private handleReady(worker: MediaWorker): void {
    this.switches.came(worker);
    if (worker.abilities.hasLinks) this.options.events.relayStarted();
    if (worker.abilities.packages) this.options.events.packagerStarted();
  }

  private handleLost(worker: MediaWorker, cause: string): void {
    const { events, log } = this.options;
    const fields = { worker: worker.name, cause, sessions: worker.sessions.size };
    log.error("Worker lost, starting it again", fields);
    if (worker.reader >= 0) this.pool.forgetReader(worker.reader);
    this.door?.workerLost(worker.number);
    const lost = [...worker.sessions];
    for (const session of lost) this.dismiss(worker, session);
    for (const session of lost) events.closed(session, "worker-lost");
    this.switches.gone(worker);
    this.statistics.gone(worker);
  }

  /** A session of the worker's is over. */
  private dismiss(worker: MediaWorker, session: number): void {
    worker.sessions.delete(session);
    this.door?.forget(session);
  }

  private handleLate(worker: MediaWorker, silence: Silence): void {
    this.options.log.warn("Worker was late: it got no processor", {
      ...{ worker: worker.name, ...inMs(silence), sessions: worker.sessions.size },
      ...this.starvation.blame(monotonicUs()),
    });
  }

  private handleStuck(worker: MediaWorker, cause: string): void {
    this.options.log.error("Worker cannot be ended, ending the process", {
      worker: worker.name,
      cause,
    });
    this.options.log.flush();
    // The supervisor starts it anew with threads that nobody else shares anything with.
    process.exit(1);
  }
}
