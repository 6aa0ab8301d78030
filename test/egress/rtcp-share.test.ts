/** What one viewer's RTCP may take of its worker, and of its own bit rate. */
import { describe, expect, test } from "bun:test";
import {
  REPAIR_BYTES_MIN,
  RTCP_COST_US,
  RTCP_TIME_BURST_US,
  RTCP_TIME_PER_SECOND_US,
  RTX_BURST_BYTES,
} from "../../src/limits.ts";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import { Header, SlotFlag } from "../../src/ring/layout.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { writeReceiverReport } from "../../src/wire/rtcp/receiver-report.ts";
import { ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { KEY, RTX_SSRC, Sim, sourceOf, Track, VIDEO_SSRC, videoSection } from "./harness.ts";

const NACK_OF_48 = 12 + 4 * 3;

/** `packets` NACKs of 48 numbers each from `first` on. */
function nacks(packets: number, first: number): Uint8Array {
  const bytes = new Uint8Array(packets * NACK_OF_48 + nackLengthMax(48));
  const numbers = Uint16Array.from({ length: 48 }, (_, i) => (first + i) & 0xffff);
  let length = 0;
  for (let i = 0; i < packets; i += 1) {
    length += writeNack(bytes, length, 1, VIDEO_SSRC, numbers, numbers.length);
  }
  return bytes.subarray(0, length);
}

/** A viewer of 100 packets of 1,000 bytes a second. */
function live(length = 1000) {
  const sim = new Sim();
  const video = new Track("video");
  const viewer = sim.open(sourceOf({ video: [video] }), { media: [videoSection()] });
  let sequence = 0;
  const step = (flags = 0) => {
    video.put(sequence, sequence * 900, sim.now, { flags: sequence === 0 ? KEY : flags, length });
    sequence += 1;
    sim.forward(video);
    sim.pass(10_000);
  };
  for (let i = 0; i < 200; i += 1) step();
  const newest = () => viewer.of(VIDEO_SSRC).at(-1)!.index;
  return { sim, video, viewer, step, newest };
}

/** us that the work of these counters stands for. */
const reckoned = (sim: Sim) =>
  (sim.count("retransmissions") + sim.count("retransmissionsRefused")) * RTCP_COST_US.sequence +
  sim.count("retransmissions") * RTCP_COST_US.repair;

describe("the worker's time", () => {
  for (const first of [0, 20_000]) {
    test(`S9: 950 compounds a second of 70 NACKs take one per cent (numbers from ${first})`, () => {
      const { sim, viewer, step, newest } = live();
      const flood = nacks(70, first === 0 ? newest() - 60 : first);
      const seconds = 5;
      for (let ms = 0; ms < seconds * 1000; ms += 1) {
        sim.now += 1000;
        if (ms % 20 !== 0) sim.rtcp(viewer, flood);
        if (ms % 10 === 0) step();
      }
      // The steps take time, too.
      const limit = RTCP_TIME_BURST_US * 2 + RTCP_TIME_PER_SECOND_US * seconds * 2;
      expect(reckoned(sim)).toBeLessThan(limit);
      expect(reckoned(sim)).toBeGreaterThan(RTCP_TIME_PER_SECOND_US);
      expect(sim.count("rtcpOverBudget")).toBeGreaterThan(4000);
      // A viewer beside it has all its repairs.
      expect(viewer.of(VIDEO_SSRC).length).toBeGreaterThan(600);
    });
  }

  const block = new ReportBlock();
  block.ssrc = VIDEO_SSRC;
  const scratch = new Uint8Array(1400);
  const reports = scratch.slice(0, writeReceiverReport(scratch, 0, 9, Array(31).fill(block), 31));
  const feedbackSource = new TransportFeedbackRecorder();
  for (let i = 0; i < 500; i += 1) feedbackSource.note(i, 1e6 + i * 300);
  const feedback = scratch.slice(0, feedbackSource.write(9e6, scratch, 0, 1200, 1, VIDEO_SSRC));
  const junk = Uint8Array.from({ length: 1400 }, (_, i) => [0x80, 204, 0, 0][i & 3]!);
  const descriptions = Uint8Array.from({ length: 1400 }, (_, i) => [0x80, 202, 0, 0][i & 3]!);
  for (const [name, bytes, atMost] of [
    ["receiver reports", reports, 400],
    ["transport feedback", feedback, 400],
    ["350 APP packets each", junk, 400],
    ["350 SDES packets each", descriptions, 400],
    ["a byte of nothing", Uint8Array.of(0), 2100],
  ] as const) {
    test(`S9: a flood of ${name} is worked on for one per cent of the time`, () => {
      const { sim, viewer } = live();
      let handled = 0;
      for (let i = 0; i < 20_000; i += 1) {
        sim.now += 50;
        const before = sim.count("rtcpOverBudget");
        sim.rtcp(viewer, bytes);
        if (sim.count("rtcpOverBudget") === before) handled += 1;
      }
      const time = RTCP_TIME_BURST_US + RTCP_TIME_PER_SECOND_US;
      expect(handled).toBeLessThanOrEqual(time / RTCP_COST_US.datagram + 1);
      if (atMost < 2000) expect(handled).toBeLessThan(time / 25);
      expect(handled).toBeGreaterThan(100);
    });
  }

  test("S9: a viewer of 30 Mb/s behind 10 % loss with keyframes of 1 MB is never cut short", () => {
    // In virtual time, as libwebrtc asks: at once for each gap, again after a round trip.
    const { sim, viewer, video } = live();
    video.writer.setWord(Header.slotsGranted, 4096);
    let sequence = 1000;
    let asked = 0;
    let refused = 0;
    const again: { readonly at: number; readonly index: number }[] = [];
    const ask = (index: number) => {
      asked += 1;
      const bytes = new Uint8Array(nackLengthMax(1));
      writeNack(bytes, 0, 1, VIDEO_SSRC, Uint16Array.of(index & 0xffff), 1);
      sim.rtcp(viewer, bytes);
    };
    for (let frame = 0; frame < 300; frame += 1) {
      const packets = frame % 60 === 0 ? 850 : 85;
      for (let i = 0; i < packets; i += 1) {
        const flags = frame % 60 === 0 && i === 0 ? KEY : SlotFlag.frameStart;
        video.put(sequence, frame * 3000, sim.now, { flags, length: 1200 });
        sequence += 1;
        if (i % 20 === 19) sim.forward(video);
      }
      sim.forward(video);
      const sent = viewer.of(VIDEO_SSRC).slice(-packets);
      for (let i = 0; i < sent.length; i += 10) {
        ask(sent[i]!.index);
        if (i % 100 === 0) again.push({ at: sim.now + 50_000, index: sent[i]!.index });
      }
      // Until then the history of what left has the size of a lesser stream.
      if (frame === 60) refused = sim.count("retransmissionsRefused");
      while (again[0] !== undefined && again[0].at <= sim.now) ask(again.shift()!.index);
      viewer.rtp.splice(0, viewer.rtp.length - 2000);
      sim.pass(33_333);
    }
    expect(asked).toBeGreaterThan(2500);
    expect(sim.count("rtcpOverBudget")).toBe(0);
    expect(sim.count("retransmissionsRefused") - refused).toBeLessThan(asked / 50);
  });

  test("S9: whoever floods is heard again when it stops", () => {
    const { sim, viewer, video, newest } = live();
    for (let i = 0; i < 5000; i += 1) sim.rtcp(viewer, nacks(70, 20_000));
    expect(sim.count("rtcpOverBudget")).toBeGreaterThan(4000);
    sim.pass(4e6);
    const before = video.failures;
    const pli = new Uint8Array(PLI_BYTES);
    writePli(pli, 0, 1, VIDEO_SSRC);
    sim.rtcp(viewer, pli);
    sim.rtcp(viewer, nacks(1, newest() - 10));
    expect(video.failures).toBe(before + 1);
    expect(viewer.of(RTX_SSRC).length).toBeGreaterThan(0);
  });
});

describe("the bytes of repairs", () => {
  test("S9: repeats of empty packets count as what they take", () => {
    const { sim, viewer, step } = live();
    for (let i = 0; i < 40; i += 1) step(SlotFlag.skip);
    const empty = viewer
      .of(VIDEO_SSRC)
      .slice(-30)
      .map(({ index }) => index);
    expect(viewer.of(VIDEO_SSRC).at(-1)!.payload.length).toBe(0);
    const before = sim.count("retransmissions");
    for (let round = 0; round < 200; round += 1) {
      sim.pass(25_000);
      sim.rtcp(viewer, nacks(1, empty[0]!).slice());
    }
    const repeated = sim.count("retransmissions") - before;
    expect(repeated).toBeGreaterThan(500);
    // Nothing else was sent: the burst is all there is.
    expect(repeated).toBeLessThanOrEqual(RTX_BURST_BYTES / REPAIR_BYTES_MIN);
  });
});
