import { expect, test } from "bun:test";
import { BandwidthEstimator } from "../../src/media/estimator.ts";
import { PacketKind } from "../../src/media/sent-packets.ts";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import { readTransportFeedback, TransportFeedback } from "../../src/wire/rtcp/transport-cc.ts";
import { seeded } from "../support/random.ts";

const AT_START = { now: 0, random: () => 0.5 } as const;
const STEP_US = 10_000;
const bytes = new Uint8Array(1500);
const feedback = new TransportFeedback(1024);

/** Packets of 1,200 bytes each 10 ms (960 kb/s), delayed by `delay(at)` us; feedback at once. */
function drive(
  estimator: BandwidthEstimator,
  from: number,
  to: number,
  delay: (at: number) => number,
  source = new TransportFeedbackRecorder(),
): void {
  for (let at = from; at < to; at += STEP_US) {
    const sequence = (at / STEP_US) & 0xffff;
    estimator.notePacketSent(sequence, at, 1200, PacketKind.media);
    source.note(sequence, at + delay(at));
    const length = source.write(at + delay(at) + 1, bytes, 0, bytes.length, 1, 2);
    if (length > 0 && readTransportFeedback(bytes, 0, length, feedback)) {
      estimator.handleFeedback(at + 50_000, feedback);
    }
  }
}

test("starts at the start rate and reports what arrives", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  expect(estimator.targetBitrate).toBe(2e6);
  drive(estimator, 1e6, 5e6, () => 20_000);
  expect(Math.abs(estimator.acknowledgedBitrate / 960_000 - 1)).toBeLessThan(0.1);
  expect(estimator.targetBitrate).toBeGreaterThanOrEqual(2e6);
  expect(estimator.reportedLost).toBe(0);
  expect(estimator.reportedPackets).toBeGreaterThan(380);
});

test("a growing delay brings the target below what arrives", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  drive(estimator, 1e6, 6e6, (at) => 20_000 + Math.max(0, at - 4e6) * 0.1);
  expect(estimator.targetBitrate).toBeLessThan(900_000);
  expect(estimator.queueUs).toBeGreaterThan(150_000);
});

test("the receiver's reference time may wrap", () => {
  // 2^24 x 64 ms after its clock's start.
  const wrap = 2 ** 24 * 64_000;
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  drive(estimator, 1e6, 11e6, () => wrap - 6e6);
  expect(estimator.rates.decreases).toBe(0);
  expect(Math.abs(estimator.acknowledgedBitrate / 960_000 - 1)).toBeLessThan(0.1);
});

test("silence of the feedback halves the estimate each half second, but only while we send", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  drive(estimator, 1e6, 3e6, () => 20_000);
  const before = estimator.estimate;
  for (let at = 3e6; at < 4.2e6; at += STEP_US) {
    estimator.notePacketSent((at / STEP_US) & 0xffff, at, 1200, PacketKind.media);
    if (at >= estimator.nextTimeout()) estimator.handleTimeout(at);
  }
  expect(estimator.silences).toBe(2);
  expect(estimator.estimate).toBeCloseTo(before / 4, -3);
  for (let at = 6e6; at < 60e6; at += 100_000) {
    if (at >= estimator.nextTimeout()) estimator.handleTimeout(at);
  }
  expect(estimator.silences).toBe(2);
});

test("without transport feedback REMB bounds and reports drive the rate", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 1e6 });
  estimator.setDemand(2e6, 2e6);
  for (let at = 0; at < 2e6; at += STEP_US) {
    estimator.notePacketSent((at / STEP_US) & 0xffff, at, 1200, PacketKind.media);
  }
  estimator.handleRemb(2e6, 700_000);
  expect(estimator.targetBitrate).toBe(700_000);
  // 1.5 x what we send: the receiver knows no more than that.
  estimator.handleRemb(2e6, 1.45e6);
  expect(estimator.targetBitrate).toBe(1e6);
  for (let i = 0; i < 60; i += 1) estimator.handleReport(0, 40_000);
  expect(estimator.targetBitrate).toBeCloseTo(2.4e6, -3);
  estimator.handleReport(0.3, 40_000);
  expect(estimator.targetBitrate).toBeCloseTo(2.04e6, -3);
  estimator.handleRemb(3e6, 700_000);
  estimator.handleTimeout(estimator.nextTimeout());
  expect(estimator.targetBitrate).toBeGreaterThan(2e6);
});

test("REMB and reports count for nothing once feedback comes", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  drive(estimator, 1e6, 2e6, () => 20_000);
  const { estimate } = estimator;
  estimator.handleRemb(2e6, 100_000);
  estimator.handleReport(0.5, 40_000);
  expect(estimator.estimate).toBe(estimate);
});

test("feedback on packets that were never sent changes nothing", () => {
  const estimator = new BandwidthEstimator({ ...AT_START, startBitrate: 2e6 });
  feedback.baseSequence = 100;
  feedback.statusCount = 200;
  feedback.status.fill(1);
  feedback.delta.fill(4);
  for (let i = 0; i < 100; i += 1) estimator.handleFeedback(i * 50_000, feedback);
  expect(estimator.estimate).toBe(2e6);
  expect(estimator.reportedPackets).toBe(0);
});

test("whatever feedback says, the estimate stays a number within its bounds", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const estimator = new BandwidthEstimator({ ...AT_START, min: 50_000, max: 10e6 });
    estimator.setDemand(1e6, 3e6);
    let sequence = Math.floor(random() * 65_536);
    for (let now = 0; now < 20e6; now += 20_000) {
      for (let i = 0; i < 5; i += 1) {
        sequence = (sequence + 1) & 0xffff;
        estimator.notePacketSent(sequence, now, 1 + Math.floor(random() * 1500), PacketKind.media);
      }
      feedback.baseSequence = (sequence - Math.floor(random() * 300)) & 0xffff;
      feedback.statusCount = 1 + Math.floor(random() * 1024);
      feedback.referenceTime = Math.floor((random() - 0.5) * 2 ** (random() < 0.5 ? 24 : 6));
      for (let i = 0; i < feedback.statusCount; i += 1) {
        feedback.status[i] = Math.floor(random() * 3);
        feedback.delta[i] = (random() - 0.5) * 65_535;
      }
      estimator.handleFeedback(now, feedback);
      if (now >= estimator.nextTimeout()) estimator.handleTimeout(now);
      const padding = estimator.probe(now);
      const fine =
        estimator.targetBitrate >= 50_000 && estimator.targetBitrate <= 10e6 && padding <= 1200;
      expect(fine, `seed ${seed} at ${now}: ${estimator.targetBitrate}`).toBe(true);
    }
  }
});
