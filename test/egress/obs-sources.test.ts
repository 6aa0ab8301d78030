/** Sources as OBS sends them, in virtual time: nobody waits while something can be shown. */
import { expect, test } from "bun:test";
import { JOIN_ANSWER_US, JOIN_BYTES_MAX, JOIN_KEYFRAME_AGE_MAX_US } from "../../src/limits.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { Header } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { seeded } from "../support/random.ts";
import { Encoding } from "./encoding.ts";
import { Sim, sourceOf } from "./harness.ts";
import { SECTION, type Session } from "./stage.ts";

const STEP_US = 20_000;
/** What can be shown is shown within this time. */
const SOON_US = 100_000;
const LAYERS = 3;

interface Source {
  readonly framesPerSecond: number;
  /** Seconds from keyframe to keyframe. */
  readonly group: number;
  /** It answers keyframe requests. */
  readonly answers: boolean;
  /** Nothing comes for so long, us, every ten seconds. */
  readonly stallUs: number;
  /** Layers begin up to so much later than the first, us. */
  readonly lateUs: number;
}

/** A layer with ingest's judgement on whether its publisher hears requests. */
class Layer {
  readonly encoding: Encoding;
  readonly requests = new KeyframeRequests();
  readonly reader: RingReader;
  private wishes = 0;
  private frameAt: number;
  private keyframeAt = 0;

  constructor(
    place: number,
    private readonly source: Source,
    beginsAt: number,
  ) {
    const [start, pictureStart, timestampStart] = [1_000 * place, 100 * place, 777 * place];
    const own = { place, start, pictureStart, timestampStart, payloadBytes: 200 };
    this.encoding = new Encoding({ mode: "L1T1", style: "vp8", ...own });
    this.reader = new RingReader(this.encoding.grant.buffer, -1);
    this.frameAt = beginsAt;
    this.requests.restart();
  }

  tick(now: number, start: number): void {
    const { encoding, requests, source } = this;
    if (encoding.asked !== this.wishes) requests.want("join");
    this.wishes = encoding.asked;
    requests.handleTimeout(now);
    const asked = encoding.picture > 0 && requests.take(now);
    encoding.writer.setWord(Header.pliIgnored, requests.ignored ? 1 : 0);
    if (asked && source.answers) this.keyframeAt = Math.min(this.keyframeAt, now + 50_000);
    if (now < this.frameAt) return;
    this.frameAt += 1e6 / source.framesPerSecond;
    if ((now - start) % 10e6 > 10e6 - source.stallUs) return;
    const key = encoding.picture === 0 || now >= this.keyframeAt;
    if (key) {
      this.keyframeAt = now + source.group * 1e6;
      requests.keyframe(now);
    }
    encoding.frame(now, key);
  }

  /** A decoder can start here, and gets nothing old: the rule that the README states. */
  shows(now: number): boolean {
    if (!this.reader.newestKeyframe(keyframe)) return false;
    if (!this.fits(keyframe.sequence)) return false;
    const near = now - keyframe.arrivalUs <= JOIN_KEYFRAME_AGE_MAX_US;
    return (near && keyframe.bytesSince <= JOIN_BYTES_MAX) || this.reader.publisherIgnoresPli;
  }

  /** The writer will not overtake a viewer that begins there. */
  private fits(sequence: number): boolean {
    return this.reader.distance(sequence) <= (this.reader.slots * 3) / 4;
  }

  /** A whole group is there, and what came last is not old. */
  flows(now: number): boolean {
    if (!this.reader.newestKeyframe(keyframe) || !this.fits(keyframe.sequence)) return false;
    return now - this.reader.lastArrivalUs <= JOIN_KEYFRAME_AGE_MAX_US;
  }
}

/** Of the encoding last looked at. */
const keyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };

const SOURCES: Record<string, Source> = {
  "deaf, groups of 2 s": { framesPerSecond: 30, group: 2, answers: false, stallUs: 0, lateUs: 0 },
  "deaf, groups of 8 s": { framesPerSecond: 30, group: 8, answers: false, stallUs: 0, lateUs: 0 },
  "deaf, groups of 30 s": { framesPerSecond: 4, group: 30, answers: false, stallUs: 0, lateUs: 0 },
  "4 frames a second": { framesPerSecond: 4, group: 10, answers: false, stallUs: 0, lateUs: 0 },
  "stalls of 1.5 s": { framesPerSecond: 30, group: 5, answers: false, stallUs: 1.5e6, lateUs: 0 },
  "slow, stalls, late layers": {
    framesPerSecond: 4,
    group: 6,
    answers: false,
    stallUs: 1.3e6,
    lateUs: 5e6,
  },
  "late layers": { framesPerSecond: 30, group: 10, answers: false, stallUs: 0, lateUs: 8e6 },
  "one that answers": { framesPerSecond: 30, group: 1_000, answers: true, stallUs: 0, lateUs: 3e6 },
};

for (const [name, source] of Object.entries(SOURCES)) {
  for (let seed = 1; seed <= 3; seed += 1) {
    test(`C2: nobody waits while something can be shown: ${name} (seed ${seed})`, () => {
      const random = seeded(seed * 7);
      const sim = new Sim(seed);
      const start = sim.now;
      const first = Math.floor(random() * LAYERS);
      const layers = Array.from(
        { length: LAYERS },
        (_, i) => new Layer(i, source, start + (i === first ? 0 : random() * source.lateUs)),
      );
      const rings = sourceOf({ video: layers.map(({ encoding }) => encoding) });
      /** Since when a viewer has had nothing, though it could; and since when it waits at all. */
      const could = new Map<Session, number>();
      const waits = new Map<Session, number>();
      let worst = 0;
      let longest = 0;
      while (sim.now - start < 25e6) {
        if (random() < 0.02) waits.set(sim.open(rings, { media: [SECTION] }), sim.now);
        for (const layer of layers) layer.tick(sim.now, start);
        sim.forward(...layers.map(({ encoding }) => encoding).filter(({ wanted }) => wanted));
        sim.pass(STEP_US);
        for (const [viewer, since] of waits) {
          if (viewer.rtp.length > 0) waits.delete(viewer);
          else if (!layers.some((layer) => layer.shows(sim.now))) could.delete(viewer);
          else if (!could.has(viewer)) could.set(viewer, sim.now);
          if (!waits.has(viewer)) continue;
          worst = Math.max(worst, sim.now - (could.get(viewer) ?? sim.now));
          if (layers.some((layer) => layer.flows(sim.now)))
            longest = Math.max(longest, sim.now - since);
        }
      }
      expect(sim.peers.size).toBeGreaterThan(10);
      expect(worst).toBeLessThanOrEqual(SOON_US);
      // Also a group too old to be first choice has to do after a request that nobody answers.
      expect(longest).toBeLessThanOrEqual(JOIN_ANSWER_US + SOON_US + source.stallUs);
    });
  }
}
