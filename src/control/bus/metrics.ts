/** GET /metrics: the Prometheus text format, version 0.0.4. */

import type { ClusterState } from "../../contract/cluster.ts";
import type { CounterName } from "../../contract/counters.ts";
import { COUNTER_NAMES, GAUGES } from "../../contract/counters.ts";
import { WORKER_KINDS } from "../../contract/workers.ts";
import type { NamesState } from "../etcd/etcd-names.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Sampler } from "../plane/sampler.ts";
import type { Registry } from "../streams/registry.ts";
import type { Remark } from "../streams/remark.ts";
import type { Fullness } from "../streams/room.ts";
import type { Tails } from "../streams/tails.ts";
import { writeArchiveMetrics } from "./archive-metrics.ts";
import type { Sink } from "./bus.ts";
import { writeClusterMetrics, writeNamesMetrics } from "./cluster-metrics.ts";
import type { Discussions } from "./discussions.ts";
import { Exposition } from "./exposition.ts";
import type { FaultPlace } from "./faults.ts";
import { TAIL_COUNTERS, writeTailMetrics } from "./tail-metrics.ts";

export type Refusal =
  | "rate-limit"
  | "session-limit"
  | "pending-limit"
  | "viewer-limit"
  | "ring-memory"
  | "not-live"
  | "overload"
  | "capacity"
  | "names"
  | "ticket"
  | "hls-memory"
  | "hls-waiting"
  | "events-open"
  | "events-rate"
  | "events-busy";

/** Upper bounds of the join histogram, in seconds. */
const JOIN_BUCKETS = [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5];

