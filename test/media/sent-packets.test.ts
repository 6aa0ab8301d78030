import { expect, test } from "bun:test";
import { CLUSTER_MAX, PacketFate, SentPackets } from "../../src/media/sent-packets.ts";

/** So many are kept. */
const SENT_PACKETS_MAX = 2_048;

test("a packet is found by its number until 2,048 others have left", () => {
  const sent = new SentPackets();
  for (let i = 0; i <= SENT_PACKETS_MAX; i += 1) {
    sent.note((65_000 + i) & 0xffff, 1e12 + i, 500 + (i & 1023), i & CLUSTER_MAX);
  }
  expect(sent.find(65_000)).toBe(-1);
  const slot = sent.find(65_001);
  expect(slot).toBeGreaterThanOrEqual(0);
  expect(sent.sentAt(slot)).toBe(1e12 + 1);
  expect([sent.bytes(slot), sent.cluster(slot)]).toEqual([501, 1]);
  expect(sent.find(1)).toBeGreaterThanOrEqual(0);
  expect(sent.find(40_000)).toBe(-1);
});

test("number 0 is not found before it was sent", () => {
  expect(new SentPackets().find(0)).toBe(-1);
});

test("a lost packet may turn up, a received one never gets lost", () => {
  const sent = new SentPackets();
  sent.note(7, 0, 500, 0);
  const slot = sent.find(7);
  expect(sent.settle(slot, PacketFate.lost)).toBe(PacketFate.inFlight);
  expect(sent.settle(slot, PacketFate.received)).toBe(PacketFate.lost);
  expect(sent.settle(slot, PacketFate.lost)).toBe(PacketFate.received);
  expect(sent.settle(slot, PacketFate.received)).toBe(PacketFate.received);
});

test("bytes in flight count what is neither reported nor overwritten", () => {
  const sent = new SentPackets();
  for (let i = 0; i < 3 * SENT_PACKETS_MAX; i += 1) sent.note(i, i, 100, 0);
  expect(sent.inFlightBytes).toBe(100 * SENT_PACKETS_MAX);
  sent.settle(sent.find(3 * SENT_PACKETS_MAX - 1), PacketFate.received);
  sent.settle(sent.find(3 * SENT_PACKETS_MAX - 1), PacketFate.received);
  expect(sent.inFlightBytes).toBe(100 * (SENT_PACKETS_MAX - 1));
});
