import { afterEach, describe, expect, spyOn, test } from "bun:test";
import type { StreamSource } from "../../src/contract/source.ts";
import { Lane } from "../../src/egress/lane.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { readU32 } from "../../src/wire/bytes.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { writeReceiverReport } from "../../src/wire/rtcp/receiver-report.ts";
import { ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { TransportFeedbackWriter } from "../../src/wire/rtcp/transport-cc-writer.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16, WRAP_STARTS_32 } from "../support/wrap-starts.ts";
import {
  audioSection,
  CAPTURE_ID,
  extensionIds,
  KEY,
  PLAYOUT_ID,
  Sim,
  type SlotOptions,
  sourceOf,
  TRANSPORT_ID,
  Track,
  VIDEO_SSRC,
  videoSection,
  withoutRtx,
} from "./harness.ts";
import type { Recorder } from "./recorder.ts";

type Session = Recorder & { session: number };

const IDS = extensionIds([
  [Extension.transportCc, TRANSPORT_ID],
  [Extension.absCaptureTime, CAPTURE_ID],
  [Extension.playoutDelay, PLAYOUT_ID],
  [Extension.audioLevel, 8],
  [Extension.videoOrientation, 9],
]);
/** The second has no transport-cc, the third nothing to repair by but the same bytes, the last all. */
const AUDIENCE = [
  { media: [audioSection(), videoSection()] },
  { media: [videoSection({ extensionIds: extensionIds([]) })] },
  { media: [audioSection(), withoutRtx(videoSection())] },
  {
    media: [audioSection({ extensionIds: IDS }), videoSection({ extensionIds: IDS })],
    playoutDelay: { min: 0, max: 40 },
  },
];

/** A publisher and its viewers, whose days are full of all that can happen, by chance. */
class Day {
  readonly sim: Sim;
  readonly viewers: Session[];
  /** What somebody was told at some time. */
  readonly told: unknown[] = [];
  readonly #random: () => number;
  #video!: Track;
  /** The same picture in small, of a day with two layers. */
  #small: Track | null = null;
  #smallSequence = 7;
  #audio!: Track;
  #sequence: number;
  #sound: number;
  #timestamp: number;
  #late: { sequence: number; timestamp: number }[] = [];
  readonly #bases: number[];
  /** No feedback comes before, of nobody. */
  #deafUntil = 0;

  constructor(
    seed: number,
    private readonly layers: number,
    firstIndex: number,
    start: number,
  ) {
    this.sim = new Sim(seed, firstIndex);
    this.#random = seeded(seed);
    this.#sequence = start | 0;
    this.#sound = (start * 3) | 0;
    this.#timestamp = start >>> 0;
    const source = this.#publish();
    this.viewers = AUDIENCE.map((options) => this.sim.open(source, options));
    this.#bases = this.viewers.map(() => 0);
    this.#frame(true);
  }

  live(frames: number): void {
    for (let i = 0; i < frames; i += 1) {
      this.#frame(this.#happens(0.02));
      this.#speak();
      if (this.#happens(0.03)) this.#catchUp();
      this.#serve();
      for (let j = 0; j < this.viewers.length; j += 1) if (this.#happens(0.25)) this.#answer(j);
      if (this.#happens(0.01)) this.#event();
      this.sim.pass(this.#happens(0.005) ? 400_000 : 5_000 + Math.floor(this.#random() * 40_000));
    }
    this.sim.pass(200_000);
    this.told.push(this.sim.egress.stats(null));
  }

  get #rings(): Track[] {
    const video = this.#small === null ? [this.#video] : [this.#small, this.#video];
    return [...video, this.#audio];
  }

  /** New rings. */
  #publish(): StreamSource {
    this.#audio = new Track("audio");
    this.#video = new Track("video", this.#happens(0.5) ? Codec.vp8 : Codec.h264);
    this.#video.writer.setSize(1280, 720);
    this.#small = this.layers > 1 ? new Track("video", this.#video.codec) : null;
    this.#small?.writer.setSize(320, 180);
    const video = this.#small === null ? [this.#video] : [this.#small, this.#video];
    return sourceOf({ audio: this.#audio, video });
  }

  #put(track: Track, sequence: number, options: SlotOptions): void {
    const { now } = this.sim;
    track.put(sequence, this.#timestamp, now, options);
    noteLayers(track.writer.views, new PacketLayers(), options.length ?? 0, now);
  }

  /** One to seven packets, of which some come late or not at all. */
  #frame(key: boolean): void {
    const packets = key ? 12 : 1 + Math.floor(this.#random() * 7);
    const size = 200 + Math.floor(this.#random() * 900);
    for (let i = 0; i < packets; i += 1) {
      const first = i === 0 ? (key ? KEY : SlotFlag.frameStart) : 0;
      const last = i === packets - 1 ? SlotFlag.marker | SlotFlag.frameEnd : 0;
      const skip = !key && this.#happens(0.01) ? SlotFlag.skip : 0;
      const length = size - (i === packets - 1 ? 50 : i % 3);
      const sequence = this.#sequence;
      this.#sequence = (this.#sequence + 1) | 0;
      if (!key && this.#happens(0.01)) {
        if (this.#happens(0.7)) this.#late.push({ sequence, timestamp: this.#timestamp });
        continue;
      }
      // A packet of another codec in the middle is for nobody.
      const codec = !key && this.#happens(0.005) ? Codec.vp9 : this.#video.codec;
      const turned = this.#happens(0.02);
      const extensions = turned ? ([[Extension.videoOrientation, Uint8Array.of(1)]] as const) : [];
      const flags = first | last | skip;
      this.#put(this.#video, sequence, { flags, length, codec, extensions });
      if (this.#happens(0.05)) this.#serve();
    }
    if (this.#small !== null) {
      const flags = (key ? KEY : SlotFlag.frameStart) | SlotFlag.marker | SlotFlag.frameEnd;
      this.#put(this.#small, this.#smallSequence, { flags, length: size >> 1 });
      this.#smallSequence = (this.#smallSequence + 1) | 0;
    }
    this.#timestamp = (this.#timestamp + 3000) >>> 0;
  }

  #speak(): void {
    const level = this.#happens(0.5);
    const extensions = level ? ([[Extension.audioLevel, Uint8Array.of(33)]] as const) : [];
    this.#audio.put(this.#sound, this.#sound * 960, this.sim.now, { length: 90, extensions });
    this.#sound = (this.#sound + 1) | 0;
  }

  #catchUp(): void {
    for (const { sequence, timestamp } of this.#late.splice(0)) {
      this.#video.put(sequence, timestamp, this.sim.now, { length: 500 });
    }
  }

  /** Sometimes there is room for a part only, at first. */
  #serve(): void {
    const { output } = this.sim;
    if (this.#happens(0.05)) output.room = Math.floor(this.#random() * 12);
    this.sim.forward(...this.#rings);
    if (output.room === Number.POSITIVE_INFINITY) return;
    if (this.#happens(0.5)) this.sim.pass(1_000);
    output.room = Number.POSITIVE_INFINITY;
    this.sim.forward(...this.#rings);
  }

  /** Feedback of what came since the last one, with losses, reports, and NACKs of late numbers. */
  #answer(viewer: number): void {
    const session = this.viewers[viewer]!;
    const base = this.#bases[viewer]!;
    const left = session.rtp.filter((each) => !each.again && each.extensions.has(TRANSPORT_ID));
    const count = Math.min(100, left.length - base);
    if (this.#happens(0.01)) this.#deafUntil = this.sim.now + 2_000_000;
    if (count > 0 && this.sim.now > this.#deafUntil) {
      this.#bases[viewer] = base + count;
      const us = new Float64Array(1024).fill(-1);
      for (let i = base; i < base + count; i += 1) {
        if (i === base || !this.#happens(0.02)) us[i % us.length] = left[i]!.at + 20_000;
      }
      this.#feedBack(session, base, count, us);
    }
    if (this.#happens(0.2)) this.#report(session);
    const video = session.of(VIDEO_SSRC);
    if (video.length === 0 || !this.#happens(0.3)) return;
    const lost = video.at(-1 - Math.floor(this.#random() * Math.min(video.length, 60)))!.index;
    const bytes = new Uint8Array(nackLengthMax(2));
    const names = Uint16Array.of(lost & 0xffff, (lost + 1) & 0xffff);
    const length = writeNack(bytes, 0, 1, VIDEO_SSRC, names, 2);
    this.sim.rtcp(session, bytes.subarray(0, length));
  }

  #feedBack(session: Session, base: number, count: number, us: Float64Array): void {
    const bytes = new Uint8Array(600);
    const length = writer.write(bytes, 0, bytes.length, 1, VIDEO_SSRC, 0, base, count, { us });
    this.sim.rtcp(session, bytes.subarray(0, length));
  }

  /** A round trip of up to 100 ms. */
  #report(session: Session): void {
    const report = session.rtcp.at(-1);
    if (report === undefined) return;
    block.ssrc = VIDEO_SSRC;
    block.lastSenderReport = readU32(report.bytes, 10);
    const held = Math.max(0, this.sim.now - report.at - this.#random() * 100_000);
    block.delaySinceLastSenderReport = Math.floor((held * 65536) / 1e6);
    const bytes = new Uint8Array(64);
    this.sim.rtcp(session, bytes.subarray(0, writeReceiverReport(bytes, 0, 9, [block], 1)));
  }

  /** Consent goes and comes back, or another publisher takes over; whoever asks is told of it. */
  #event(): void {
    const { sim } = this;
    this.told.push(sim.egress.stats(null), sim.egress.nextTimeout(), Array.from(sim.counters));
    if (this.#happens(0.5)) {
      const peer = sim.peers.get(1 + Math.floor(this.#random() * this.viewers.length))!;
      peer.mediaAllowed = !peer.mediaAllowed;
      return;
    }
    this.#late = [];
    this.#sequence = Math.floor(this.#random() * 2 ** 32) | 0;
    sim.egress.setSource(1, this.#publish(), sim.now);
    this.#frame(true);
  }

  #happens(chance: number): boolean {
    return this.#random() < chance;
  }
}

const block = new ReportBlock();
const writer = new TransportFeedbackWriter(100);

/** Everything that has left and was told. */
const traceOf = (day: Day) => ({
  packets: day.viewers.map(({ rtp }) => rtp.map(({ at, index, bytes }) => [at, index, hex(bytes)])),
  reports: day.viewers.map(({ rtcp }) => rtcp.map(({ at, bytes }) => [at, hex(bytes)])),
  told: day.told,
});

const FRAMES = 500;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the fast lane and the track send the same", () => {
  const spies: { mockRestore(): void }[] = [];
  afterEach(() => {
    for (const spy of spies.splice(0)) spy.mockRestore();
  });

  WRAP_STARTS_32.forEach((start, i) => {
    const layers = 1 + (i % 2);
    test(`origin ${start}, index ${WRAP_STARTS_16[i]}: whatever happens, ${layers} layers`, () => {
      const day = () => new Day(i + 1, layers, WRAP_STARTS_16[i]!, start);
      const forward = spyOn(Lane.prototype, "forward");
      spies.push(forward);
      const fast = day();
      fast.live(FRAMES);
      const served = forward.mock.results.filter(({ value }) => value !== 0);
      expect(served.length).toBeGreaterThan(FRAMES / 4);
      forward.mockImplementation(() => 0);
      const slow = day();
      slow.live(FRAMES);
      expect(traceOf(fast)).toEqual(traceOf(slow));
    });
  });
});
