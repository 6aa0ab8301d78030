import { describe, expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { NTP_EPOCH_US } from "../../src/wire/ntp.ts";
import { RtcpCursor, RtcpType } from "../../src/wire/rtcp/compound.ts";
import { writeFir } from "../../src/wire/rtcp/fir.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { writeReceiverReport } from "../../src/wire/rtcp/receiver-report.ts";
import { ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { compactNtp, readSenderReport, SenderReport } from "../../src/wire/rtcp/sender-report.ts";
import { FUZZ_INPUTS, fuzz } from "../support/fuzz.ts";
import { seeded } from "../support/random.ts";
import {
  AUDIO_SSRC,
  audioSection,
  CAPTURE_ID,
  difference32,
  extensionIds,
  KEY,
  originOf,
  Sim,
  sourceOf,
  Track,
  VIDEO_SSRC,
  videoSection,
  WALL_OFFSET_US,
} from "./harness.ts";
import type { Recorder } from "./recorder.ts";

interface Report {
  readonly at: number;
  readonly ssrc: number;
  readonly ntpUs: number;
  readonly compact: number;
  readonly rtp: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Sender reports in the order in which they left. */
function reports(viewer: Recorder): Report[] {
  const found: Report[] = [];
  const cursor = new RtcpCursor();
  const report = new SenderReport();
  for (const { at, bytes } of viewer.rtcp) {
    cursor.reset(bytes, 0, bytes.length);
    while (cursor.next()) {
      if (cursor.type !== RtcpType.senderReport) continue;
      expect(
        readSenderReport(bytes, cursor.offset, cursor.length, cursor.count, report),
      ).toBeTrue();
      found.push({
        at,
        ssrc: report.ssrc,
        ntpUs: report.ntpSeconds * 1e6 + (report.ntpFraction * 1e6) / 2 ** 32,
        compact: compactNtp(report.ntpSeconds, report.ntpFraction),
        rtp: report.rtpTimestamp,
        packets: report.packetCount,
        bytes: report.octetCount,
      });
    }
    expect(cursor.malformed).toBeFalse();
  }
  return found;
}

/**
 * A publisher whose audio and video are captured together, on a clock of its own that drifts, and
 * whose packets and reports reach us late by different, random delays.
 */
class JitteryPublisher {
  readonly audio = new Track("audio");
  readonly video = new Track("video");
  readonly source = sourceOf({ audio: this.audio, video: [this.video] });
  private readonly start: number;
  private readonly audioBase: number;
  private readonly videoBase: number;
  /** Of each packet that it sent: when it was captured, us on our clock. */
  readonly captured = new Map<string, number>();
  private events: { readonly at: number; readonly run: (now: number) => void }[] = [];

  constructor(
    private readonly sim: Sim,
    private readonly random: () => number,
    seconds: number,
    private readonly options: { readonly reports: boolean; readonly drift: number },
  ) {
    this.start = sim.now;
    this.audioBase = Math.floor(random() * 2 ** 32);
    this.videoBase = Math.floor(random() * 2 ** 32);
    for (let t = 0; t < seconds * 1e6; t += 20_000) this.send(this.audio, t, 2_000);
    for (let t = 0; t < seconds * 1e6; t += 33_333) this.send(this.video, t, 9_000);
    if (options.reports) {
      for (let t = 300_000; t < seconds * 1e6; t += 1_000_000) {
        this.report(this.audio, t + 120_000);
        this.report(this.video, t);
      }
    }
    this.events.sort((a, b) => a.at - b.at);
  }

  /** Plays everything out. */
  run(): void {
    const { sim } = this;
    for (const { at, run } of this.events) {
      while (at - sim.now > 20_000) sim.pass(20_000);
      if (at > sim.now) sim.pass(at - sim.now);
      run(at);
      sim.forward(this.audio, this.video);
    }
  }

  private timestamp(track: Track, t: number): number {
    const base = track === this.audio ? this.audioBase : this.videoBase;
    const ticks = (t * (1 + this.options.drift) * track.clockRate) / 1e6;
    return (base + Math.round(ticks)) % 2 ** 32;
  }

  private send(track: Track, t: number, delay: number): void {
    const sequence = Math.round(t / (track === this.audio ? 20_000 : 33_333));
    const at = this.start + t + delay + Math.floor(this.random() * 8_000);
    this.captured.set(`${track.kind}/${sequence}`, this.start + t);
    const flags = track === this.video ? KEY : undefined;
    this.events.push({
      at,
      run: (now) => track.put(sequence, this.timestamp(track, t), now, { flags }),
    });
  }

  private report(track: Track, t: number): void {
    const at = this.start + t + 4_000 + Math.floor(this.random() * 10_000);
    // Its wall clock has nothing to do with ours.
    const ntpUs = 3.5e15 + t * (1 + this.options.drift);
    this.events.push({
      at,
      run: (now) => track.writer.setTiming(this.timestamp(track, t), ntpUs, now),
    });
  }
}

/** Where the capture of a packet lies on our wall clock, as a receiver works it out. */
function capturedAt(report: Report, timestamp: number, rate: number): number {
  return report.ntpUs + (difference32(timestamp, report.rtp) * 1e6) / rate;
}

describe("sender reports", () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const byReport = seed % 2 === 0;
    test(`keep lips in sync, ${byReport ? "by the publisher's reports" : "by arrival"} (seed ${seed})`, () => {
      const random = seeded(seed);
      const sim = new Sim(seed);
      const drift = (random() - 0.5) * 2e-4;
      const publisher = new JitteryPublisher(sim, random, 12, { reports: byReport, drift });
      const viewer = sim.open(publisher.source);
      publisher.run();
      const sent = reports(viewer);
      const offset = { audio: [] as number[], video: [] as number[] };
      for (const [ssrc, kind, rate] of [
        [AUDIO_SSRC, "audio", 48_000],
        [VIDEO_SSRC, "video", 90_000],
      ] as const) {
        const late = sent.filter((report) => report.ssrc === ssrc && report.at > sim.now - 8e6);
        expect(late.length).toBeGreaterThanOrEqual(7);
        const packet = viewer.of(ssrc).at(-1)!;
        const captured = publisher.captured.get(`${kind}/${originOf(packet.payload)}`)!;
        for (const report of late) {
          const told = capturedAt(report, packet.timestamp, rate) - NTP_EPOCH_US - WALL_OFFSET_US;
          offset[kind].push(told - captured);
        }
      }
      offset.audio.forEach((audio, i) => {
        const error = audio - offset.video[i]!;
        // By arrival the tracks' own delays differ by 7 ms, which nobody can know.
        const bound = byReport ? 5_000 : 12_000;
        expect(Math.abs(error), `seed ${seed} report ${i}`).toBeLessThan(bound);
      });
    });
  }

  test("count packets and payload, leave once a second, and at once on a new line", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }));
    for (let k = 0; k < 150; k += 1) {
      audio.put(k, k * 960, sim.now, { length: 80 });
      sim.forward(audio);
      sim.pass(20_000);
    }
    const first = reports(viewer);
    expect(first.map(({ at }) => at - first[0]!.at)).toEqual([0, 1e6, 2e6]);
    expect(first[1]!.packets).toBe(51);
    expect(first[1]!.bytes).toBe(51 * 80);
    expect(first[1]!.ntpUs).toBeCloseTo(first[1]!.at + NTP_EPOCH_US + WALL_OFFSET_US, -1);
    sim.pass(3e6);
    const before = reports(viewer).length;
    const second = new Track("audio");
    sim.egress.setSource(1, sourceOf({ audio: second }), sim.now);
    second.put(0, 12_345, sim.now);
    sim.forward(second);
    sim.pass(20_000);
    const after = reports(viewer).slice(before);
    expect(after.length).toBe(1);
    const packet = viewer.of(AUDIO_SSRC).at(-1)!;
    expect(difference32(after[0]!.rtp, packet.timestamp)).toBe(960);
  });

  test("of a publisher whose clock was set back are right again with the next one", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }), { media: [audioSection()] });
    for (let k = 0; k < 400; k += 1) {
      audio.put(k, k * 960, sim.now);
      const hour = k < 200 ? 3_600e6 : 0;
      if (k % 50 === 0) audio.writer.setTiming(k * 960, 3.5e15 + hour + k * 20_000, sim.now);
      sim.forward(audio);
      sim.pass(20_000);
    }
    const last = reports(viewer).at(-1)!;
    const packet = viewer.of(AUDIO_SSRC).at(-1)!;
    expect(Math.abs(difference32(last.rtp, packet.timestamp))).toBeLessThan(48_000 * 1.1);
  });

  test("stop on a line that the ring has left, and begin again with the new one", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), { media: [videoSection()] });
    video.put(0, 1_000, sim.now, { flags: KEY });
    video.writer.setTiming(1_000, 3.5e15, sim.now);
    sim.forward(video);
    sim.pass(20_000);
    expect(reports(viewer).length).toBe(1);
    // Another source; its keyframe has not come.
    video.put(1, 4_000_000_000, sim.now, { flags: SlotFlag.discontinuity });
    sim.forward(video);
    sim.pass(3e6);
    expect(reports(viewer).length).toBe(1);
    video.put(2, 4_000_000_000, sim.now, { flags: KEY });
    sim.forward(video);
    sim.pass(20_000);
    const packet = viewer.of(VIDEO_SSRC).at(-1)!;
    expect(reports(viewer).length).toBe(2);
    expect(Math.abs(difference32(reports(viewer)[1]!.rtp, packet.timestamp))).toBeLessThan(300_000);
  });
});

