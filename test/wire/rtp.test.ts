import { describe, expect, test } from "bun:test";
import { RtpPacket } from "werift";
import {
  parseRtp,
  parseRtpHeader,
  RtpHeader,
  stripPadding,
  writeRtpHeader,
  writeRtpPadding,
} from "../../src/wire/rtp.ts";
import {
  AbsCaptureTime,
  readAbsCaptureTime,
  writeAbsCaptureTime,
  writeAbsSendTime,
  writePlayoutDelay,
} from "../../src/wire/rtp-extension-values.ts";
import { ExtensionWriter } from "../../src/wire/rtp-extension-writer.ts";
import { ExtensionCursor } from "../../src/wire/rtp-extensions.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";
import { seeded } from "../support/random.ts";

const SAMPLE = fromHex(`b2e0ffff 89abcdef fedcba98 00000001 00000002
  bede0003 10aa 0000 32bbcccc dd00f0ff ff 000102 030405 03`);

function elements(header: RtpHeader, bytes: Uint8Array): [number, string][] {
  const cursor = new ExtensionCursor();
  cursor.reset(bytes, header);
  const found: [number, string][] = [];
  while (cursor.next()) {
    found.push([cursor.id, bytes.slice(cursor.offset, cursor.offset + cursor.length).toHex()]);
  }
  return found;
}

test("all fields of a packet with CSRCs, extensions and padding", () => {
  const header = new RtpHeader();
  expect(parseRtp(SAMPLE, 0, SAMPLE.length, header)).toBe(true);
  expect(header.payloadType).toBe(0x60);
  expect(header.marker).toBe(true);
  expect(header.sequence).toBe(0xffff);
  expect(header.timestamp).toBe(0x89abcdef);
  expect(header.ssrc).toBe(0xfedcba98);
  expect(header.headerLength).toBe(12 + 8 + 4 + 12);
  expect(header.extensionProfile).toBe(0xbede);
  expect([header.paddingLength, header.payloadLength]).toEqual([3, SAMPLE.length - 36 - 3]);
  // RFC 8285 4.2: id 15 ends the block; zero bytes are padding.
  expect(elements(header, SAMPLE)).toEqual([
    [1, "aa"],
    [3, "bbccccdd".slice(0, 6)],
  ]);
});

test("padding is left alone until the packet is open", () => {
  const header = new RtpHeader();
  const bytes = SAMPLE.slice();
  bytes[bytes.length - 1] = 200;
  expect(parseRtpHeader(bytes, 0, bytes.length, header)).toBe(true);
  expect(stripPadding(bytes, header)).toBe(false);
  bytes[bytes.length - 1] = 0;
  expect(parseRtp(bytes, 0, bytes.length, header)).toBe(false);
  bytes[bytes.length - 1] = bytes.length - 36;
  expect(parseRtp(bytes, 0, bytes.length, header)).toBe(true);
  expect(header.payloadLength).toBe(0);
});

test("padding is zeros, and the last byte counts it", () => {
  for (const padding of [1, 2, 255]) {
    const bytes = new Uint8Array(12 + padding + 1).fill(0xee);
    writeRtpHeader(bytes, 0, 96, true, 1, 2, 3, false, true);
    writeRtpPadding(bytes, 12, padding);
    expect([...bytes.subarray(12)]).toEqual([...Array(padding - 1).fill(0), padding, 0xee]);
    const header = new RtpHeader();
    expect(parseRtp(bytes, 0, 12 + padding, header)).toBe(true);
    expect([header.paddingLength, header.payloadLength]).toEqual([padding, 0]);
  }
});

test("rejects other versions and truncated parts", () => {
  const header = new RtpHeader();
  for (let length = 0; length < 36; length += 1) {
    expect(parseRtpHeader(SAMPLE, 0, length, header)).toBe(false);
  }
  for (const version of [0x00, 0x40, 0xc0]) {
    const bytes = SAMPLE.slice();
    bytes[0] = (bytes[0]! & 0x3f) | version;
    expect(parseRtpHeader(bytes, 0, bytes.length, header)).toBe(false);
  }
});

test("headers that werift wrote are read, and the other way round", () => {
  const random = seeded(7);
  const header = new RtpHeader();
  for (let round = 0; round < 200; round += 1) {
    const out = new Uint8Array(64);
    const sequence = Math.floor(random() * 65536);
    const timestamp = Math.floor(random() * 2 ** 32);
    const ssrc = Math.floor(random() * 2 ** 32);
    const marker = random() < 0.5;
    const length = writeRtpHeader(out, 0, 111, marker, sequence, timestamp, ssrc, false, false) + 5;
    const theirs = RtpPacket.deSerialize(Buffer.from(out.subarray(0, length)));
    expect(theirs.header).toMatchObject({ sequenceNumber: sequence, timestamp, ssrc, marker });
    const again = new Uint8Array(theirs.serialize());
    expect(parseRtp(again, 0, again.length, header)).toBe(true);
    expect(header).toMatchObject({ sequence, timestamp, ssrc, marker, payloadLength: 5 });
  }
});

