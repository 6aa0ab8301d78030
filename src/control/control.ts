/**
 * The control thread as one object: what main wires to sockets, signals and workers. Its rooms, each
 * of which imports from those behind it only: http > bus > streams > plane.
 */
import type { Hono } from "hono";
import { changedUntilRestart } from "../config/restart.ts";
import type { Config, StaticToken } from "../config.ts";
import type { Logger } from "../log.ts";
import type { MachineTime } from "../processors.ts";
import { Announcer } from "./bus/announcer.ts";
import { Bus } from "./bus/bus.ts";
import { Discussions } from "./bus/discussions.ts";
import { EventHub } from "./bus/events.ts";
import { createFaults, type NoteFault } from "./bus/faults.ts";
import { Gate } from "./bus/gate.ts";
import { Hook } from "./bus/hook.ts";
import { tellHook } from "./bus/hook-notices.ts";
import { Metrics } from "./bus/metrics.ts";
import { type Early, planeEvents } from "./bus/plane-events.ts";
import { startRemarks } from "./bus/remark-links.ts";
import { logSessions } from "./bus/session-log.ts";
import { createApp, type Services } from "./http/app.ts";
import { Authenticator } from "./http/auth.ts";
import type { AppEnv } from "./http/context.ts";
import { startHandover } from "./http/handover.ts";
import { KeptGrants } from "./http/kept-grants.ts";
import { loadKeys } from "./http/keys.ts";
import { describeOpenness, notOpened, opennessOf } from "./http/openness.ts";
import type { Pages } from "./http/page-routes.ts";
import { RateLimit } from "./http/rate-limit.ts";
import { streamOptions } from "./http/stream-options.ts";
import type { MediaPlane, PlaneEvents } from "./plane/plane.ts";
import { Sampler } from "./plane/sampler.ts";
import type { Clock, RandomBytes } from "./ports.ts";
import { answerNode } from "./streams/cluster-answers.ts";
import { lookForQuiet } from "./streams/quiet.ts";
import { Registry } from "./streams/registry.ts";
import { HELD_REQUESTS, Seats } from "./streams/seats.ts";
import { SourceRates } from "./streams/source-rates.ts";
import { STANDBYS_LOOK_MS } from "./streams/standbys.ts";
import { type ClusterGround, startCluster } from "./streams/start-cluster.ts";
import { type ArchiveGround, startTails } from "./streams/start-tails.ts";
import { StreamLayers } from "./streams/stream-layers.ts";
import type { ViewerSession } from "./streams/viewer-session.ts";
import { within } from "./within.ts";

export interface ControlOptions {
  readonly config: Config;
  /** Starts the media plane; it reports to `events` from then on. */
  readonly plane: (events: PlaneEvents) => MediaPlane | Promise<MediaPlane>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** A token for this process's own publisher. */
  readonly ownToken?: StaticToken | null;
  readonly pages: Pages;
  readonly log: Logger;
  readonly version: string;
  /** Text of a key file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  /** Memory of the process and the CPU time that it has used, beside the whole machine's. */
  readonly usage: () => {
    readonly rssBytes: number;
    readonly cpuUs: number;
    readonly machine: MachineTime | null;
  };
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Where the configuration has a cluster. */
  readonly cluster?: ClusterGround | null;
  /** Where streams are recorded. */
  readonly archive?: ArchiveGround | null;
  /** A further condition of /readyz. */
  readonly readyWhen?: () => boolean;
  /** Runs `work` every `ms` until the returned function is called. */
  readonly every?: (ms: number, work: () => void) => () => void;
}

export interface Control {
  /** `app.fetch(request, { address, secure })` with the socket's remote address. */
  readonly app: Hono<AppEnv>;
  readonly plane: MediaPlane;
  readonly registry: Registry;
  /** What happens to streams and sessions, for whoever wants to hear of it. */
  readonly bus: Bus;
  readonly noteFault: NoteFault;
  ready(): boolean;
  /** What needs no token, in words. */
  openness(): string;
  /**
   * SIGHUP: tokens and keys of `config` count from now on; what is open without them can only become
   * less. Throws an Error, with everything as it was, for a bad key and when none is left. Returns the keys
   * that count from the next start on.
   */
  reload(config: Config): Promise<readonly string[]>;
  /** No new sessions; resolves when all viewers have left or drain-seconds are over. */
  drain(): Promise<void>;
  /** Ends every session and stops the media plane. */
  stop(): Promise<void>;
}