describe("receiver reports", () => {
  test("give the round trip, losses and jitter", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }));
    audio.put(0, 0, sim.now);
    sim.forward(audio);
    sim.pass(20_000);
    const report = reports(viewer)[0]!;
    sim.pass(180_000);
    const block = new ReportBlock();
    block.ssrc = AUDIO_SSRC;
    block.packetsLost = 3;
    block.jitter = 480;
    block.lastSenderReport = report.compact;
    block.delaySinceLastSenderReport = Math.round(0.15 * 65536);
    const bytes = new Uint8Array(64);
    sim.rtcp(viewer, bytes.subarray(0, writeReceiverReport(bytes, 0, 9, [block], 1)));
    const stats = sim.egress.stats(viewer.session)[0]!;
    expect(stats.roundTripMs!).toBeCloseTo(30, 0);
    expect(stats.tracks[0]!.packetsLost).toBe(3);
    expect(stats.tracks[0]!.jitterMs).toBe(10);
    expect(sim.count("packetsReportedLost")).toBe(3);
    // One about a report that never left, or that answers before it left, says nothing.
    block.lastSenderReport = (report.compact + 65536 * 10) >>> 0;
    sim.rtcp(viewer, bytes.subarray(0, writeReceiverReport(bytes, 0, 9, [block], 1)));
    expect(sim.egress.stats(viewer.session)[0]!.roundTripMs!).toBeCloseTo(30, 0);
  });
});

