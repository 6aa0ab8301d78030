import { seeded } from "../support/random.ts";
import { Browser, type ReceiverKind } from "./browser.ts";
import { BulkFlow } from "./bulk-flow.ts";
import { Link, type LinkOptions } from "./link.ts";
import { IP_UDP_BYTES, type SimPacket } from "./packet.ts";
import { type Layering, Publisher } from "./publisher.ts";
import { type RateTrace, steps } from "./rate-trace.ts";
import { readPacket } from "./read-packet.ts";
import { type Send, Server } from "./server.ts";
import { Timeline } from "./timeline.ts";

export const LAYERS = [100_000, 500_000, 1_500_000, 2_500_000] as const;
const TICK_US = 1000;
const START_US = 10_000_000;
/** The publisher is there before its viewers, and its only keyframe too old to join at. */
const KEYFRAME_AGE_US = 5_000_000;
const SRTCP_BYTES = 20;
/** Levels and estimates are sampled so often. */
export const SAMPLE_US = 100_000;
const SAMPLE_TICKS = SAMPLE_US / TICK_US;

export interface Scenario extends Partial<Layering> {
  readonly seconds: number;
  readonly rate: RateTrace;
  /** Both ways together, without queues. Default 40 ms. */
  readonly rttUs?: number;
  /** Queue in ms at the rate of the start. Default 300. */
  readonly queueMs?: number;
  readonly link?: Omit<LinkOptions, "rate" | "queueBytes" | "delayUs">;
  /** Loss of what comes back. */
  readonly lossBack?: number;
  readonly viewers?: number;
  /** What comes back; transport-cc by default. */
  readonly receiver?: ReceiverKind;
  /** Of the newest keyframe when the viewers join. */
  readonly keyframeAgeUs?: number;
  /** The worker's patience with what ends no frame, us; by default it has none. */
  readonly patienceUs?: number;
  /** A bulk transfer from, to (seconds). */
  readonly bulk?: readonly [number, number];
}

/** One viewer's run. */
export interface ViewerRun {
  readonly browser: Browser;
  /** Step of the ladder that flows, each 100 ms. */
  readonly levels: Int8Array;
  /** Estimate in bits a second, each 100 ms. */
  readonly estimates: Float64Array;
}

export interface Run {
  readonly viewers: readonly ViewerRun[];
  /** Bits a second on the wire of each step, rising. */
  readonly ladder: readonly number[];
  /** Queue of the bottleneck in us, each ms. */
  readonly queue: Float64Array;
  readonly link: Link;
  readonly bulkBytes: number;
}

/** Runs a scenario in virtual time. The same seed gives the same run. */
export function simulate(scenario: Scenario, seed: number): Run {
  const random = seeded(seed);
  const ticks = scenario.seconds * 1000;
  const delayUs = (scenario.rttUs ?? 40_000) / 2;
  const first = scenario.rate.bps[0]!;
  const queueBytes = Math.max(8_000, (first * (scenario.queueMs ?? 300)) / 8000);
  const rate = shifted(scenario.rate);
  const link = new Link(random, { ...scenario.link, rate, queueBytes, delayUs });
  const { layers = LAYERS, mode = "L1T1", spreadUs } = scenario;
  const server: Server = new Server(random, () => publisher);
  server.patience = scenario.patienceUs ?? 0;
  const publisher = new Publisher(random, { layers, mode, spreadUs }, (ring) =>
    server.egress.mark(ring),
  );
  const published = START_US - (scenario.keyframeAgeUs ?? KEYFRAME_AGE_US);
  for (let now = published; now < START_US; now += TICK_US) publisher.tick(now);
  const viewers: Endpoint[] = [];
  for (let i = 0; i < (scenario.viewers ?? 1); i += 1) {
    viewers.push(new Endpoint(random, server, link, scenario, delayUs));
  }
  const bulk =
    scenario.bulk === undefined
      ? null
      : new BulkFlow(link, at(scenario.bulk[0]), at(scenario.bulk[1]), delayUs);
  const queue = new Float64Array(ticks);
  for (let tick = 0; tick < ticks; tick += 1) {
    const now = START_US + tick * TICK_US;
    server.now = now;
    for (const viewer of viewers) viewer.tick(now);
    publisher.tick(now);
    server.turn(now);
    bulk?.tick(now);
    queue[tick] = link.queueUs(now);
    if (tick % SAMPLE_TICKS === 0) for (const viewer of viewers) viewer.sample(tick / SAMPLE_TICKS);
  }
  return { viewers, ladder: publisher.ladder, queue, link, bulkBytes: bulk?.delivered ?? 0 };
}

export function at(seconds: number): number {
  return START_US + seconds * 1e6;
}

function shifted(trace: RateTrace): RateTrace {
  if (trace.times.length === 1) return trace;
  const pairs = trace.times.map((time, i) => [(time + START_US) / 1e6, trace.bps[i]!] as const);
  return steps([0, trace.bps[0]!], ...pairs);
}

/** A viewer: its session at the server, the way there and back, its browser. */
class Endpoint implements ViewerRun {
  readonly browser: Browser;
  readonly levels: Int8Array;
  readonly estimates: Float64Array;
  private readonly session: number;
  private readonly arriving = new Timeline<SimPacket>();
  private readonly returning = new Timeline<Uint8Array>();

  constructor(
    random: () => number,
    private readonly server: Server,
    link: Link,
    { seconds, lossBack = 0, receiver }: Scenario,
    delayUs: number,
  ) {
    const samples = Math.ceil((seconds * 1e6) / SAMPLE_US);
    this.levels = new Int8Array(samples).fill(-1);
    this.estimates = new Float64Array(samples);
    const back = new Link(random, { delayUs, loss: lossBack });
    const reply = (bytes: Uint8Array): void => {
      const copies = back.send(server.now, bytes.length + SRTCP_BYTES + IP_UDP_BYTES);
      if (copies > 0) this.returning.add(back.arrivals[0]!, bytes);
    };
    this.browser = new Browser(random, reply, receiver);
    const send: Send = (bytes, tag, index) => {
      const packet = readPacket(bytes, tag, index);
      const copies = link.send(server.now, packet.bytes);
      for (let i = 0; i < copies; i += 1) this.arriving.add(link.arrivals[i]!, packet);
    };
    this.session = server.open(START_US, send, receiver === undefined);
  }

  tick(now: number): void {
    this.arriving.run(now, (arrival, packet) => this.browser.receive(arrival, packet));
    this.browser.tick(now);
    this.returning.run(now, (_at, bytes) =>
      this.server.egress.handleRtcp(this.session, now, bytes, 0, bytes.length),
    );
  }

  sample(i: number): void {
    this.levels[i] = this.server.levelOf(this.session);
    const { adaptation } = this.server.egress.viewers.get(this.session)!.link;
    this.estimates[i] = adaptation.estimate;
  }
}