/** Counts of the control thread; the workers' own live in shared memory. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #refused = new Map<Refusal, number>();
  readonly #sentOn = new Map<Fullness, number>();
  readonly #ended = new Map<string, number>();
  readonly #faults = new Map<FaultPlace, number>();
  readonly #remarks = new Map<Remark["type"], number>();
  readonly #connected = { publisher: 0, viewer: 0 };
  readonly #joins = new Array<number>(JOIN_BUCKETS.length + 1).fill(0);
  #joinSeconds = 0;

  /** Routes and statuses are few, whatever clients ask for. */
  request(route: string, method: string, status: number): void {
    const known = METHODS.has(method) ? method : "other";
    count(this.#requests, `route="${route}",method="${known}",status="${status}"`);
  }

  refused(reason: Refusal): void {
    count(this.#refused, reason);
  }

  /** A viewer goes to another node. */
  sentOn(reason: Fullness): void {
    count(this.#sentOn, reason);
  }

  fault(place: FaultPlace): void {
    count(this.#faults, place);
  }

  readonly hear: Sink = (event) => {
    if (event.type === "joined") this.#connected[event.session.kind] += 1;
    else if (event.type === "remark") count(this.#remarks, event.remark.type);
    else if (event.type === "first-media") this.#firstMedia(event.afterUs);
    else if (event.type === "left") {
      count(this.#ended, `kind="${event.session.kind}",reason="${event.reason}"`);
    }
  };

  #firstMedia(afterUs: number): void {
    const seconds = afterUs / 1e6;
    const bucket = JOIN_BUCKETS.findIndex((bound) => seconds <= bound);
    this.#joins[bucket < 0 ? JOIN_BUCKETS.length : bucket]! += 1;
    this.#joinSeconds += seconds;
  }

  /** The whole page. */
  text(parts: {
    readonly plane: MediaPlane;
    readonly registry: Registry;
    readonly sampler: Sampler;
    readonly rssBytes: number;
    readonly cpuSeconds: number;
    readonly hookDropped: number;
    /** Null where streams have none. */
    readonly tails: Tails | null;
    readonly discussions: Pick<Discussions, "kept" | "listening">;
    /** Null where the server belongs to no cluster. */
    readonly cluster: ClusterState | null;
    /** Null where the nodes decide among each other whose a name is. */
    readonly names: NamesState | null;
  }): string {
    const out = new Exposition();
    this.#sessions(out, parts.registry);
    refusedByTcp(out, parts.plane.tcpRefusals);
    this.#http(out);
    out.family("hook_notices_dropped_total", "counter", "Notices the hook was too slow for.");
    out.value("hook_notices_dropped_total", "", parts.hookDropped);
    const rings = parts.plane.rings();
    out.family("rings", "gauge", "Rings that publishers hold.");
    out.value("rings", "", rings.inUse);
    out.family("ring_bytes", "gauge", "Memory granted to rings.");
    out.value("ring_bytes", "", rings.bytes);
    adaptation(out, parts.plane);
    workers(out, parts.plane, parts.sampler);
    writeTailMetrics(out, parts.tails, parts.plane);
    writeArchiveMetrics(out, parts.tails?.archive ?? null);
    this.#events(out, parts.discussions);
    writeClusterMetrics(out, parts.cluster, this.#sentOn);
    writeNamesMetrics(out, parts.names);
    out.family("process_resident_memory_bytes", "gauge", "Memory of the process.");
    out.value("process_resident_memory_bytes", "", parts.rssBytes);
    out.family("process_cpu_seconds_total", "counter", "CPU time of the process.");
    out.value("process_cpu_seconds_total", "", parts.cpuSeconds);
    return out.toString();
  }

  #sessions(out: Exposition, registry: Registry): void {
    let live = 0;
    for (const stream of registry.streams.values()) if (stream.source !== null) live += 1;
    out.family("streams", "gauge", "Streams with a connected publisher.");
    out.value("streams", "", live);
    out.family("publishers", "gauge", "Publisher sessions.");
    out.value("publishers", "", registry.count("publisher"));
    out.family("viewers", "gauge", "Viewer sessions.");
    out.value("viewers", "", registry.count("viewer"));
    transports(out, registry);
    out.family("sessions_connected_total", "counter", "Sessions whose media path stood.");
    for (const kind of ["publisher", "viewer"] as const) {
      out.value("sessions_connected_total", `kind="${kind}"`, this.#connected[kind]);
    }
    out.family("sessions_ended_total", "counter", "Sessions by why they ended.");
    for (const [labels, total] of this.#ended) out.value("sessions_ended_total", labels, total);
    out.family(
      "refused_total",
      "counter",
      "POSTs, and GETs under /hls/ and /events/, refused, by reason.",
    );
    for (const [reason, total] of this.#refused) {
      out.value("refused_total", `reason="${reason}"`, total);
    }
  }

  #events(out: Exposition, { kept, listening }: Pick<Discussions, "kept" | "listening">): void {
    out.family("events_total", "counter", "Events of streams that were told, by type.");
    for (const [type, total] of this.#remarks) out.value("events_total", `type="${type}"`, total);
    out.family("events_kept", "gauge", "Those that are kept for who comes later.");
    out.value("events_kept", "", kept);
    out.family("events_listening", "gauge", "Requests to /events/ that are open.");
    out.value("events_listening", "", listening);
  }

  #http(out: Exposition): void {
    out.family("http_requests_total", "counter", "HTTP requests.");
    for (const [labels, total] of this.#requests) out.value("http_requests_total", labels, total);
    out.family("control_faults_total", "counter", "What made the control thread throw, by place.");
    for (const [place, total] of this.#faults) {
      out.value("control_faults_total", `place="${place}"`, total);
    }
    out.family("join_seconds", "histogram", "From a viewer's POST to its first keyframe sent.");
    let total = 0;
    for (const [index, joins] of this.#joins.entries()) {
      total += joins;
      out.value("join_seconds_bucket", `le="${JOIN_BUCKETS[index] ?? "+Inf"}"`, total);
    }
    out.value("join_seconds_sum", "", this.#joinSeconds);
    out.value("join_seconds_count", "", total);
  }
}

/** Connected sessions by kind and what carries their media. */
function transports(out: Exposition, registry: Registry): void {
  const counts = new Map<string, number>();
  for (const kind of ["publisher", "viewer"]) {
    for (const by of ["udp", "tcp"]) counts.set(`kind="${kind}",transport="${by}"`, 0);
  }
  for (const { kind, connection } of registry.sessions.all()) {
    if (connection !== null) count(counts, `kind="${kind}",transport="${connection.transport}"`);
  }
  out.family("sessions", "gauge", "Connected sessions, by what carries their media.");
  for (const [labels, total] of counts) out.value("sessions", labels, total);
}

/** Clients that connected by TCP and were sent away. */
function refusedByTcp(out: Exposition, refusals: MediaPlane["tcpRefusals"]): void {
  if (refusals === null) return;
  out.family(
    "tcp_refused_total",
    "counter",
    "Connections to the port of --ice-tcp that came to nothing, by reason: no-check (something else was said), late (nothing was), unknown (of no session), address and crowd (too many that had not told), session (too many of one).",
  );
  for (const [reason, total] of refusals) {
    out.value("tcp_refused_total", `reason="${reason}"`, total);
  }
}

const METHODS = new Set(["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** What is told in families of their own, with labels. */
const ADAPTATION: readonly {
  readonly family: string;
  readonly help: string;
  /** Counter by label; "" for none. */
  readonly counters: Readonly<Partial<Record<CounterName, string>>>;
}[] = [
  {
    family: "layer_switches_total",
    help: "Changes of the layer that a viewer is to get, by direction.",
    counters: { layerUpgrades: 'direction="up"', layerDowngrades: 'direction="down"' },
  },
  {
    family: "probe_clusters_total",
    help: "Bursts sent to find out whether a viewer's path carries more.",
    counters: { probeClusters: "" },
  },
  {
    family: "probe_clusters_succeeded_total",
    help: "Those after which the estimate rose.",
    counters: { probesSucceeded: "" },
  },
  {
    family: "estimate_bits_per_second",
    help: "What the viewers' paths are believed to carry, all together.",
    counters: { estimateBps: "" },
  },
  {
    family: "freezes_total",
    help: "Gaps of more than 250 ms in the video sent to a viewer, by reason: source (nothing came), switch (no keyframe came), pacing (held back for the path).",
    counters: {
      freezesSource: 'reason="source"',
      freezesSwitch: 'reason="switch"',
      freezesPacing: 'reason="pacing"',
    },
  },
];

function adaptation(out: Exposition, plane: MediaPlane): void {
  const loads = plane.loads().filter((load) => WORKER_KINDS[load.kind].serves === "viewer");
  for (const { family, help, counters } of ADAPTATION) {
    const labelled = Object.entries(counters) as [CounterName, string][];
    out.family(family, typeOf(labelled[0]![0]), help);
    for (const [counter, label] of labelled) {
      for (const load of loads) {
        const labels = `worker="${load.name}"${label === "" ? "" : `,${label}`}`;
        out.value(family, labels, load.counters[counter]);
      }
    }
  }
}

/** What is not told of each worker by its name. */
const APART = new Set([
  ...ADAPTATION.flatMap(({ counters }) => Object.keys(counters)),
  ...Object.keys(TAIL_COUNTERS),
]);

function typeOf(counter: CounterName): "counter" | "gauge" {
  return GAUGES.has(counter) ? "gauge" : "counter";
}

function workers(out: Exposition, plane: MediaPlane, sampler: Sampler): void {
  const loads = plane.loads();
  for (const counter of COUNTER_NAMES) {
    if (APART.has(counter)) continue;
    const type = typeOf(counter);
    const name = `worker_${snake(counter)}${type === "gauge" ? "" : "_total"}`;
    out.family(name, type, `Of each media worker: ${words(counter)}.`);
    for (const load of loads) out.value(name, `worker="${load.name}"`, load.counters[counter]);
  }
  out.family("worker_load", "gauge", "Share of the time that a worker is busy, 0 to 1.");
  out.family("worker_loop_lag_seconds", "gauge", "Longest turn of a worker's loop.");
  out.family("worker_restarts_total", "counter", "Times that a worker was replaced.");
  out.family("worker_ready", "gauge", "1 while the worker accepts sessions.");
  const overloaded = "1 while the worker has too much to do and refuses newcomers.";
  out.family("worker_overloaded", "gauge", overloaded);
  const late = "Times that a worker gave no sign of life for a second since it got no processor.";
  out.family("worker_starved_total", "counter", late);
  const waited = "Time that a worker was ready to run and waited for a processor.";
  out.family("worker_waited_seconds_total", "counter", waited);
  for (const load of loads) {
    const label = `worker="${load.name}"`;
    const rates = sampler.ratesOf(load.name);
    out.value("worker_load", label, rates.load);
    out.value("worker_loop_lag_seconds", label, rates.loopLagMs / 1000);
    out.value("worker_restarts_total", label, load.restarts);
    out.value("worker_ready", label, load.ready ? 1 : 0);
    out.value("worker_overloaded", label, load.overloaded ? 1 : 0);
    out.value("worker_starved_total", label, load.starved);
    out.value("worker_waited_seconds_total", label, load.waitedUs / 1e6);
  }
  const shares = "Who had the machine's processors in the last second, 0 to 1.";
  out.family("processor_share", "gauge", shares);
  for (const [user, share] of Object.entries(sampler.processors ?? {})) {
    out.value("processor_share", `user="${user}"`, share);
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