describe("keyframe requests", () => {
  const pli = (ssrc: number): Uint8Array => {
    const bytes = new Uint8Array(PLI_BYTES);
    writePli(bytes, 0, 1, ssrc);
    return bytes;
  };

  test("become failures of the ring once media runs, and part of the join before", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }));
    expect([video.joins, video.failures]).toEqual([1, 0]);
    sim.rtcp(viewer, pli(VIDEO_SSRC));
    expect([video.joins, video.failures]).toEqual([2, 0]);
    video.put(0, 0, sim.now, { flags: KEY });
    sim.forward(video);
    sim.rtcp(viewer, pli(VIDEO_SSRC));
    const fir = new Uint8Array(64);
    sim.rtcp(viewer, fir.subarray(0, writeFir(fir, 0, 1, VIDEO_SSRC, 7)));
    expect([video.joins, video.failures]).toEqual([2, 2]);
    expect(sim.count("plisReceived")).toBe(3);
    expect(sim.egress.stats(viewer.session)[0]!.tracks[1]!.plis).toBe(3);
  });

  test("for the audio, or a source that we do not send, are nothing", () => {
    const sim = new Sim();
    const video = new Track("video");
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio, video: [video] }));
    const joins = video.joins;
    for (const ssrc of [AUDIO_SSRC, 12345]) sim.rtcp(viewer, pli(ssrc));
    expect([video.joins, video.failures, audio.joins]).toEqual([joins, 0, 0]);
  });
});

