import { readTransportFeedback, TransportFeedback } from "../../src/wire/rtcp/transport-cc.ts";
import { seeded } from "../support/random.ts";
import { Browser } from "./browser.ts";
import { BulkFlow } from "./bulk-flow.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { SimPacket } from "./packet.ts";
import { type RateTrace, steps } from "./rate-trace.ts";
import { Sender } from "./sender.ts";
import { Source } from "./source.ts";
import { Timeline } from "./timeline.ts";

export const LAYERS = [100_000, 500_000, 1_500_000, 2_500_000] as const;
const TICK_US = 1000;
const START_US = 1_000_000;

export interface Scenario {
  readonly seconds: number;
  readonly rate: RateTrace;
  /** Both ways together, without queues. Default 40 ms. */
  readonly rttUs?: number;
  /** Queue in ms at the mean rate of the first second. Default 300. */
  readonly queueMs?: number;
  readonly link?: Omit<LinkOptions, "rate" | "queueBytes" | "delayUs">;
  /** Loss of feedback, NACK and PLI on the way back. */
  readonly lossBack?: number;
  readonly viewers?: number;
  /** A bulk transfer from, to (seconds). */
  readonly bulk?: readonly [number, number];
  readonly layers?: readonly number[];
}

/** One viewer's run, sampled each tick where an array. */
export interface ViewerRun {
  readonly sender: Sender;
  readonly browser: Browser;
  /** Layer that flows, each 100 ms. */
  readonly layers: Int8Array;
  /** Estimate in bits a second, each 100 ms. */
  readonly estimates: Float64Array;
}

export interface Run {
  readonly viewers: readonly ViewerRun[];
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
  const mean = scenario.rate.bps[0]!;
  const queueBytes = Math.max(8_000, (mean * (scenario.queueMs ?? 300)) / 8000);
  const rate = shifted(scenario.rate);
  const link = new Link(random, { ...scenario.link, rate, queueBytes, delayUs });
  const viewers: Endpoint[] = [];
  for (let i = 0; i < (scenario.viewers ?? 1); i += 1) {
    viewers.push(new Endpoint(random, link, scenario, delayUs));
  }
  const bulk =
    scenario.bulk === undefined
      ? null
      : new BulkFlow(link, at(scenario.bulk[0]), at(scenario.bulk[1]), delayUs);
  const queue = new Float64Array(ticks);
  for (let tick = 0; tick < ticks; tick += 1) {
    const now = START_US + tick * TICK_US;
    for (const viewer of viewers) viewer.tick(now, tick);
    bulk?.tick(now);
    queue[tick] = link.queueUs(now);
  }
  return { viewers, queue, link, bulkBytes: bulk?.delivered ?? 0 };
}

export function at(seconds: number): number {
  return START_US + seconds * 1e6;
}

function shifted(trace: RateTrace): RateTrace {
  if (trace.times.length === 1) return trace;
  const pairs = trace.times.map((time, i) => [(time + START_US) / 1e6, trace.bps[i]!] as const);
  return steps([0, trace.bps[0]!], ...pairs);
}

type Back =
  | { readonly type: "nack"; readonly sequence: number }
  | { readonly type: "pli" }
  | { readonly type: "feedback"; readonly bytes: Uint8Array };

const feedback = new TransportFeedback(2048);

/** A viewer: its own source (so that viewers do not cost each other keyframes), sender, browser. */
class Endpoint implements ViewerRun {
  readonly sender: Sender;
  readonly browser: Browser;
  readonly layers: Int8Array;
  readonly estimates: Float64Array;
  private readonly source: Source;
  private readonly arriving = new Timeline<SimPacket>();
  private readonly returning = new Timeline<Back>();
  private readonly back: Link;
  private now = 0;

  constructor(random: () => number, link: Link, scenario: Scenario, delayUs: number) {
    this.layers = new Int8Array(scenario.seconds * 10).fill(-1);
    this.estimates = new Float64Array(scenario.seconds * 10);
    this.source = new Source(random, scenario.layers ?? LAYERS);
    this.back = new Link(random, { delayUs, loss: scenario.lossBack ?? 0 });
    this.sender = new Sender(
      this.source,
      (now, packet) => {
        const copies = link.send(now, packet.bytes);
        for (let i = 0; i < copies; i += 1) this.arriving.add(link.arrivals[i]!, packet);
      },
      START_US,
    );
    const reply = (item: Back) => {
      if (this.back.send(this.now, 100) > 0) this.returning.add(this.back.arrivals[0]!, item);
    };
    this.browser = new Browser(
      {
        nack: (sequence) => reply({ type: "nack", sequence }),
        pli: () => reply({ type: "pli" }),
        feedback: (bytes) => reply({ type: "feedback", bytes }),
      },
      2 * delayUs,
    );
  }

  tick(now: number, tick: number): void {
    this.now = now;
    this.arriving.run(now, (arrival, packet) => this.browser.receive(arrival, packet));
    this.browser.tick(now);
    this.returning.run(now, (_at, item) => this.handleBack(now, item));
    this.source.tick(now);
    for (const frame of this.source.frames) this.sender.handleFrame(now, frame);
    this.sender.tick(now);
    if (tick % 100 !== 0) return;
    this.layers[tick / 100] = this.sender.layer;
    this.estimates[tick / 100] = this.sender.estimator.estimate;
  }

  private handleBack(now: number, item: Back): void {
    if (item.type === "nack") this.sender.handleNack(now, item.sequence);
    else if (item.type === "pli") this.sender.handlePli(now);
    else if (readTransportFeedback(item.bytes, 0, item.bytes.length, feedback)) {
      this.sender.estimator.handleFeedback(now, feedback);
    }
  }
}
