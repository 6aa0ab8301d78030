import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { classify, DatagramKind } from "../../src/wire/demux.ts";
import { LINK_HEADER_BYTES, readLinkIndex, writeLinkHeader } from "../../src/wire/link-header.ts";
import { parseRtpHeader, RtpHeader } from "../../src/wire/rtp.ts";

const INDICES = [0, 1, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47 + 5, 2 ** 48 - 1];

test("an index is read as it was written, at any offset", () => {
  for (const index of INDICES) {
    const bytes = new Uint8Array(40).fill(0xee);
    writeLinkHeader(bytes, 7, index);
    expect(readLinkIndex(bytes, 7, 12)).toBe(index);
    expect(bytes[6]! + bytes[7 + LINK_HEADER_BYTES]!).toBe(2 * 0xee);
  }
});

test("the bytes are those of the specification", () => {
  const bytes = new Uint8Array(12);
  writeLinkHeader(bytes, 0, 0x0102_0304_0506);
  expect(bytes.toHex()).toBe("807f05060102030400000001");
});

test("it is an RTP header to whoever looks for one", () => {
  const bytes = new Uint8Array(30);
  writeLinkHeader(bytes, 0, 70_000);
  expect(classify(bytes, 0, 30)).toBe(DatagramKind.rtp);
  const header = new RtpHeader();
  expect(parseRtpHeader(bytes, 0, 30, header)).toBe(true);
  expect([header.headerLength, header.sequence, header.timestamp, header.ssrc]).toEqual([
    12, 4464, 1, 1,
  ]);
});

test("anything else is none", () => {
  const good = new Uint8Array(20);
  writeLinkHeader(good, 0, 99);
  expect(readLinkIndex(good, 0, 11)).toBe(-1);
  // Version, padding, extension, CSRCs, marker, payload type, SSRC: one bit each.
  for (const byte of [0, 1, 8, 9, 10, 11]) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = good.slice();
      changed[byte]! ^= 1 << bit;
      expect(readLinkIndex(changed, 0, 20)).toBe(-1);
    }
  }
  for (const index of [-1, 2 ** 48]) {
    expect(() => writeLinkHeader(good, 0, index)).toThrow(AssertionError);
  }
});
