import { expect, test } from "bun:test";
import { RtcpPacketConverter, type TransportWideCC } from "werift";
import { readTransportFeedback, TransportFeedback } from "../../../src/wire/rtcp/transport-cc.ts";
import { TransportFeedbackWriter } from "../../../src/wire/rtcp/transport-cc-writer.ts";
import { seeded } from "../../support/random.ts";

const TABLE = 16_384;
const out = new Uint8Array(4096);
const writer = new TransportFeedbackWriter(8192);
const read = new TransportFeedback(8192);

function table(entries: Iterable<readonly [number, number]>) {
  const us = new Float64Array(TABLE).fill(-1);
  for (const [sequence, at] of entries) us[sequence % TABLE] = at;
  return { us };
}

/** Arrival in ticks of 250 us by sequence number, as the reader sees the packet. */
function arrivals(): Map<number, number> {
  const found = new Map<number, number>();
  let ticks = read.referenceTime * 256;
  for (let i = 0; i < read.statusCount; i += 1) {
    if (read.status[i] === 0) continue;
    ticks += read.delta[i]!;
    found.set((read.baseSequence + i) & 0xffff, ticks);
  }
  return found;
}

test("random arrivals round trip, and werift reads the same", () => {
  for (let seed = 0; seed < 64; seed += 1) {
    const random = seeded(seed);
    // 16 starts around the wrap, four loss rates.
    const base = 65_536 * 3 - 8 + (seed % 16);
    const loss = [0, 0.05, 0.5, 0.95][seed >> 4]!;
    const entries: [number, number][] = [];
    let at = 1_000_000 + random() * 1e9;
    const count = 20 + Math.floor(random() * 300);
    for (let i = 0; i < count; i += 1) {
      at += random() < 0.03 ? 100_000 : random() * 3000;
      if (random() >= loss) entries.push([base + i, at - (random() < 0.05 ? 20_000 : 0)]);
    }
    const length = writer.write(out, 0, 1200, 1, 2, seed, base, count, table(entries));
    if (entries.length === 0) {
      expect(length).toBe(0);
      continue;
    }
    expect(length % 4).toBe(0);
    expect(readTransportFeedback(out, 0, length, read), `seed ${seed}`).toBe(true);
    expect(read).toMatchObject({ senderSsrc: 1, mediaSsrc: 2, feedbackCount: seed });
    expect(read.statusCount).toBe(writer.covered);
    const expected = new Map(
      entries
        .filter(([sequence]) => sequence < base + writer.covered)
        .map(([sequence, us]) => [sequence & 0xffff, Math.round(us / 250)]),
    );
    expect(writer.covered).toBe(entries.at(-1)![0] - base + 1);
    // The reference time is 24 bits of 64 ms; these clocks stay below its wrap.
    expect(arrivals(), `seed ${seed}`).toEqual(expected);
    const [packet] = RtcpPacketConverter.deSerialize(Buffer.from(out.subarray(0, length)));
    const theirs = (packet as unknown as { feedback: TransportWideCC }).feedback;
    expect(theirs.packetStatusCount).toBe(read.statusCount);
    // Not packetResults: werift 0.24 leaves vector chunks out of it.
    const deltas = [...read.delta.subarray(0, read.statusCount)];
    const received = deltas.filter((_, index) => read.status[index] !== 0);
    expect(theirs.recvDeltas.map((delta) => delta.delta / 250)).toEqual(received);
  }
});

test("stops at the room and at a delta that does not fit, then goes on", () => {
  const entries = Array.from(
    { length: 500 },
    (_, i) => [1000 + i, 5_000_000 + i * 70_000] as const,
  );
  const all = table(entries);
  let covered = 0;
  let packets = 0;
  while (covered < 500) {
    const length = writer.write(out, 0, 100, 1, 2, packets, 1000 + covered, 500 - covered, all);
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(100);
    expect(readTransportFeedback(out, 0, length, read)).toBe(true);
    expect(read.receivedCount).toBe(writer.covered);
    covered += writer.covered;
    packets += 1;
  }
  const far = table([
    [1, 1_000_000],
    [2, 60_000_000],
  ]);
  expect(writer.write(out, 0, 1200, 1, 2, 0, 1, 2, far)).toBeGreaterThan(0);
  expect(writer.covered).toBe(1);
});

test("thousands of losses in front of one arrival fit the least room", () => {
  expect(
    writer.write(out, 0, 48, 1, 2, 0, 10, 8000, table([[8009, 1_000_000]])),
  ).toBeLessThanOrEqual(48);
  expect(writer.covered).toBe(8000);
});

test("no arrival, no feedback", () => {
  expect(writer.write(out, 0, 1200, 1, 2, 0, 1, 100, table([]))).toBe(0);
  expect(writer.covered).toBe(0);
});

test("chunks of the draft 3.1.3 and 3.1.4, negative deltas and reference time", () => {
  // Run of 3 small; one-bit vector 1,0,1...; two-bit vector 2,1,0...
  const bytes = Uint8Array.fromHex(
    "8fcd0008000000010000000200050007ffffff0320 03a800 d000".replaceAll(" ", "") +
      "0405060708fffe090000".padEnd(18, "0"),
  );
  const whole = new Uint8Array(40);
  whole.set(bytes);
  expect(readTransportFeedback(whole, 0, 36, read)).toBe(true);
  expect(read.referenceTime).toBe(-1);
  expect([...read.status.subarray(0, 7)]).toEqual([1, 1, 1, 1, 0, 1, 0]);
  expect(readTransportFeedback(whole, 0, 24, read)).toBe(false);
  const signed = Uint8Array.fromHex("8fcd0006000000010000000200050002000000014002fffe00070000");
  expect(readTransportFeedback(signed, 0, signed.length, read)).toBe(true);
  expect([...read.delta.subarray(0, 2)]).toEqual([-2, 7]);
});

test("more packets than the reader holds, none, and the reserved symbol", () => {
  const small = new TransportFeedback(4);
  const bytes = Uint8Array.fromHex(
    "8fcd0005000000010000000200050005000001000005000000000000".slice(0, 56),
  );
  expect(readTransportFeedback(bytes, 0, bytes.length, small)).toBe(false);
  expect(readTransportFeedback(bytes, 0, bytes.length, read)).toBe(true);
  bytes[15] = 0;
  expect(readTransportFeedback(bytes, 0, bytes.length, read)).toBe(false);
  bytes[15] = 5;
  bytes[20] = 0x60;
  expect(readTransportFeedback(bytes, 0, bytes.length, read)).toBe(false);
});