/** Workers get this long to say good-bye to their peers. */
const STOP_TIMEOUT_MS = 1000;
/** Addresses of seeds are looked up so often. */
const SEEDS_LOOK_MS = 30_000;
/** Nodes that have streams of others from here get this long to find another parent. */
const CHILDREN_TIMEOUT_MS = 5_000;
/** Players that listen hear of a layer that appears, dies or changes so soon. */
const LAYERS_LOOK_MS = 250;

export async function createControl(options: ControlOptions): Promise<Control> {
  const { config, clock, random, log } = options;
  const keys = await loadKeys(config.auth.keys, options.readFile);
  const metrics = new Metrics();
  const noteFault = createFaults(log, (place) => metrics.fault(place));
  const bus = new Bus((error) => noteFault("event sink", error));
  // The plane reports from its start on, to a registry that needs the plane.
  const early: Early = { registry: null, cluster: null, tails: null, remarks: null };
  const plane = await options.plane(planeEvents(early, log, noteFault));
  const registry = new Registry({ plane, clock, random, log, publish: (e) => bus.publish(e) });
  const { streams } = registry;
  const cluster = startCluster(options, plane, registry);
  const seats = new Seats(HELD_REQUESTS);
  const discussions = new Discussions({ streams, cluster, clock, publish: (e) => bus.publish(e) });
  const remarks = startRemarks(plane, streams, discussions);
  const ground = { streams, seats, saidOf: (name: string) => discussions.since(name, 0) };
  const tails = startTails(options, plane, ground, (name) => streamOptions(config, name));
  Object.assign(early, { registry, cluster, tails, remarks } satisfies Early);
  const layers = new StreamLayers(plane, clock);
  const sampler = new Sampler(plane);
  const hub = new EventHub(clock, random);
  const streamOf = (session: ViewerSession) => registry.streamOf(session);
  const announcer = new Announcer({ hub, layers, discussions, clock, streamOf });
  const hook = new Hook({ config: config.hook, fetch: options.fetch ?? fetch, log });
  const gate = new Gate();
  const parts = { plane, sampler, registry, metrics, clock, random, gate };
  const services: Services = {
    ...{ config, plane, clock, random, log, registry, cluster, tails },
    version: options.version,
    handover: startHandover(config, cluster, parts),
    allowed: new KeptGrants(),
    auth: new Authenticator({ config, keys, clock, ownToken: options.ownToken ?? null }),
    hook,
    rateLimit: new RateLimit(config.limits.postsPerSecond),
    announcer,
    discussions,
    seats,
    events: hub,
    layers,
    rates: new SourceRates(plane, clock),
    metrics,
    noteFault,
    draining: () => gate.draining,
  };
  connect(services, bus, gate);
  if (remarks !== null) bus.subscribe(remarks.hear);
  return new Running(options, services, sampler, bus, gate);
}

/** Who hears of what happens, and who answers other nodes. */
function connect(services: Services, bus: Bus, gate: Gate): void {
  const { announcer, discussions, metrics, hook, log, cluster, tails } = services;
  const own = [announcer.hear, discussions.hear, metrics.hear, tellHook(hook), logSessions(log)];
  for (const hear of [...own, gate.hear, cluster?.hear, tails?.hear]) if (hear) bus.subscribe(hear);
  if (cluster === null) return;
  cluster.asks.answerer = (question, by) => answerNode(services, question, by);
}

class Running implements Control {
  readonly app: Hono<AppEnv>;
  readonly plane: MediaPlane;
  readonly registry: Registry;
  readonly noteFault: NoteFault;
  readonly #options: ControlOptions;
  readonly #services: Services;
  readonly #gate: Gate;
  readonly #sampler: Sampler;
  readonly #cancel: readonly (() => void)[];

