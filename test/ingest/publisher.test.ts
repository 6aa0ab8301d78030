import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { KEYFRAMES_UNKNOWN_MS, SlotFlag } from "../../src/ring/layout.ts";
import { readU32 } from "../../src/wire/bytes.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { writeBye } from "../../src/wire/rtcp/bye.ts";
import { readFir } from "../../src/wire/rtcp/fir.ts";
import { readRemb } from "../../src/wire/rtcp/remb.ts";
import { ReportBlock, readReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { SenderReport, writeSenderReport } from "../../src/wire/rtcp/sender-report.ts";
import { readTransportFeedback, TransportFeedback } from "../../src/wire/rtcp/transport-cc.ts";
import { fuzz } from "../support/fuzz.ts";
import {
  ascii,
  audioSection,
  build,
  CAPTURE_ID,
  format,
  H264,
  H264_TYPE,
  isFir,
  isPli,
  isRemb,
  isTransport,
  MID_ID,
  Session,
  section,
  TRANSPORT_ID,
  VP8_RTX_TYPE,
  VP8_TYPE,
  vp8,
} from "./harness.ts";

const START = 65_536;
const SPS = new Uint8Array([0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xec]);
const PPS = new Uint8Array([0x68, 0xce, 0x3c, 0x80]);
const IDR = new Uint8Array([0x65, 0x88, 0x84, 0x00, 0x10]);
const SLICE = new Uint8Array([0x41, 0x9a, 0x02, 0x04]);

describe("slots", () => {
  test("keep what travels and drop what belongs to the hop", () => {
    const session = new Session([section({})]);
    const capture = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const extensions = [
      [MID_ID, ascii("1")],
      [TRANSPORT_ID, new Uint8Array([0, 9])],
      [CAPTURE_ID, capture],
    ] as const;
    const payload = vp8(true, 5);
    const packet = { type: VP8_TYPE, ssrc: 9, sequence: 77, timestamp: 1234, marker: true };
    session.rtp(1, build({ ...packet, payload, extensions, padding: 3 }));
    session.turn(1);
    const slot = session.read(START + 77)!;
    expect([...slot.payload]).toEqual([...payload]);
    expect(slot.timestamp).toBe(1234);
    expect(slot.codec).toBe(Codec.vp8);
    expect([...slot.extensions]).toEqual([Extension.absCaptureTime, 8, ...capture]);
    const { frameStart, frameEnd, keyframeStart, marker } = SlotFlag;
    expect(slot.flags).toBe(frameStart | frameEnd | keyframeStart | marker);
    const ring = session.readers[0]![0]!.describe();
    expect(ring).toMatchObject({ codec: "vp8", width: 640, height: 360 });
    expect(ring).toMatchObject({ packets: 1, keyframeCached: true });
    expect(session.readers[0]![0]!.clockRate).toBe(90_000);
    expect(session.touched.get(1)).toBe(1);
    session.publisher.close();
    expect(session.readers[0]![0]!.closed).toBe(true);
  });

  test("padding, unknown payload types and broken or oversized payloads only take a number", () => {
    const session = new Session([section({})]);
    const packet = { type: VP8_TYPE, ssrc: 9 };
    session.rtp(1, build({ ...packet, sequence: 10, payload: vp8(true) }));
    session.rtp(2, build({ ...packet, sequence: 11, payload: new Uint8Array(0), padding: 200 }));
    session.rtp(3, build({ ...packet, type: 50, sequence: 12 }));
    session.rtp(4, build({ ...packet, sequence: 13, payload: new Uint8Array([0x90]) }));
    session.rtp(5, build({ ...packet, sequence: 14, payload: vp8(false, 1, 2000) }));
    session.rtp(6, build({ ...packet, sequence: 15 }));
    for (const sequence of [11, 12, 13, 14]) {
      const slot = session.read(START + sequence)!;
      expect(slot.flags).toBe(SlotFlag.skip);
      expect(slot.payload.length).toBe(0);
    }
    expect(session.read(START + 15)!.flags & SlotFlag.skip).toBe(0);
    expect(session.counters[Counter.malformed]).toBe(3);
    session.runTo(6, 600_000);
    expect(session.counters[Counter.nacksSent]).toBe(0);
  });

  test("an encoder that restarts under its SSRC goes on at the next number, old holes forgotten", () => {
    const session = new Session([section({})]);
    const packet = { type: VP8_TYPE, ssrc: 9 };
    session.rtp(1, build({ ...packet, sequence: 100, payload: vp8(true) }));
    session.rtp(2, build({ ...packet, sequence: 103 }));
    session.rtp(3, build({ ...packet, sequence: 40_000, timestamp: 5, payload: vp8(true) }));
    session.rtp(4, build({ ...packet, sequence: 40_002, timestamp: 6 }));
    const first = session.read(START + 104)!;
    expect(first.flags & SlotFlag.discontinuity).not.toBe(0);
    expect(session.read(START + 106)!.flags & SlotFlag.discontinuity).toBe(0);
    expect(session.readers[0]![0]!.head).toBe(START + 107);
    session.runTo(4, 100_000);
    const asked = new Set(session.sent.flatMap((sent) => sent.nacked));
    expect([...asked]).toEqual([40_001]);
    expect(session.counters[Counter.packetsLost]).toBe(2);
  });

  test("a change of codec on the same SSRC describes the ring anew", () => {
    const session = new Session([section({ formats: [format({}), H264] })]);
    session.rtp(1, build({ type: VP8_TYPE, ssrc: 9, sequence: 1, payload: vp8(true) }));
    expect(session.readers[0]![0]!.describe().codec).toBe("vp8");
    const stap = new Uint8Array([0x78, 0, SPS.length, ...SPS, 0, PPS.length, ...PPS]);
    session.rtp(2, build({ type: H264_TYPE, ssrc: 9, sequence: 2, timestamp: 9, payload: stap }));
    expect(session.readers[0]![0]!.describe().codec).toBe("h264");
    expect(session.read(START + 2)!.codec).toBe(Codec.h264);
    expect(session.readers[0]![0]!.parameterSets()).toEqual(stap);
  });
});

describe("H.264 parameter sets", () => {
  const h264 = (sequence: number, timestamp: number, payload: Uint8Array) =>
    build({ type: H264_TYPE, ssrc: 9, sequence, timestamp, payload });

  test("in band: one keyframe, kept as a STAP-A; a later bare IDR is marked", () => {
    const session = new Session([section({ formats: [H264] })]);
    [SPS, PPS, IDR].forEach((unit, i) => {
      session.rtp(1, h264(1 + i, 100, unit));
    });
    session.rtp(2, h264(4, 200, SLICE));
    session.rtp(3, h264(5, 300, IDR));
    const reader = session.readers[0]![0]!;
    expect(session.read(START + 3)!.flags & SlotFlag.needsParameterSets).toBe(0);
    expect(session.read(START + 3)!.flags & SlotFlag.keyframeStart).not.toBe(0);
    expect(session.read(START + 5)!.flags & SlotFlag.needsParameterSets).not.toBe(0);
    const [track] = session.publisher.stats(3).tracks;
    expect(track).toMatchObject({ keyframes: 2, framesPerSecond: 3 });
    const newest = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
    expect(reader.newestKeyframe(newest)).toBe(true);
    expect(newest.sequence).toBe(START + 5);
    const stap = new Uint8Array([0x78, 0, SPS.length, ...SPS, 0, PPS.length, ...PPS]);
    expect(reader.parameterSets()).toEqual(stap);
    // A new SPS begins a new collection.
    const other = SPS.slice();
    other[8] = 0xef;
    session.rtp(4, h264(6, 400, other));
    expect(reader.parameterSets()).toEqual(new Uint8Array([0x78, 0, SPS.length, ...other]));
  });

  test("out of band: taken from sprop-parameter-sets", () => {
    const text = [SPS, PPS].map((unit) => Buffer.from(unit).toString("base64")).join(",");
    const fmtp = `packetization-mode=1;sprop-parameter-sets=${text}`;
    const session = new Session([section({ formats: [{ ...H264, fmtp }] })]);
    session.rtp(1, h264(1, 100, IDR));
    const stap = new Uint8Array([0x78, 0, SPS.length, ...SPS, 0, PPS.length, ...PPS]);
    expect(session.readers[0]![0]!.parameterSets()).toEqual(stap);
    expect(session.read(START + 1)!.flags & SlotFlag.needsParameterSets).not.toBe(0);
  });
});

describe("keyframe requests", () => {
  const frame = (sequence: number, keyframe: boolean) =>
    build({ type: VP8_TYPE, ssrc: 9, sequence, timestamp: sequence, payload: vp8(keyframe) });

  test("exactly one PLI to a new publisher that begins mid-stream, none to one at a keyframe", () => {
    const late = new Session([section({})]);
    late.rtp(0, frame(1, false));
    late.turn(0);
    late.rtp(30_000, frame(2, true));
    late.runTo(30_000, 5_000_000);
    expect(late.sent.filter(isPli).map((sent) => [sent.at, sent.mediaSsrc])).toEqual([[0, 9]]);
    const prompt = new Session([section({})]);
    prompt.rtp(0, frame(1, true));
    prompt.runTo(0, 5_000_000);
    expect(prompt.sent.filter(isPli)).toEqual([]);
  });

  test("wishes of all readers are merged: joins 2 s, failures 500 ms", () => {
    const session = new Session([section({})]);
    session.rtp(0, frame(1, true));
    session.turn(0);
    const reader = session.readers[0]![0]!;
    let sequence = 2;
    let answered = 0;
    for (let now = 10_000; now < 6_000_000; now += 10_000) {
      reader.requestKeyframe("join");
      session.turn(now);
      const plis = session.sent.filter(isPli).length;
      session.rtp(now, frame(sequence, plis > answered));
      answered = plis;
      sequence += 1;
    }
    const joins = session.sent.filter(isPli).map((sent) => sent.at);
    expect(joins.length).toBe(3);
    for (let i = 1; i < joins.length; i += 1) {
      expect(joins[i]! - joins[i - 1]!).toBeGreaterThanOrEqual(2_000_000);
    }
    for (let now = 6_000_000; now < 8_000_000; now += 10_000) {
      reader.requestKeyframe("failure");
      session.turn(now);
      session.rtp(now, frame(sequence, true));
      sequence += 1;
    }
    const failures = session.sent.filter(isPli).slice(3);
    expect(failures.length).toBeGreaterThanOrEqual(3);
    expect(failures.length).toBeLessThanOrEqual(4);
    expect(session.counters[Counter.plisSent]).toBe(session.sent.filter(isPli).length);
  });

  test("a publisher that ignores three PLIs is asked every 10 s, until it answers one", () => {
    const session = new Session([section({})]);
    const reader = session.readers[0]![0]!;
    session.rtp(0, frame(1, false));
    session.runTo(0, 40_000_000);
    const times = session.sent.filter(isPli).map((sent) => sent.at / 1e6);
    expect(times.slice(0, 3)).toEqual([0, 2, 4]);
    expect(times.length).toBeLessThanOrEqual(7);
    for (let i = 3; i < times.length; i += 1) {
      expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(10);
    }
    expect(reader.publisherIgnoresPli).toBe(true);
    // A keyframe of its own interval, long after the last request, is no answer.
    const last = session.sent.filter(isPli).at(-1)!.at;
    session.rtp(last + 7_000_000, frame(2, true));
    session.turn(last + 7_000_000);
    expect(reader.publisherIgnoresPli).toBe(true);
    reader.requestKeyframe("join");
    session.runTo(last + 7_000_000, last + 10_100_000);
    const next = session.sent.filter(isPli).at(-1)!.at;
    expect(next).toBeGreaterThan(last);
    session.rtp(next + 100_000, frame(3, true));
    expect(reader.publisherIgnoresPli).toBe(false);
  });

  test("readers know how far apart the keyframes are that it sends by itself", () => {
    const session = new Session([section({})]);
    const reader = session.readers[0]![0]!;
    const known = [0, 4_000_000, 8_200_000, 12_200_000].map((now, at) => {
      session.rtp(now, frame(at + 1, true));
      return reader.keyframeIntervalUs;
    });
    const unknown = KEYFRAMES_UNKNOWN_MS * 1000;
    expect(known).toEqual([unknown, unknown, unknown, 4_200_000]);
  });

  test("readers know whether it is known that it makes them on request", () => {
    const session = new Session([section({})]);
    const reader = session.readers[0]![0]!;
    session.rtp(0, frame(1, true));
    expect(reader.keyframeIntervalUs).toBe(KEYFRAMES_UNKNOWN_MS * 1000);
    reader.requestKeyframe("segment");
    session.turn(1_000_000);
    session.rtp(1_100_000, frame(2, true));
    expect(reader.keyframeIntervalUs).toBe(0);
  });

  test("FIR where only that was negotiated, with a number that rises", () => {
    const session = new Session([section({ formats: [format({ pli: false })] })]);
    session.rtp(0, frame(1, false));
    session.runTo(0, 2_500_000);
    expect(session.sent.filter(isPli)).toEqual([]);
    const firs = session.sent.filter(isFir);
    expect(firs.map((sent) => readFir(sent.bytes, 0, sent.bytes.length, 9))).toEqual([0, 1]);
  });
});

describe("an idle publisher", () => {
  const SILENT_US = 8_000_000;
  const frame = (sequence: number, keyframe: boolean) =>
    build({ type: VP8_TYPE, ssrc: 9, sequence, payload: vp8(keyframe) });

  function silent(): Session {
    const session = new Session([section({})]);
    session.rtp(0, frame(1, true));
    session.runTo(0, SILENT_US);
    return session;
  }

  /** How often it wanted a turn. */
  function turns(session: Session, start: number, end: number): number {
    let count = 0;
    for (let now = start; now <= end; now = Math.max(now + 1, session.publisher.nextTimeout())) {
      session.turn(now);
      count += 1;
    }
    return count;
  }

  test("6.7: wants a few turns a second, and the usual ones from its next packet on", () => {
    const session = silent();
    expect(turns(session, SILENT_US, SILENT_US + 10e6)).toBeLessThan(40);
    const back = SILENT_US + 10.5e6;
    session.rtp(back, frame(2, false));
    expect(turns(session, back, back + 1e6)).toBeGreaterThan(49);
  });

  test("is asked at once for what a reader rings for, and within a second without its ring", () => {
    for (const rings of [true, false]) {
      const session = silent();
      const now = SILENT_US + 100_000;
      session.turn(now);
      session.readers[0]![0]!.requestKeyframe("failure");
      if (rings) session.publisher.heed();
      session.runTo(now + 1, now + 1e6);
      const [pli] = session.sent.filter(isPli);
      if (rings) expect(pli!.at).toBe(now + 1);
      else expect(pli!.at).toBeLessThanOrEqual(now + 1e6);
      // A wish that stands is no idleness.
      expect(session.publisher.nextTimeout() - now).toBeLessThan(1.1e6);
    }
  });

  test("6.7: after a BYE no wish of the meantime is heard when its media comes back", () => {
    const session = silent();
    const bye = new Uint8Array(8);
    session.rtcp(SILENT_US, bye.subarray(0, writeBye(bye, 0, [9], 1)));
    session.runTo(SILENT_US, SILENT_US + 500_000);
    const reader = session.readers[0]![0]!;
    session.rung.length = 0;
    reader.requestKeyframe("failure");
    // Told of it: nobody need ring.
    expect(session.rung).toEqual([]);
    const back = SILENT_US + 600_000;
    session.rtp(back, frame(2, false));
    session.runTo(back, back + 1e6);
    expect(session.sent.filter(isPli).map(({ at }) => at)).toEqual([back]);
  });
});

describe("reports", () => {
  test("REMB at once and each second, receiver reports with DLSR, timing in the ring", () => {
    const session = new Session([audioSection(), section({ ssrcs: [9], rtxSsrcs: [10] })]);
    session.rtp(0, build({ type: VP8_TYPE, ssrc: 9, sequence: 1, payload: vp8(true) }));
    const remb = session.turn(0).find(isRemb)!;
    expect(readRemb(remb.bytes, 0, remb.bytes.length)).toBeCloseTo(4_000_000, -2);
    expect(readU32(remb.bytes, 20)).toBe(9);
    const report = new SenderReport();
    Object.assign(report, { ssrc: 9, ntpSeconds: 0xe0001234, ntpFraction: 0x80000000 });
    report.rtpTimestamp = 4321;
    const bytes = new Uint8Array(28);
    writeSenderReport(bytes, 0, report, [], 0);
    session.rtcp(500_000, bytes);
    session.rtp(600_000, build({ type: VP8_TYPE, ssrc: 9, sequence: 4 }));
    session.runTo(600_000, 1_050_000);
    const rr = session.sent.find((sent) => sent.type === 201 && sent.format === 1)!;
    const block = new ReportBlock();
    readReportBlock(rr.bytes, 8, block);
    expect(block).toMatchObject({ ssrc: 9, packetsLost: 2, fractionLost: 128, highestSequence: 4 });
    expect(block.lastSenderReport).toBe(0x12348000);
    expect(block.delaySinceLastSenderReport).toBe(Math.round(((rr.at - 500_000) * 65536) / 1e6));
    const timing = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
    expect(session.readers[1]![0]!.timing(timing)).toBe(true);
    expect(timing.rtpTimestamp).toBe(4321);
    expect(timing.ntpUs).toBe(0xe0001234 * 1e6 + 500_000);
    expect(timing.localUs).toBe(500_000);
    expect(session.sent.filter(isRemb).length).toBe(2);
  });

  test("transport-wide feedback names every packet once, also the lost ones", () => {
    const session = new Session([section({})]);
    let fed = 0;
    for (let i = 0; i < 3000; i += 1) {
      const number = (65_000 + i) & 0xffff;
      if (i % 10 !== 3) {
        const data = new Uint8Array([number >> 8, number]);
        const extensions = [[TRANSPORT_ID, data]] as const;
        const sequence = i & 0xffff;
        session.rtp(i * 1000, build({ type: VP8_TYPE, ssrc: 9, sequence, extensions }));
        fed += 1;
      }
      session.turn(i * 1000);
    }
    session.runTo(3_000_000, 3_200_000);
    const feedback = new TransportFeedback(4096);
    let received = 0;
    let next = 65_000;
    let count = 0;
    for (const sent of session.sent.filter(isTransport)) {
      expect(readTransportFeedback(sent.bytes, 0, sent.bytes.length, feedback)).toBe(true);
      expect(feedback.baseSequence).toBe(next & 0xffff);
      expect(feedback.feedbackCount).toBe(count & 0xff);
      next += feedback.statusCount;
      received += feedback.receivedCount;
      count += 1;
    }
    expect(received).toBe(fed);
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThan(65);
  });
});

describe("the end", () => {
  test("random and mutated packets do no harm", () => {
    const session = new Session([audioSection(), section({ formats: [format({}), H264] })]);
    let now = 0;
    const seeds = [
      build({ type: VP8_TYPE, ssrc: 9, sequence: 1, payload: vp8(true) }),
      build({ type: H264_TYPE, ssrc: 9, sequence: 2, payload: IDR }),
      build({ type: VP8_RTX_TYPE, ssrc: 10, sequence: 2, payload: new Uint8Array([0, 1, 2]) }),
    ];
    const input = (bytes: Uint8Array, offset: number, length: number) => {
      now += 500;
      const packet = bytes.subarray(offset, offset + length);
      session.rtp(now, packet);
      session.rtcp(now, packet);
      if (now % 20_000 === 0) session.turn(now);
      session.sent.length = 0;
    };
    fuzz(2, seeds, input);
    session.turn(now);
    expect(session.publisher.stats(now).tracks.length).toBe(2);
  });
});
