/** `spillway bench`: floor, server, warm-up, search; what was found as one report. */
import { monotonicUs } from "../io/clock.ts";
import { readOthers } from "../io/processor-time.ts";
import { shareTaken } from "../processors.ts";
import { Budget } from "./budget.ts";
import { Children } from "./children.ts";
import { type FloorOptions, measureFloor } from "./floor.ts";
import { runLoad } from "./load.ts";
import { lowestCeiling, thisMachine, thisPlacement } from "./machine.ts";
import { type BenchReport, makeReport } from "./report.ts";
import { type Found, search } from "./search.ts";
import { BenchServer } from "./server.ts";
import { type BenchLoad, sourceOf } from "./source.ts";
import { type BenchStep, judge } from "./verdict.ts";

export interface BenchOptions {
  readonly load: BenchLoad;
  /** All of it is over by then. */
  readonly seconds: number;
}

export interface BenchHooks {
  /** What happens now. */
  readonly progress: (doing: string) => void;
  readonly stop: AbortSignal;
}

/** What the floor is measured with: as the load, so many at once that batches are large. */
const FLOOR_VIEWERS = 200;
const WARM_UP_VIEWERS = 200;
/** Viewers of the first step where nothing tells more. */
const FIRST_VIEWERS = 50;
/** The first step goes to where a cold server said that so much would be taken. */
const FIRST_BUSY = 0.6;
const GROWTH_MAX = 6;
/** More threads of receivers gain nothing: the server has one core. */
const THREADS_MAX = 8;

/** Null when it was stopped. Throws a BenchError when it cannot be done. */
export async function runBench(
  options: BenchOptions,
  hooks: BenchHooks,
): Promise<BenchReport | null> {
  const children = new Children();
  const { promise: stopped, resolve } = Promise.withResolvers<null>();
  hooks.stop.addEventListener("abort", () => resolve(null));
  const running = new Bench(options, hooks.progress, children).run();
  // What is stopped in the middle complains, to nobody.
  running.catch(() => {});
  try {
    return await Promise.race([running, stopped]);
  } finally {
    children.kill();
  }
}

class Bench {
  readonly #options: BenchOptions;
  readonly #progress: BenchHooks["progress"];
  readonly #children: Children;
  readonly #placement = thisPlacement();
  /** Null: anywhere. */
  readonly #cores: FloorOptions["cores"];
  readonly #budget: Budget;

  constructor(options: BenchOptions, progress: BenchHooks["progress"], children: Children) {
    this.#options = options;
    this.#progress = progress;
    this.#children = children;
    const { pinned, server, receivers } = this.#placement;
    this.#cores = pinned ? { server, load: receivers } : null;
    this.#budget = new Budget(options.seconds, monotonicUs());
  }

  async run(): Promise<BenchReport> {
    const { load } = this.#options;
    const before = readOthers();
    const floor = await this.#floor();
    this.#progress("starting a server");
    const server = new BenchServer(this.#children, this.#cores?.server ?? null, load.bitrate);
    await server.ready();
    const ceiling = lowestCeiling();
    const found = await this.#search(server, ceiling.viewers);
    await server.stop();
    return makeReport({
      machine: thisMachine(),
      placement: this.#placement,
      load,
      floor,
      found,
      ceiling,
      othersShare: shareTaken(before, readOthers()),
      seconds: (monotonicUs() - this.#budget.startedAt) / 1e6,
    });
  }

  #floor() {
    const { floor } = this.#budget.shares;
    this.#progress("measuring the floor");
    return measureFloor({
      plan: sourceOf(this.#options.load),
      viewers: FLOOR_VIEWERS,
      seconds: floor,
      settleSeconds: floor,
      gro: true,
      cores: this.#cores,
    });
  }

  async #search(server: BenchServer, ceiling: number): Promise<Found<BenchStep>> {
    const first = await this.#warmUp(server, ceiling);
    return await search((viewers) => this.#step(server, viewers), {
      first,
      ceiling,
      fits: (viewers) => this.#budget.fits(viewers, monotonicUs()),
    });
  }

  /** Lets the server compile its code under load; how many viewers should come first then. */
  async #warmUp(server: BenchServer, ceiling: number): Promise<number> {
    const seconds = this.#budget.shares.warmUp;
    if (seconds === 0) return Math.min(FIRST_VIEWERS, ceiling);
    const viewers = Math.min(WARM_UP_VIEWERS, ceiling);
    this.#progress(`warming up with ${viewers} viewers`);
    const report = await this.#load(server, viewers, seconds);
    if (report === null) return FIRST_VIEWERS;
    const { busy } = judge(report, this.#placement, { sendBufferFull: 0, othersShare: 0 });
    const growth = FIRST_BUSY / Math.max(busy, FIRST_BUSY / GROWTH_MAX);
    return Math.max(1, Math.round(viewers * growth));
  }

  async #step(server: BenchServer, viewers: number): Promise<BenchStep | null> {
    this.#progress(`${viewers} viewers`);
    const [others, fullBefore] = [readOthers(), await server.sendBufferFull()];
    const report = await this.#load(server, viewers, this.#budget.shares.step);
    if (report === null) return null;
    const sendBufferFull = (await server.sendBufferFull()) - fullBefore;
    const now = readOthers();
    this.#budget.noteStep(viewers, (now.at - others.at) / 1e6);
    return judge(report, this.#placement, { sendBufferFull, othersShare: shareTaken(others, now) });
  }

  #load(server: BenchServer, viewers: number, seconds: number) {
    const left = this.#budget.leftSeconds(monotonicUs());
    return runLoad({
      server,
      children: this.#children,
      cores: this.#cores?.load ?? null,
      threads: Math.min(THREADS_MAX, this.#placement.receivers.length),
      load: this.#options.load,
      viewers,
      seconds,
      deadline: AbortSignal.timeout(1000 * left),
    });
  }
}
