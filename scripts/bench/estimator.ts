/**
 * CPU of bandwidth estimation: `bun scripts/bench/estimator.ts`. 500 viewers of 260 packets a second
 * with feedback each 50 ms, all in (sending, parsing, estimating, asking for probes). Prints JSON.
 */
import { BandwidthEstimator } from "../../src/media/estimator.ts";
import { Pacer } from "../../src/media/pacer.ts";
import { PacketKind } from "../../src/media/sent-packets.ts";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import { readTransportFeedback, TransportFeedback } from "../../src/wire/rtcp/transport-cc.ts";

const VIEWERS = 500;
const PACKETS_PER_FEEDBACK = 13;
const ROUNDS = 400;
const INTERVAL_US = 50_000;

const estimators = Array.from(
  { length: VIEWERS },
  () => new BandwidthEstimator({ now: 1e6, random: Math.random }),
);
const pacers = Array.from({ length: VIEWERS }, () => new Pacer());
const feedback = new TransportFeedback(2048);
const source = new TransportFeedbackRecorder();
const bytes = new Uint8Array(1500);

const cost = { sent: 0, feedback: 0, ticks: 0 };
for (let round = 0; round < ROUNDS; round += 1) {
  if (round === ROUNDS / 4) {
    // The first quarter is warm-up.
    cost.sent = 0;
    cost.feedback = 0;
    cost.ticks = 0;
  }
  runRound(round);
}
const packets = VIEWERS * PACKETS_PER_FEEDBACK * ROUNDS * 0.75;
const each = (ms: number) => Number(((ms * 1e6) / packets).toFixed(1));
const total = cost.sent + cost.feedback + cost.ticks;
console.log(
  JSON.stringify({
    nsPerPacketSent: each(cost.sent),
    nsPerPacketReported: each(cost.feedback),
    nsPerPacketTicks: each(cost.ticks),
    nsPerPacket: each(total),
    coreShareAt500x260: Number(((each(total) * 500 * 260) / 1e9).toFixed(4)),
    bytesPerViewer: typedArrayBytes(estimators[0]!, new Set()),
  }),
);

function runRound(round: number): void {
  const now = 1e6 + round * INTERVAL_US;
  const first = (round * PACKETS_PER_FEEDBACK) & 0xffff;
  for (let i = 0; i < PACKETS_PER_FEEDBACK; i += 1) {
    source.note((first + i) & 0xffff, now + 20_000 + Math.floor(i / 4) * 12_000);
  }
  const length = source.write(now + INTERVAL_US * 3, bytes, 0, bytes.length, 1, 2);
  let mark = performance.now();
  for (let viewer = 0; viewer < VIEWERS; viewer += 1) {
    const estimator = estimators[viewer]!;
    const pacer = pacers[viewer]!;
    for (let i = 0; i < PACKETS_PER_FEEDBACK; i += 1) {
      const at = now + Math.floor(i / 4) * 12_000;
      pacer.mayLeave(at);
      pacer.charge(at, 1100);
      estimator.notePacketSent((first + i) & 0xffff, at, 1100, PacketKind.media);
    }
  }
  cost.sent += performance.now() - mark;
  mark = performance.now();
  for (const estimator of estimators) {
    readTransportFeedback(bytes, 0, length, feedback);
    estimator.handleFeedback(now + INTERVAL_US, feedback);
  }
  cost.feedback += performance.now() - mark;
  mark = performance.now();
  for (let viewer = 0; viewer < VIEWERS; viewer += 1) {
    const estimator = estimators[viewer]!;
    // Two looks a feedback: pacing rates, timers, probes.
    for (let i = 0; i < 2; i += 1) {
      const at = now + i * 25_000;
      pacers[viewer]!.setRates(at, 2.5e6, estimator.estimate, false);
      if (at >= estimator.nextTimeout()) estimator.handleTimeout(at);
      estimator.setDemand(0, 3e6);
      estimator.probe(at);
    }
  }
  cost.ticks += performance.now() - mark;
}

function typedArrayBytes(value: object, seen: Set<object>): number {
  if (seen.has(value)) return 0;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let sum = 0;
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) sum += typedArrayBytes(part, seen);
  }
  return sum;
}
