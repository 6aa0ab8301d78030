import { expect, test } from "bun:test";
import { unwrapRtx } from "../../src/media/rtx.ts";
import { parseRtp, RtpHeader, writeRtpHeader } from "../../src/wire/rtp.ts";

function packet(payload: number[]): [Uint8Array, RtpHeader] {
  const bytes = new Uint8Array(12 + payload.length);
  writeRtpHeader(bytes, 0, 97, true, 5, 1234, 10, false, false);
  bytes.set(payload, 12);
  const header = new RtpHeader();
  expect(parseRtp(bytes, 0, bytes.length, header)).toBe(true);
  return [bytes, header];
}

test("the original packet comes out (RFC 4588 4)", () => {
  const [bytes, header] = packet([0xff, 0xfe, 1, 2, 3]);
  expect(unwrapRtx(bytes, header, 96)).toBe(true);
  expect([header.sequence, header.payloadType]).toEqual([0xfffe, 96]);
  const { payloadOffset, payloadLength } = header;
  expect([...bytes.subarray(payloadOffset, payloadOffset + payloadLength)]).toEqual([1, 2, 3]);
  expect([header.timestamp, header.marker]).toEqual([1234, true]);
});

test("a probe without a whole original sequence number is none", () => {
  for (const payload of [[], [7]]) {
    const [bytes, header] = packet(payload);
    expect(unwrapRtx(bytes, header, 96)).toBe(false);
    expect(header.sequence).toBe(5);
  }
});
