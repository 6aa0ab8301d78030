import { describe, expect, test } from "bun:test";
import { HEADER_BYTES_MAX, HeaderWriter } from "../../src/egress/header-writer.ts";
import { Outgoing } from "../../src/egress/outgoing.ts";
import { EXTENSION_BYTES_MAX } from "../../src/ring/layout.ts";
import { DependencyDescriptorReader } from "../../src/wire/dependency-descriptor.ts";
import type { DescriptorChange } from "../../src/wire/dependency-rewrite.ts";
import { EXTENSION_STORED_MAX, Extension } from "../../src/wire/extensions.ts";
import { parseRtpHeader, RtpHeader } from "../../src/wire/rtp.ts";
import { ExtensionCursor } from "../../src/wire/rtp-extensions.ts";
import { type Structure, writeDescriptor } from "../support/descriptor-writer.ts";
import { seeded } from "../support/random.ts";
import { extensionIds } from "./harness.ts";

const writer = new HeaderWriter();
const AT = 5;

/** Elements of the ring as [internal id, length] pairs; data counts up. */
function packetOf(...elements: readonly (readonly [internal: number, length: number])[]): Outgoing {
  const bytes = new Uint8Array(512);
  let at = 64;
  for (const [internal, length] of elements) {
    bytes[at] = internal;
    bytes[at + 1] = length;
    for (let i = 0; i < length; i += 1) bytes[at + 2 + i] = i + 1;
    at += 2 + length;
  }
  const packet = new Outgoing({ bytes, address: 0 });
  packet.extensionOffset = 64;
  packet.extensionLength = at - 64;
  packet.payloadType = 96;
  return packet;
}

function write(packet: Outgoing, ids: readonly number[], mixedExtensions = false) {
  const out = new Uint8Array(AT + HEADER_BYTES_MAX).fill(0xcc);
  const length = writer.write(out, AT, { extensionIds: ids, mixedExtensions }, 0xfedcba98, packet);
  const header = new RtpHeader();
  expect(parseRtpHeader(out, AT, length, header)).toBeTrue();
  expect(header.headerLength).toBe(length);
  const elements = new Map<number, number[]>();
  if (header.extensionProfile !== 0) {
    const cursor = new ExtensionCursor();
    cursor.reset(out, header);
    while (cursor.next()) {
      expect(elements.has(cursor.id)).toBeFalse();
      elements.set(cursor.id, [...out.slice(cursor.offset, cursor.offset + cursor.length)]);
    }
  }
  return { header, elements, length };
}

describe("the fixed part", () => {
  test("takes number, timestamp, marker, padding bit and payload type as they are", () => {
    const packet = packetOf();
    packet.index = 3 * 65_536 + 65_535;
    packet.timestamp = 0xfffffffe;
    packet.marker = true;
    packet.padding = 2;
    packet.payloadType = 127;
    const { header, length } = write(packet, extensionIds([]));
    expect(length).toBe(12);
    expect(header).toMatchObject({
      sequence: 65_535,
      timestamp: 0xfffffffe,
      marker: true,
      padded: true,
      payloadType: 127,
      ssrc: 0xfedcba98,
    });
  });
});