  constructor(
    options: ControlOptions,
    services: Services,
    sampler: Sampler,
    readonly bus: Bus,
    gate: Gate,
  ) {
    this.plane = services.plane;
    this.registry = services.registry;
    this.noteFault = services.noteFault;
    this.#options = options;
    this.#services = services;
    this.#gate = gate;
    this.#sampler = sampler;
    this.app = createApp({
      services,
      sampler: this.#sampler,
      startedUs: services.clock.now(),
      rssBytes: () => options.usage().rssBytes,
      pages: options.pages,
      ready: () => this.ready(),
      metricsText: () => this.#metricsText(),
    });
    this.#cancel = [
      this.#repeat(LAYERS_LOOK_MS, () => this.#lookAtLayers()),
      this.#repeat(STANDBYS_LOOK_MS, () =>
        this.registry.standbys.look(this.registry.streams.values()),
      ),
      this.#repeat(1000, () => this.#tick()),
      this.#repeat(SEEDS_LOOK_MS, () => this.#resolveSeeds()),
    ];
    this.#resolveSeeds();
  }

  ready(): boolean {
    return !this.#gate.draining && this.plane.ready() && (this.#options.readyWhen?.() ?? true);
  }

  openness(): string {
    return describeOpenness(this.#services.auth.openness);
  }

  async reload(config: Config): Promise<readonly string[]> {
    const { auth, log } = this.#services;
    const before = auth.openness;
    auth.replace(config, await loadKeys(config.auth.keys, this.#options.readFile));
    if (config.cluster !== null) this.#services.cluster?.reload(config.cluster);
    const wider = notOpened(before, opennessOf(config));
    if (wider.length > 0) {
      log.warn("A reload opens nothing: this takes a restart", { what: wider.join(", ") });
    }
    const changed = changedUntilRestart(this.#services.config, config);
    if (changed.length > 0) {
      log.warn("A reload does not read these: they take a restart", { what: changed.join(", ") });
    }
    return [...wider, ...changed];
  }

  async drain(): Promise<void> {
    const { config, registry, announcer, handover } = this.#services;
    this.#gate.draining = true;
    const children = this.#services.cluster?.drain(config.drainSeconds * 1000);
    if (config.redirectUrl !== null || handover?.leads === true) {
      // Their next POST is sent to the other node.
      for (const session of registry.sessions.all()) {
        if (session.kind === "viewer") announcer.reconnect(session);
      }
    }
    // Nodes first: each has viewers of its own.
    if (children !== undefined) await within(CHILDREN_TIMEOUT_MS, children);
    await within(
      config.drainSeconds * 1000,
      this.#gate.whenEmpty(() => registry.count("viewer") === 0),
    );
  }

  async stop(): Promise<void> {
    const { registry, hook, plane, cluster, discussions, tails } = this.#services;
    this.#gate.draining = true;
    for (const session of [...registry.sessions.all()]) registry.end(session, "shutdown");
    await within(
      STOP_TIMEOUT_MS,
      this.#gate.whenEmpty(() => registry.sessions.held === 0),
    );
    if (tails !== null) await within(STOP_TIMEOUT_MS, tails.stop());
    for (const cancel of this.#cancel) cancel();
    discussions.stop();
    await within(STOP_TIMEOUT_MS, hook.settled());
    if (cluster !== null) await within(STOP_TIMEOUT_MS, cluster.leave());
    await plane.stop();
  }

  #metricsText(): string {
    const { plane, registry, metrics, hook, cluster, tails, discussions } = this.#services;
    const { rssBytes, cpuUs } = this.#options.usage();
    return metrics.text({
      plane,
      registry,
      sampler: this.#sampler,
      rssBytes,
      cpuSeconds: cpuUs / 1e6,
      hookDropped: hook.dropped,
      tails,
      discussions,
      cluster: cluster?.state ?? null,
      names: cluster?.names?.state ?? null,
    });
  }

  #lookAtLayers(): void {
    const { registry, plane, announcer } = this.#services;
    lookForQuiet(registry.streams.values(), plane, (event) => this.bus.publish(event));
    announcer.tickLayers();
    this.#services.cluster?.tick();
    this.#services.tails?.tick();
    this.#services.discussions.tick();
  }

  /** Also those that had no address, or another one, the last time. */
  #resolveSeeds(): void {
    const { cluster, config } = this.#services;
    const { cluster: ground } = this.#options;
    if (cluster === null || !ground || config.cluster === null) return;
    ground.resolve(config.cluster.join).then(
      (addresses) => cluster.setSeeds(addresses),
      (error) => this.noteFault("timer", error),
    );
  }

  #tick(): void {
    const { registry, layers, rates, announcer, events, clock, rateLimit, log } = this.#services;
    registry.tick();
    for (const stream of registry.streams.values()) {
      layers.update(stream);
      if (stream.source !== null) rates.update(stream.source);
    }
    announcer.tick();
    events.heartbeat();
    this.#services.discussions.heartbeat();
    const { cpuUs, machine } = this.#options.usage();
    this.#sampler.tick(clock.now(), cpuUs, machine);
    this.#services.handover?.room.look();
    rateLimit.sweep(clock.now());
    log.flush();
  }

  /** Until the returned function is called; one turn that throws costs that turn. */
  #repeat(ms: number, work: () => void): () => void {
    const repeat = this.#options.every ?? every;
    return repeat(ms, () => {
      try {
        work();
      } catch (error) {
        this.noteFault("timer", error);
      }
    });
  }
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  timer.unref();
  return () => clearInterval(timer);
}
