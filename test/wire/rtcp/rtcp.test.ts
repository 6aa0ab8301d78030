import { describe, expect, test } from "bun:test";
import { RtcpPacketConverter } from "werift";
import { readBye, writeBye } from "../../../src/wire/rtcp/bye.ts";
import { RtcpCursor, RtcpType, readMediaSsrc } from "../../../src/wire/rtcp/compound.ts";
import { readFir, writeFir } from "../../../src/wire/rtcp/fir.ts";
import { readNack, writeNack } from "../../../src/wire/rtcp/nack.ts";
import { writePli } from "../../../src/wire/rtcp/pli.ts";
import {
  receiverReportBlocks,
  writeReceiverReport,
} from "../../../src/wire/rtcp/receiver-report.ts";
import { readRemb, writeRemb } from "../../../src/wire/rtcp/remb.ts";
import { ReportBlock, readReportBlock } from "../../../src/wire/rtcp/report-block.ts";
import { sdesLength, writeSdes } from "../../../src/wire/rtcp/sdes.ts";
import {
  compactNtp,
  readSenderReport,
  SenderReport,
  writeSenderReport,
} from "../../../src/wire/rtcp/sender-report.ts";
import { readTransportFeedback, TransportFeedback } from "../../../src/wire/rtcp/transport-cc.ts";
import { fuzz } from "../../support/fuzz.ts";

const out = new Uint8Array(2048);
const hex = (length: number) => out.subarray(0, length).toHex();
const theirs = (length: number) =>
  JSON.parse(JSON.stringify(RtcpPacketConverter.deSerialize(Buffer.from(out.subarray(0, length)))));

function block(): ReportBlock {
  const value = new ReportBlock();
  value.ssrc = 0xdeadbeef;
  value.fractionLost = 77;
  value.packetsLost = -5;
  value.highestSequence = 0x0002fffe;
  value.jitter = 1234;
  value.lastSenderReport = 0x89abcdef;
  value.delaySinceLastSenderReport = 65536;
  return value;
}

function senderReport(): SenderReport {
  const report = new SenderReport();
  report.ssrc = 0xfedcba98;
  report.ntpSeconds = 0xe1234567;
  report.ntpFraction = 0x89abcdef;
  report.rtpTimestamp = 0xf0000001;
  report.packetCount = 10;
  report.octetCount = 12345;
  return report;
}

test("a compound packet is walked, packet by packet", () => {
  let length = writeSenderReport(out, 0, senderReport(), [block()], 1);
  length += writeSdes(out, length, 0xfedcba98, new TextEncoder().encode("spillway"));
  length += writePli(out, length, 1, 2);
  length += writeBye(out, length, [0xfedcba98], 1);
  const cursor = new RtcpCursor();
  cursor.reset(out, 0, length);
  const types: number[] = [];
  while (cursor.next()) types.push(cursor.type);
  expect(types).toEqual([
    RtcpType.senderReport,
    RtcpType.sdes,
    RtcpType.payloadFeedback,
    RtcpType.bye,
  ]);
  expect(cursor.malformed).toBe(false);
  cursor.reset(out, 0, length - 1);
  while (cursor.next());
  expect(cursor.malformed).toBe(true);
});

test("padding is no part of a packet, and no longer than its body", () => {
  const cursor = new RtcpCursor();
  for (const [bytes, length] of [
    ["a0cb00020000000000000008", 4],
    ["a0cb00020000000000000003", 9],
  ] as const) {
    cursor.reset(Uint8Array.fromHex(bytes), 0, 12);
    expect(cursor.next()).toBe(true);
    expect(cursor.length).toBe(length);
    expect(cursor.next()).toBe(false);
    expect(cursor.malformed).toBe(false);
  }
  for (const wrong of [
    "a0cb0002000000000000000c",
    "a0cb00020000000000000009",
    "a0cb00020000000000000000",
  ]) {
    cursor.reset(Uint8Array.fromHex(wrong), 0, 12);
    expect(cursor.next()).toBe(false);
    expect(cursor.malformed).toBe(true);
  }
});