describe("extensions (RFC 8285)", () => {
  test("the ring's elements get the viewer's ids; what it did not negotiate stays away", () => {
    const packet = packetOf([Extension.videoOrientation, 1], [Extension.colorSpace, 4], [200, 3]);
    const { elements } = write(packet, extensionIds([[Extension.colorSpace, 9]]));
    expect([...elements]).toEqual([[9, [1, 2, 3, 4]]]);
  });

  test("transport-cc alone, the common case, and under a two-byte id", () => {
    for (const [id, mixed, expected] of [
      [5, false, [[5, [0x12, 0x34]]]],
      [14, false, [[14, [0x12, 0x34]]]],
      [20, true, [[20, [0x12, 0x34]]]],
      [20, false, []],
    ] as const) {
      const packet = packetOf();
      packet.transportSequence = 0x1234;
      const { elements } = write(packet, extensionIds([[Extension.transportCc, id]]), mixed);
      expect([...elements] as unknown).toEqual(expected);
    }
  });

  test.each([0, 17, 28])(
    "an element of %d bytes needs the two-byte form: only if allowed",
    (length) => {
      const ids = extensionIds([
        [Extension.colorSpace, 9],
        [Extension.videoOrientation, 4],
      ]);
      const packet = packetOf([Extension.colorSpace, length], [Extension.videoOrientation, 1]);
      const plain = write(packet, ids, false);
      expect([...plain.elements.keys()]).toEqual([4]);
      expect(plain.header.extensionProfile).toBe(0xbede);
      const mixed = write(packet, ids, true);
      expect([...mixed.elements.keys()]).toEqual([9, 4]);
      expect(mixed.header.extensionProfile & 0xfff0).toBe(0x1000);
    },
  );

  test("what the packet brings is not written twice, from the ring or by us", () => {
    const ids = extensionIds([
      [Extension.playoutDelay, 3],
      [Extension.absCaptureTime, 4],
    ]);
    const packet = packetOf([Extension.playoutDelay, 3], [Extension.absCaptureTime, 8]);
    packet.playoutMin = 0;
    packet.playoutMax = 10;
    packet.captureNtpUs = 3.9e15;
    const { elements } = write(packet, ids);
    expect(elements.get(3)).toEqual([1, 2, 3]);
    expect(elements.get(4)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(() => write(packetOf([3, 1], [3, 1]), extensionIds([[3, 9]]))).not.toThrow();
  });

  test("playout-delay and abs-capture-time as their specifications have them", () => {
    const packet = packetOf();
    packet.playoutMin = 10;
    packet.playoutMax = 400;
    packet.captureNtpUs = 3_908_988_800_500_000;
    const { elements } = write(
      packet,
      extensionIds([
        [Extension.playoutDelay, 3],
        [Extension.absCaptureTime, 4],
      ]),
    );
    expect(elements.get(3)).toEqual([0x00, 0xa1, 0x90]);
    const capture = Buffer.from(elements.get(4)!);
    expect([capture.readUInt32BE(0), capture.readUInt32BE(4)]).toEqual([3_908_988_800, 2 ** 31]);
  });

  test("any packet's header fits its room, for 5,000 random ones", () => {
    const random = seeded(8);
    for (let round = 0; round < 5_000; round += 1) {
      const elements: [number, number][] = [];
      let room = EXTENSION_BYTES_MAX;
      while (room > 2 && random() < 0.9) {
        const length = Math.min(room - 2, Math.floor(random() * 40));
        elements.push([1 + Math.floor(random() * EXTENSION_STORED_MAX), length]);
        room -= 2 + length;
      }
      const packet = packetOf(...elements);
      packet.transportSequence = 7;
      packet.playoutMin = random() < 0.5 ? -1 : 0;
      packet.captureNtpUs = random() < 0.5 ? 0 : 3.9e15;
      const two = random() < 0.5;
      const ids = Array.from({ length: 13 }, (_, internal) => (two ? internal + 20 : internal));
      const { length } = write(packet, ids, random() < 0.5);
      expect(length).toBeLessThanOrEqual(HEADER_BYTES_MAX);
    }
  });
});

describe("dependency descriptors (AV1 RTP, A.8)", () => {
  const STRUCTURE: Structure = {
    offset: 0,
    targets: 2,
    chains: 0,
    protectedBy: [],
    templates: [
      { spatialId: 0, temporalId: 0, dtis: "SS", fdiffs: [1], chains: [] },
      { spatialId: 0, temporalId: 1, dtis: "-D", fdiffs: [1], chains: [] },
    ],
    resolutions: [],
  };
  const ids = extensionIds([[Extension.dependencyDescriptor, 9]]);

  /** What a packet with this descriptor leaves with, read after the structure of frame 1. */
  function leave(descriptor: Uint8Array, change: Partial<DescriptorChange>, mixed: boolean) {
    const packet = packetOf([Extension.dependencyDescriptor, descriptor.length]);
    packet.region.bytes.set(descriptor, packet.extensionOffset + 2);
    const none = { frameNumberOffset: 0, maskBit: 0, targets: 0, activeTargets: 0 };
    packet.descriptor = { ...none, ...change };
    const { elements } = write(packet, ids, mixed);
    const left = Uint8Array.from(elements.get(9)!);
    const reader = new DependencyDescriptorReader();
    const first = { start: true, end: true, template: 0, frame: 1, structure: STRUCTURE };
    const key = writeDescriptor(STRUCTURE, first);
    expect(reader.read(key, 0, key.length)).toBeTrue();
    expect(reader.read(left, 0, left.length)).toBeTrue();
    return { frame: reader.frameNumber, active: reader.activeTargets, length: left.length };
  }

  const plain = { start: true, end: true, template: 0, frame: 65_530 };
  const delta = writeDescriptor(STRUCTURE, plain);
  const maskBit = 29;

  test("another frame number, modulo 2^16; other active targets where they are told", () => {
    const numbered = leave(delta, { frameNumberOffset: 10 }, false);
    expect(numbered).toEqual({ frame: 4, active: 0b11, length: 3 });
    const reduced = { frameNumberOffset: 10, maskBit, targets: 2, activeTargets: 1 };
    expect(leave(delta, reduced, false)).toEqual({ frame: 4, active: 0b01, length: 4 });
  });

  test("no room for the active targets in the one-byte form: the number at least", () => {
    const fdiffs = [4000, 4000, 4000, 4000, 4000, 4000, 5, 5];
    const long = writeDescriptor(STRUCTURE, { ...plain, fdiffs });
    expect(long.length).toBe(16);
    const change = { frameNumberOffset: 10, maskBit, targets: 2, activeTargets: 1 };
    expect(leave(long, change, false)).toEqual({ frame: 4, active: 0b11, length: 16 });
    expect(leave(long, change, true)).toEqual({ frame: 4, active: 0b01, length: 17 });
  });

  test("a place for them outside of the descriptor: the number at least", () => {
    const change = { frameNumberOffset: 10, maskBit: 3, targets: 2, activeTargets: 1 };
    expect(leave(delta, change, true)).toEqual({ frame: 4, active: 0b11, length: 3 });
  });

  test("unchanged, and of a viewer that did not negotiate it", () => {
    const packet = packetOf([Extension.dependencyDescriptor, 3]);
    expect([...write(packet, ids).elements]).toEqual([[9, [1, 2, 3]]]);
    packet.descriptor = { frameNumberOffset: 1, maskBit: 0, targets: 0, activeTargets: 0 };
    expect([...write(packet, ids).elements]).toEqual([[9, [1, 2, 4]]]);
    expect([...write(packet, extensionIds([])).elements]).toEqual([]);
  });
});
