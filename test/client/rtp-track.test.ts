import { expect, test } from "bun:test";
import { HISTORY_BYTES, type PacketSink, RtpTrack } from "../../src/client/rtp-track.ts";
import type { Region, SrtpCipher } from "../../src/srtp/cipher.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { parseRtp, RtpHeader } from "../../src/wire/rtp.ts";

/** Copies instead of sealing, so that a test can read what left. */
const plain: SrtpCipher = {
  rtpOverhead: 0,
  rtcpOverhead: 0,
  sealRtp: (out, offset, header, input, from, length) => {
    out.bytes.set(input.bytes.subarray(from, from + length), offset + header);
    return header + length;
  },
  openRtp: () => -1,
  sealRtcp: (_region, _offset, length) => length,
  openRtcp: () => -1,
  free: () => {},
};

const region = (bytes: number): Region => ({ bytes: new Uint8Array(bytes), address: 0 });

function setUp(rtx: boolean, firstSequence = 65_000 % 2 ** 15) {
  const sent: Uint8Array[] = [];
  let full = false;
  const room = region(2048);
  const sink: PacketSink = {
    region: room,
    reserve: () => (full ? -1 : 100),
    commit: (length) => sent.push(room.bytes.slice(100, 100 + length)),
  };
  const track = new RtpTrack({
    codec: "opus",
    payloadType: 111,
    clockRate: 48_000,
    ssrc: 0x1111,
    rtx: rtx ? { payloadType: 97, ssrc: 0x2222 } : null,
    firstSequence,
    firstRtxSequence: 7,
    firstTimestamp: 2 ** 32 - 960,
    pictureId: 0,
    history: region(HISTORY_BYTES),
  });
  const sender = new SrtpSender(plain);
  const frame = (n: number) => track.sendFrame(sender, sink, n * 20_000, Uint8Array.of(n >> 8, n));
  return { sent, sink, track, sender, frame, setFull: (value: boolean) => (full = value) };
}

function parsed(packet: Uint8Array): RtpHeader {
  const header = new RtpHeader();
  expect(parseRtp(packet, 0, packet.length, header)).toBe(true);
  return header;
}

test("sequence and timestamp go on across their wraps", () => {
  const { sent, frame } = setUp(false, 2 ** 15 - 1);
  for (let n = 0; n < 40_000; n += 1) expect(frame(n)).toBe(true);
  for (const n of [0, 1, 2, 32_768, 32_769, 39_999]) {
    const header = parsed(sent[n]!);
    expect(header.sequence).toBe((2 ** 15 - 1 + n) & 0xffff);
    expect(header.timestamp).toBe((2 ** 32 - 960 + n * 960) % 2 ** 32);
  }
});

test("without RTX a NACK is answered with the same bytes", () => {
  const { sent, frame, track, sender, sink } = setUp(false, 100);
  for (let n = 0; n < 20; n += 1) frame(n);
  expect(track.resend(sender, sink, 105)).toBe(true);
  expect(sent).toHaveLength(21);
  expect(sent[20]).toEqual(sent[5]!);
});

test("with RTX it goes out on the other stream behind its sequence number (RFC 4588 4)", () => {
  const { sent, frame, track, sender, sink } = setUp(true, 100);
  for (let n = 0; n < 20; n += 1) frame(n);
  expect(track.resend(sender, sink, 103)).toBe(true);
  expect(track.resend(sender, sink, 103)).toBe(true);
  const headers = [sent[20]!, sent[21]!].map(parsed);
  expect(headers.map((header) => header.sequence)).toEqual([7, 8]);
  expect(headers[0]).toMatchObject({
    ssrc: 0x2222,
    payloadType: 97,
    timestamp: parsed(sent[3]!).timestamp,
  });
  expect([...sent[20]!.subarray(12)]).toEqual([0, 103, 0, 3]);
});

test("what was never sent or is too old is not answered", () => {
  const { frame, track, sender, sink } = setUp(true, 100);
  expect(track.resend(sender, sink, 99)).toBe(false);
  for (let n = 0; n < 1100; n += 1) frame(n);
  expect(track.resend(sender, sink, 99)).toBe(false);
  expect(track.resend(sender, sink, 199)).toBe(false);
  expect(track.resend(sender, sink, 200)).toBe(true);
  expect(track.resend(sender, sink, 1200)).toBe(false);
});

test("a packet that found no room is sent when it is asked for", () => {
  const { sent, frame, track, sender, sink, setFull } = setUp(false, 100);
  frame(0);
  setFull(true);
  frame(1);
  setFull(false);
  frame(2);
  expect(sent).toHaveLength(2);
  expect(track.resend(sender, sink, 101)).toBe(true);
  expect(parsed(sent[2]!).sequence).toBe(101);
});
