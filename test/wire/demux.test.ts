import { expect, test } from "bun:test";
import { classify, DatagramKind } from "../../src/wire/demux.ts";
import { fuzz } from "../support/fuzz.ts";

function kind(first: number, second: number, length = 40): DatagramKind {
  const bytes = new Uint8Array(64);
  bytes[3] = first;
  bytes[4] = second;
  return classify(bytes, 3, length);
}

test("RFC 7983 7: the first byte", () => {
  for (let first = 0; first < 256; first += 1) {
    const expected =
      first <= 3
        ? DatagramKind.stun
        : first >= 20 && first <= 63
          ? DatagramKind.dtls
          : first >= 128 && first <= 191
            ? DatagramKind.rtp
            : DatagramKind.unknown;
    expect(kind(first, 111)).toBe(expected);
  }
});

test("RFC 5761 4: payload types 64..95 are RTCP, all others RTP", () => {
  for (let second = 0; second < 256; second += 1) {
    const type = second & 0x7f;
    const rtcp = type >= 64 && type <= 95;
    expect(kind(0x80, second)).toBe(rtcp ? DatagramKind.rtcp : DatagramKind.rtp);
  }
});

test("too short for the header of its kind", () => {
  expect(kind(0, 1, 19)).toBe(DatagramKind.unknown);
  expect(kind(0, 1, 20)).toBe(DatagramKind.stun);
  expect(kind(22, 254, 12)).toBe(DatagramKind.unknown);
  expect(kind(22, 254, 13)).toBe(DatagramKind.dtls);
  expect(kind(0x80, 96, 11)).toBe(DatagramKind.unknown);
  expect(kind(0x80, 96, 12)).toBe(DatagramKind.rtp);
  expect(kind(0x80, 200, 7)).toBe(DatagramKind.unknown);
  expect(kind(0x80, 200, 8)).toBe(DatagramKind.rtcp);
  expect(kind(0x80, 200, 1)).toBe(DatagramKind.unknown);
});

test("any input has a kind", () => {
  fuzz(1, [], (bytes, offset, length) => {
    const result = classify(bytes, offset, length);
    if (result < 0 || result > 4) throw new Error(`kind ${result}`);
  });
});