test("abs-capture-time tells the capture on our clock, once a second, not twice", () => {
  const sim = new Sim();
  const video = new Track("video");
  const ids = extensionIds([[Extension.absCaptureTime, CAPTURE_ID]]);
  const media = [videoSection({ extensionIds: ids })];
  const viewer = sim.open(sourceOf({ video: [video] }), { media });
  for (let k = 0; k < 90; k += 1) {
    video.put(k, k * 3000, sim.now, { flags: KEY });
    sim.forward(video);
    sim.pass(33_333);
  }
  const marked = viewer.rtp.filter(({ extensions }) => extensions.has(CAPTURE_ID));
  expect(marked.length).toBe(3);
  for (const packet of marked) {
    const view = new DataView(packet.extensions.get(CAPTURE_ID)!.buffer);
    const ntpUs = view.getUint32(0) * 1e6 + (view.getUint32(4) * 1e6) / 2 ** 32;
    expect(Math.abs(ntpUs - (packet.at + NTP_EPOCH_US + WALL_OFFSET_US))).toBeLessThan(1_000);
  }
  // The publisher's own goes through, and ours stays away.
  const own = new Uint8Array(8).fill(7);
  for (let k = 90; k < 180; k += 1) {
    const extensions = [[Extension.absCaptureTime, own] as const];
    video.put(k, k * 3000, sim.now, { flags: KEY, extensions });
    sim.forward(video);
    sim.pass(33_333);
  }
  const later = viewer.rtp.slice(90).map(({ extensions }) => extensions.get(CAPTURE_ID));
  expect(later).toEqual(new Array(90).fill(own));
});

test("stats say what was sent, and a stream that stopped has no bit rate", () => {
  const sim = new Sim();
  const video = new Track("video", Codec.vp8);
  const viewer = sim.open(sourceOf({ video: [video] }));
  for (let k = 0; k < 60; k += 1) {
    video.put(k, k * 3000, sim.now, { flags: k % 30 === 0 ? KEY : 0, length: 1000 });
    sim.forward(video);
    sim.pass(33_333);
  }
  const track = sim.egress.stats(viewer.session)[0]!.tracks[1]!;
  expect([track.codec, track.packets, track.bytes, track.keyframes]).toEqual([
    "vp8",
    60,
    60_000,
    2,
  ]);
  expect(track.bitrate / 240_000).toBeCloseTo(1, 1);
  for (let k = 0; k < 100; k += 1) sim.pass(20_000);
  expect(sim.egress.stats(viewer.session)[0]!.tracks[1]!.bitrate).toBe(0);
});

test(`${FUZZ_INPUTS} random and mutated RTCP packets neither throw nor break the nonce rule`, () => {
  const sim = new Sim(1, 0);
  const video = new Track("video");
  const viewer = sim.open(sourceOf({ video: [video] }));
  for (let k = 0; k < 50; k += 1) video.put(k, k * 3000, sim.now, { flags: k === 0 ? KEY : 0 });
  sim.forward(video);
  const nack = Uint8Array.of(0x81, 205, 0, 3, 0, 0, 0, 1, 0x51, 0xde, 0, 0, 0, 9, 255, 255);
  const pli = Uint8Array.of(0x81, 206, 0, 2, 0, 0, 0, 1, 0x51, 0xde, 0, 0);
  const report = new Uint8Array(32);
  report.set([0x81, 201, 0, 7, 0, 0, 0, 1, 0x51, 0xde, 0, 0]);
  fuzz(
    5,
    [nack, pli, report, Uint8Array.of(...report, ...nack, ...pli)],
    (bytes, offset, length) => {
      sim.now += 1_000;
      sim.egress.handleRtcp(viewer.session, sim.now, bytes, offset, length);
    },
  );
  expect(viewer.rtp.length).toBeGreaterThan(50);
});