describe("extension blocks", () => {
  const values = [1, 5, 14].map((id) => [id, new Uint8Array(id + 2).fill(id)] as const);

  function block(items: readonly (readonly [number, Uint8Array])[]) {
    const writer = new ExtensionWriter();
    for (const [id, data] of items) writer.add(id, data, 0, data.length);
    const out = new Uint8Array(600).fill(0xee);
    writeRtpHeader(out, 0, 96, false, 1, 2, 3, true, false);
    const length = writer.write(out, 12);
    expect(length).toBe(writer.blockLength);
    expect(length % 4).toBe(0);
    expect(out[12 + length]).toBe(0xee);
    const header = new RtpHeader();
    expect(parseRtp(out, 0, 12 + length + 1, header)).toBe(true);
    return { header, out };
  }

  test("one-byte form, which werift reads too", () => {
    const { header, out } = block(values);
    expect(header.extensionProfile).toBe(0xbede);
    const expected = values.map(([id, data]): [number, string] => [id, data.toHex()]);
    expect(elements(header, out)).toEqual(expected);
    const theirs = RtpPacket.deSerialize(Buffer.from(out.subarray(0, header.payloadOffset + 1)));
    expect(
      theirs.header.extensions.map((e): [number, string] => [e.id, e.payload.toString("hex")]),
    ).toEqual(expected);
  });

  test("two-byte form for a high id, an empty value and a long value", () => {
    for (const odd of [
      [15, 1],
      [255, 1],
      [2, 0],
      [2, 17],
      [2, 255],
    ] as const) {
      const items = [...values, [odd[0], new Uint8Array(odd[1]).fill(9)] as const];
      const { header, out } = block(items);
      expect(header.extensionProfile).toBe(0x1000);
      expect(elements(header, out)).toEqual(items.map(([id, data]) => [id, data.toHex()]));
    }
  });

  test("an element beyond the block ends the walk; appbits are ignored", () => {
    const header = new RtpHeader();
    const bytes = fromHex("90600001 00000002 00000003 10050002 01 01aa 02 50 bbbbbb ff");
    expect(parseRtp(bytes, 0, bytes.length, header)).toBe(true);
    expect(elements(header, bytes)).toEqual([[1, "aa"]]);
  });

  test("nothing to write", () => {
    expect(new ExtensionWriter().write(new Uint8Array(0), 0)).toBe(0);
  });
});

test("abs-capture-time, playout-delay, abs-send-time", () => {
  const out = new Uint8Array(20);
  const value = new AbsCaptureTime();
  value.ntpSeconds = 0xe1234567;
  value.ntpFraction = 0x89abcdef;
  const read = new AbsCaptureTime();
  expect(writeAbsCaptureTime(out, 2, value)).toBe(8);
  expect(readAbsCaptureTime(out, 2, 8, read)).toBe(true);
  expect(read).toEqual(value);
  value.hasOffset = true;
  value.offsetSeconds = -2;
  value.offsetFraction = 0x80000000;
  expect(writeAbsCaptureTime(out, 2, value)).toBe(16);
  expect(readAbsCaptureTime(out, 2, 16, read)).toBe(true);
  expect(read).toEqual(value);
  expect(readAbsCaptureTime(out, 2, 12, read)).toBe(false);
  expect(writePlayoutDelay(out, 0, 0x123, 5000)).toBe(3);
  expect(out.subarray(0, 3).toHex()).toBe("123fff");
  expect(writeAbsSendTime(out, 0, 64_000_000 + 1_500_000)).toBe(3);
  expect(out.subarray(0, 3).toHex()).toBe("060000");
});

test("random and mutated input", () => {
  const header = new RtpHeader();
  const cursor = new ExtensionCursor();
  fuzz(3, [SAMPLE], (bytes, offset, length) => {
    if (!parseRtp(bytes, offset, length, header)) return;
    const sum = header.headerLength + header.payloadLength + header.paddingLength;
    if (sum !== length) throw new Error("the parts do not make the packet");
    cursor.reset(bytes, header);
    while (cursor.next()) {
      if (cursor.offset + cursor.length > header.payloadOffset) throw new Error("outside");
    }
  });
});
