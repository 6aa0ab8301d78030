/** The egress of one worker without its sockets: real rings, viewers and ciphers, in virtual time. */
import { COUNTER_NAMES } from "../../../src/contract/counters.ts";
import { Egress } from "../../../src/egress/egress.ts";
import { monotonicUs, realtimeUs, threadTimeUs } from "../../../src/io/clock.ts";
import { openOpenSsl } from "../../../src/io/openssl.ts";
import { pinnedRegion } from "../../../src/io/pinned.ts";
import { randomUnit } from "../../../src/io/random.ts";
import { OpenSslSrtpFactory } from "../../../src/io/srtp-openssl.ts";
import type { SourcePlan } from "../../../src/load/options.ts";
import { viewerMedia } from "../../../src/load/viewer-media.ts";
import { NO_LIMITS } from "../../../src/media/layer-choice.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import { TransportFeedbackWriter } from "../../../src/wire/rtcp/transport-cc-writer.ts";
import type { HotOutput } from "./output.ts";
import { HotPeers } from "./peers.ts";
import type { PerfCounter } from "./perf-event.ts";
import { HotStream } from "./stream.ts";
import { visits } from "./visits.ts";

/** A worker's pause between two forwarding passes, and its patience at half load. */
const TICK_US = 1_000;
export const PATIENCE_US = 5_000;
/** Each viewer's pause between two transport-cc feedbacks, and the groups that take turns in it. */
const FEEDBACK_TICKS = 100;
const FEEDBACK_GROUPS = 20;
const TURN_TICKS = FEEDBACK_TICKS / FEEDBACK_GROUPS;
const FEEDBACK_BYTES = 1_200;
const STATUSES_MAX = 1_024;
const CNAME = "hot";
const MEDIA = viewerMedia({ audio: true, video: true, captureTime: false });

export interface HotPoint {
  readonly streams: number;
  readonly viewers: number;
  readonly plan: SourcePlan;
}

/** Totals of one run. */
export class HotFigures {
  /** Packets that left, one for each viewer. */
  packets = 0;
  /** Batches of a ring that a viewer was given. */
  visits = 0;
  /** Processor time of the thread, ns. */
  forwardNs = 0;
  timersNs = 0;
  feedbackNs = 0;

  /** Of the forwarding, in user mode; null where the machine does not count them. */
  constructor(public instructions: number | null = null) {}
}

export class HotStage {
  #figures = new HotFigures();
  readonly #egress: Egress;
  readonly #streams: readonly HotStream[];
  readonly #peers = new Map<number, Peer>();
  /** Sessions by stream and group. */
  readonly #groups: number[][][] = [];
  /** First packet that the next feedback of a group reports, by stream and group. */
  readonly #bases: number[][] = [];
  readonly #viewersOf: readonly number[];
  readonly #feedback = new Uint8Array(FEEDBACK_BYTES);
  readonly #writer = new TransportFeedbackWriter(STATUSES_MAX);
  #now = 5_000_000;
  #tick = 0;
  /** Packets that the egress has and holds. */
  #held = 0;

  constructor(
    point: HotPoint,
    private readonly out: HotOutput,
    private readonly counter: PerfCounter | null,
  ) {
    const { streams, viewers, plan } = point;
    this.#egress = this.#openEgress();
    this.#streams = Array.from(
      { length: streams },
      (_, index) => new HotStream(plan, index, streams, this.#now),
    );
    this.#viewersOf = this.#streams.map(({ index }) => Math.ceil((viewers - index) / streams));
    for (const _ of this.#streams) {
      this.#groups.push(Array.from({ length: FEEDBACK_GROUPS }, () => []));
      this.#bases.push(new Array<number>(FEEDBACK_GROUPS).fill(0));
    }
    const peers = new HotPeers(new OpenSslSrtpFactory(openOpenSsl("system")), out.via);
    for (let i = 0; i < viewers; i += 1) {
      this.#openViewer(peers.connect(i + 1, this.#now), i % streams, Math.floor(i / streams));
    }
  }