test("transport feedback as libwebrtc writes it: filled up to a word as padding, two at once", () => {
  // One packet received: 4 + 8 + 8 bytes, a chunk, a delta; then one byte that says 1.
  const one = "afcd000500000001000000020007000100000100" + "200104" + "01";
  // Two received, each after 250 us: the deltas end at a word.
  const two = "8fcd000500000001000000020008000200000101" + "20020101";
  const bytes = Uint8Array.fromHex(one + one + two);
  const cursor = new RtcpCursor();
  const feedback = new TransportFeedback(16);
  cursor.reset(bytes, 0, bytes.length);
  const counts: number[] = [];
  while (cursor.next()) {
    expect(readTransportFeedback(bytes, cursor.offset, cursor.length, feedback)).toBe(true);
    counts.push(feedback.receivedCount);
  }
  expect(counts).toEqual([1, 1, 2]);
  expect(cursor.malformed).toBe(false);
});

test("reports", () => {
  const length = writeSenderReport(out, 0, senderReport(), [block(), block()], 2);
  const read = new SenderReport();
  expect(readSenderReport(out, 0, length, 2, read)).toBe(true);
  expect(read).toMatchObject({ ...senderReport(), blockCount: 2, blocksOffset: 28 });
  expect(readSenderReport(out, 0, length, 3, read)).toBe(false);
  const readBlock = new ReportBlock();
  readReportBlock(out, 28 + 24, readBlock);
  expect(readBlock).toEqual(block());
  expect(theirs(length)[0]).toMatchObject({
    ssrc: 0xfedcba98,
    senderInfo: { rtpTimestamp: 0xf0000001 },
  });
  expect(compactNtp(0xe1234567, 0x89abcdef)).toBe(0x456789ab);

  const receiver = writeReceiverReport(out, 0, 5, [block()], 1);
  expect(receiverReportBlocks(0, receiver, 1)).toBe(8);
  expect(receiverReportBlocks(0, receiver, 2)).toBe(-1);
  const report = theirs(receiver)[0];
  expect(report.reports[0]).toMatchObject({
    ssrc: 0xdeadbeef,
    fractionLost: 77,
    highestSequence: 0x0002fffe,
    jitter: 1234,
    lsr: 0x89abcdef,
    dlsr: 65536,
  });
});

test("SDES with each alignment, BYE", () => {
  for (let size = 1; size < 9; size += 1) {
    const cname = new Uint8Array(size).fill(97);
    const length = writeSdes(out, 0, 9, cname);
    expect([length % 4, length]).toEqual([0, sdesLength(size)]);
    expect(out[length - 1]).toBe(0);
    expect(JSON.stringify(theirs(length)[0])).toContain(`"${"a".repeat(size)}"`);
  }
  const length = writeBye(out, 0, [1, 0xffffffff, 3], 3);
  const ssrcs = new Uint32Array(2);
  expect(readBye(out, 0, length, 3, ssrcs)).toBe(2);
  expect([...ssrcs]).toEqual([1, 0xffffffff]);
  expect(readBye(out, 0, length, 4, ssrcs)).toBe(-1);
});

