/**
 * The control thread as one object: what main wires to sockets, signals and workers. Its rooms, each
 * of which imports from those behind it only: http > bus > streams > plane.
 */
import type { Hono } from "hono";
import type { Config, StaticToken } from "../config.ts";
import type { CloseReason } from "../contract/session.ts";
import type { Logger } from "../log.ts";
import type { MachineTime } from "../processors.ts";
import { Announcer } from "./bus/announcer.ts";
import { EventHub } from "./bus/events.ts";
import { createFaults, type NoteFault } from "./bus/faults.ts";
import { Hook } from "./bus/hook.ts";
import { Metrics } from "./bus/metrics.ts";
import { createApp } from "./http/app.ts";
import { Authenticator } from "./http/auth.ts";
import type { AppEnv, Services } from "./http/context.ts";
import { loadKeys } from "./http/keys.ts";
import { describeOpenness, notOpened, opennessOf } from "./http/openness.ts";
import type { Pages } from "./http/page-routes.ts";
import { RateLimit } from "./http/rate-limit.ts";
import type { MediaPlane, PlaneEvents } from "./plane/plane.ts";
import { Sampler } from "./plane/sampler.ts";
import type { Clock, RandomBytes } from "./ports.ts";
import { lookForQuiet } from "./streams/quiet.ts";
import type { RegistryListener } from "./streams/registry.ts";
import { Registry } from "./streams/registry.ts";
import type { Session } from "./streams/session.ts";
import { StreamLayers } from "./streams/stream-layers.ts";
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
  readonly noteFault: NoteFault;
  ready(): boolean;
  /** What needs no token, in words. */
  openness(): string;
  /**
   * SIGHUP: tokens and keys of `config` count from now on; what is open without them can only become
   * less. Throws an Error, with everything as it was, for a bad key and when none is left.
   */
  reload(config: Config): Promise<void>;
  /** No new sessions; resolves when all viewers have left or drain-seconds are over. */
  drain(): Promise<void>;
  /** Ends every session and stops the media plane. */
  stop(): Promise<void>;
}

/** Workers get this long to say good-bye to their peers. */
const STOP_TIMEOUT_MS = 1000;
/** Players that listen hear of a layer that appears, dies or changes so soon. */
const LAYERS_LOOK_MS = 250;

export async function createControl(options: ControlOptions): Promise<Control> {
  const { config, clock, random, log } = options;
  const keys = await loadKeys(config.auth.keys, options.readFile);
  let registry: Registry | null = null;
  const metrics = new Metrics();
  const noteFault = createFaults(log, (place) => metrics.fault(place));
  const plane = await options.plane({
    connected: (session, path, profile) => registry?.connected(session, path, profile),
    moved: (session, path) => {
      const from = registry?.sessions.moved(session, path) ?? null;
      if (from !== null) log.info("Session moved", { ...about(from.session), from: from.path });
    },
    closed: (session, reason) => registry?.closed(session, reason),
    firstMedia: (session, afterUs) => registry?.firstMedia(session, afterUs),
    layer: (session, layer) => registry?.layer(session, layer),
    workerRestarted: (worker, name, cause) => registry?.workerRestarted(worker, name, cause),
    fault: (error) => noteFault("worker event", error),
  });
  const layers = new StreamLayers(plane, clock);
  const events = new EventHub(clock, random);
  const announcer = new Announcer({
    hub: events,
    layers,
    clock,
    streamOf: (session) => registry!.streamOf(session),
  });
  const hook = new Hook({ config: config.hook, fetch: options.fetch ?? fetch, log });
  const gate = new Gate();
  const listener = listen({ announcer, hook, metrics, log, gate, clock });
  registry = new Registry({ plane, clock, random, log, listener });
  const services: Services = {
    config,
    plane,
    clock,
    random,
    log,
    version: options.version,
    registry,
    auth: new Authenticator({ config, keys, clock, ownToken: options.ownToken ?? null }),
    hook,
    rateLimit: new RateLimit(config.limits.postsPerSecond),
    announcer,
    events,
    layers,
    metrics,
    noteFault,
    draining: () => gate.draining,
  };
  return assemble(options, services, gate);
}