  /**
   * Runs until so many packets more have left; throws when one was not given to every viewer. `paced`:
   * in real time, asleep between frames as a worker is, so that caches are as cold as its own.
   */
  run(packets: number, paced: boolean): HotFigures {
    const { out } = this;
    const figures = new HotFigures(this.counter === null ? null : 0);
    this.#figures = figures;
    const ahead = this.#now - monotonicUs();
    const visitsBefore = visits.made;
    while (figures.packets < packets) {
      this.#now += TICK_US;
      this.#tick += 1;
      const due = this.#fillRings();
      if (paced && due > 0) sleepUntil(this.#now - ahead);
      const before = out.datagrams();
      if (this.#egress.workAt(this.#now, PATIENCE_US) <= this.#now) this.#forward();
      const left = out.datagrams();
      if (left !== null) this.#check(due, left - before!);
      figures.packets += due;
      this.#runTimers();
      this.#giveFeedback();
    }
    figures.visits = visits.made - visitsBefore;
    return figures;
  }

  #check(due: number, left: number): void {
    this.#held += due - left;
    if (this.#held < 0 || (this.#held > 0 && !this.#egress.hasWork)) {
      throw new Error(`of ${due} packets ${left} have left, and ${this.#held} are held`);
    }
  }

  close(): void {
    for (const [session, peer] of this.#peers) {
      this.#egress.close(session, this.#now);
      peer.close(this.#now, "deleted");
      peer.free();
    }
  }

  #openEgress(): Egress {
    const environment = {
      wish: () => {},
      allocate: pinnedRegion,
      wallOffsetUs: realtimeUs() - this.#now,
      random: randomUnit,
      counters: new Float64Array(COUNTER_NAMES.length),
    };
    return new Egress(environment, 0, {
      firstMedia: () => {},
      layer: () => {},
      ended: (_peer, reason) => {
        throw new Error(`a session ended: ${reason}`);
      },
      faulted: (_session, _place, error) => {
        throw error;
      },
    });
  }

  #openViewer(peer: Peer, stream: number, number: number): void {
    const { session, setup } = peer;
    const media = MEDIA.map((section, i) => ({
      ...section,
      ssrcs: [session * 4 + i],
      rtxSsrcs: section.kind === "video" ? [session * 4 + 2] : [],
    }));
    this.#egress.open(
      {
        type: "viewer-open",
        session,
        stream,
        peer: setup,
        media,
        source: this.#streams[stream]!.source,
        cname: CNAME,
        playoutDelay: null,
        limits: NO_LIMITS,
      },
      peer,
      this.#now,
    );
    this.#egress.connected(session, this.#now);
    this.#peers.set(session, peer);
    this.#groups[stream]![number % FEEDBACK_GROUPS]!.push(session);
  }

  /** Packets that are due to all viewers together. */
  #fillRings(): number {
    let due = 0;
    for (const stream of this.#streams) {
      stream.put(this.#now);
      const { audioCame, videoCame } = stream;
      const viewers = this.#viewersOf[stream.index]!;
      if (audioCame > 0) this.#egress.mark(stream.audioRing);
      if (videoCame > 0) this.#egress.mark(stream.videoRing);
      due += (audioCame + videoCame) * viewers;
    }
    return due;
  }

  #forward(): void {
    const { counter } = this;
    const figures = this.#figures;
    const instructions = counter?.read() ?? 0;
    const start = threadTimeUs();
    this.#egress.forward(this.#now, Number.POSITIVE_INFINITY, monotonicUs, PATIENCE_US);
    this.out.flush();
    figures.forwardNs += (threadTimeUs() - start) * 1000;
    if (counter !== null) figures.instructions! += counter.read() - instructions;
  }

  #runTimers(): void {
    if (this.#now < this.#egress.nextTimeout()) return;
    const start = threadTimeUs();
    this.#egress.handleTimeout(this.#now);
    this.#figures.timersNs += (threadTimeUs() - start) * 1000;
  }

  /** The turn of one group of each stream's viewers. */
  #giveFeedback(): void {
    const group = (this.#tick % FEEDBACK_TICKS) / TURN_TICKS;
    if (!Number.isInteger(group)) return;
    for (const { index, packets, arrivals } of this.#streams) {
      const sessions = this.#groups[index]![group]!;
      const base = this.#bases[index]![group]!;
      const count = packets - base;
      if (sessions.length === 0 || count === 0) continue;
      const { length } = this.#feedback;
      const number = this.#tick & 255;
      const bytes = this.#writer.write(
        this.#feedback,
        0,
        length,
        1,
        2,
        number,
        base,
        count,
        arrivals,
      );
      this.#bases[index]![group] = base + this.#writer.covered;
      const start = threadTimeUs();
      for (const session of sessions) {
        this.#egress.handleRtcp(session, this.#now, this.#feedback, 0, bytes);
      }
      this.#figures.feedbackNs += (threadTimeUs() - start) * 1000;
    }
  }
}

function sleepUntil(us: number): void {
  const rest = us - monotonicUs();
  if (rest > 0) Bun.sleepSync(rest / 1000);
}