describe("NACK", () => {
  // 16 starts around the wrap.
  for (let start = 65520; start < 65536; start += 1) {
    test(`round trip and werift from ${start}`, () => {
      const distances = [0, 1, 3, 16, 17, 18, 40, 300];
      const sequences = Uint16Array.from(distances, (distance) => start + distance);
      const length = writeNack(out, 0, 1, 0xaabbccdd, sequences, sequences.length);
      expect(length).toBe(12 + 4 * 4);
      expect(readMediaSsrc(out, 0, length)).toBe(0xaabbccdd);
      const read = new Uint16Array(48);
      expect(readNack(out, 0, length, read)).toBe(sequences.length);
      expect(read.slice(0, sequences.length)).toEqual(sequences);
      const lost: number[] = theirs(length)[0].feedback.lost;
      expect(lost.map((sequence) => sequence & 0xffff)).toEqual([...sequences]);
    });
  }

  test("a flood is cut at the room that the caller gives", () => {
    const sequences = Uint16Array.from({ length: 400 }, (_, i) => i);
    const length = writeNack(out, 0, 1, 2, sequences, 400);
    const read = new Uint16Array(48);
    expect(readNack(out, 0, length, read)).toBe(48);
    expect(read[47]).toBe(47);
    expect(readNack(out, 0, 12, read)).toBe(-1);
  });
});

test("PLI and FIR", () => {
  expect(hex(writePli(out, 0, 1, 0xaabbccdd))).toBe("81ce000200000001aabbccdd");
  const length = writeFir(out, 0, 1, 0xaabbccdd, 258);
  expect(hex(length)).toBe("84ce00040000000100000000aabbccdd02000000");
  expect(readFir(out, 0, length, 0xaabbccdd)).toBe(2);
  expect(readFir(out, 0, length, 1)).toBe(-1);
});

test("REMB", () => {
  for (const bitrate of [0, 1, 262_143, 262_144, 2_500_000, 2 ** 40]) {
    const length = writeRemb(out, 0, 1, bitrate, [7, 0xfffffff0], 2);
    const read = readRemb(out, 0, length);
    expect(read).toBeLessThanOrEqual(bitrate);
    expect(read).toBeGreaterThanOrEqual(bitrate * (1 - 2 ** -17));
    const [packet] = RtcpPacketConverter.deSerialize(Buffer.from(out.subarray(0, length)));
    const feedback = (
      packet as unknown as { feedback: { bitrate: bigint; ssrcFeedbacks: number[] } }
    ).feedback;
    expect(Number(feedback.bitrate)).toBe(read);
    expect(feedback.ssrcFeedbacks).toEqual([7, 0xfffffff0]);
    expect(readRemb(out, 0, length - 4)).toBe(-1);
  }
});

test("random and mutated input to every reader", () => {
  const samples: Uint8Array[] = [];
  const keep = (length: number) => samples.push(out.slice(0, length));
  keep(writeSenderReport(out, 0, senderReport(), [block()], 1));
  keep(writeReceiverReport(out, 0, 5, [block()], 1));
  keep(writeNack(out, 0, 1, 2, Uint16Array.of(1, 2, 60), 3));
  keep(writeRemb(out, 0, 1, 500_000, [7], 1));
  keep(writeFir(out, 0, 1, 2, 3));
  keep(writeBye(out, 0, [1, 2], 2));
  samples.push(Uint8Array.fromHex("8fcd0005000000010000000200050007000001032007040506070809"));
  const cursor = new RtcpCursor();
  const report = new SenderReport();
  const sequences = new Uint16Array(48);
  const ssrcs = new Uint32Array(4);
  const feedback = new TransportFeedback(512);
  fuzz(4, samples, (bytes, offset, length) => {
    cursor.reset(bytes, offset, length);
    let packets = 0;
    while (cursor.next()) {
      packets += 1;
      if (cursor.offset + cursor.length > offset + length) throw new Error("outside");
      readSenderReport(bytes, cursor.offset, cursor.length, cursor.count, report);
      receiverReportBlocks(cursor.offset, cursor.length, cursor.count);
      readNack(bytes, cursor.offset, cursor.length, sequences);
      readBye(bytes, cursor.offset, cursor.length, cursor.count, ssrcs);
      readFir(bytes, cursor.offset, cursor.length, 2);
      readRemb(bytes, cursor.offset, cursor.length);
      readTransportFeedback(bytes, cursor.offset, cursor.length, feedback);
    }
    if (packets > length / 4) throw new Error("more packets than words");
  });
});