function assemble(options: ControlOptions, services: Services, gate: Gate): Control {
  const { plane, registry, clock, metrics, hook, announcer, events, layers } = services;
  const sampler = new Sampler(plane);
  const ready = () => !gate.draining && plane.ready() && (options.readyWhen?.() ?? true);
  const app = createApp({
    services,
    sampler,
    startedUs: clock.now(),
    rssBytes: () => options.usage().rssBytes,
    pages: options.pages,
    ready,
    metricsText: () => {
      const { rssBytes, cpuUs } = options.usage();
      const hookDropped = hook.dropped;
      return metrics.text({
        plane,
        registry,
        sampler,
        rssBytes,
        cpuSeconds: cpuUs / 1e6,
        hookDropped,
      });
    },
  });
  const repeat = options.every ?? every;
  const guarded = (milliseconds: number, task: () => void) =>
    repeat(milliseconds, () => {
      try {
        task();
      } catch (error) {
        services.noteFault("timer", error);
      }
    });
  const cancelLayers = guarded(LAYERS_LOOK_MS, () => {
    lookForQuiet(registry.streams.values(), plane, {
      active: (stream) => announcer.active(stream),
      inactive: (stream) => announcer.inactive(stream),
    });
    announcer.tickLayers();
  });
  const cancelSecond = guarded(1000, () => {
    registry.tick();
    for (const stream of registry.streams.values()) layers.update(stream);
    announcer.tick();
    events.heartbeat();
    const { cpuUs, machine } = options.usage();
    sampler.tick(clock.now(), cpuUs, machine);
    services.rateLimit.sweep(clock.now());
    services.log.flush();
  });
  return {
    app,
    plane,
    registry,
    ready,
    noteFault: services.noteFault,
    openness: () => describeOpenness(services.auth.openness),
    reload: async (config) => {
      const before = services.auth.openness;
      services.auth.replace(config, await loadKeys(config.auth.keys, options.readFile));
      const wider = notOpened(before, opennessOf(config));
      if (wider.length === 0) return;
      const what = wider.join(", ");
      services.log.warn("A reload opens nothing: this takes a restart", { what });
    },
    drain: () => drain(services, gate),
    stop: async () => {
      gate.draining = true;
      for (const session of [...registry.sessions.all()]) registry.end(session, "shutdown");
      await within(
        STOP_TIMEOUT_MS,
        gate.whenEmpty(() => registry.sessions.held === 0),
      );
      cancelLayers();
      cancelSecond();
      await within(STOP_TIMEOUT_MS, hook.settled());
      await plane.stop();
    },
  };
}

async function drain(services: Services, gate: Gate): Promise<void> {
  const { config, registry, announcer } = services;
  gate.draining = true;
  if (config.redirectUrl !== null) {
    // Their next POST is sent to the other node.
    for (const session of registry.sessions.all()) announcer.reconnect(session);
  }
  await within(
    config.drainSeconds * 1000,
    gate.whenEmpty(() => registry.count("viewer") === 0),
  );
}

/** Knows whether new sessions may come, and wakes those who wait for the last to go. */
class Gate {
  draining = false;
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  whenEmpty(done: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ done, resolve });
    this.changed();
    return promise;
  }

  changed(): void {
    for (const { done, resolve } of this.#waiting) if (done()) resolve();
  }
}

interface Listeners {
  readonly announcer: Announcer;
  readonly hook: Hook;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly gate: Gate;
  readonly clock: Clock;
}

/** Tells everyone concerned what happens in the registry. */
function listen(parts: Listeners): RegistryListener {
  const { announcer, hook, metrics, log, gate } = parts;
  const tell = (session: Session, joined: boolean, reason: CloseReason | null): void => {
    const viewer = session.kind === "viewer";
    hook.tell({
      event: joined
        ? viewer
          ? "viewer-joined"
          : "published"
        : viewer
          ? "viewer-left"
          : "unpublished",
      stream: session.stream,
      session: session.publicId,
      address: session.address,
      reason,
    });
  };
  return {
    active: (stream) => announcer.active(stream),
    inactive: (stream) => announcer.inactive(stream),
    joined: (session) => {
      metrics.connected(session);
      tell(session, true, null);
      log.info(session.kind === "viewer" ? "Viewer joined" : "Publisher connected", about(session));
    },
    left: (session, reason, wasConnected) => {
      announcer.left(session, reason);
      metrics.ended(session, reason);
      if (wasConnected) tell(session, false, reason);
      log.info(session.kind === "viewer" ? "Viewer left" : "Publisher gone", {
        ...about(session),
        reason,
      });
    },
    gone: () => gate.changed(),
    firstMedia: (_session, afterUs) => metrics.firstMedia(afterUs),
    layer: (session) => announcer.layer(session),
  };
}

function about(session: Session): Record<string, string | null> {
  return {
    stream: session.stream,
    session: session.publicId,
    worker: session.workerName,
    path: session.path,
  };
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  timer.unref();
  return () => clearInterval(timer);
}
