import { expect, test } from "bun:test";
import { EarlyMedia } from "../../src/ingest/early-media.ts";
import { EARLY_PACKETS_MAX } from "../../src/limits.ts";

const region = { bytes: new Uint8Array(2048), address: 0 };

test("S6: packets before the rings are kept in their order, as copies, once", () => {
  const early = new EarlyMedia();
  for (let i = 0; i < 3; i += 1) {
    region.bytes.fill(i + 1, 100, 110 + i);
    expect(early.hold(region, 100, 10 + i, 5000 + i, i === 1)).toBe(true);
  }
  region.bytes.fill(0);
  const seen: unknown[] = [];
  const take = () =>
    early.replay(({ bytes }, offset, length, arrival, rtcp) =>
      seen.push([...new Set(bytes.subarray(offset, offset + length)), length, arrival, rtcp]),
    );
  take();
  take();
  expect(seen).toEqual([
    [1, 10, 5000, false],
    [2, 11, 5001, true],
    [3, 12, 5002, false],
  ]);
});

test("S6: what an unanswered publisher sends is bounded", () => {
  const early = new EarlyMedia();
  for (let i = 0; i < EARLY_PACKETS_MAX; i += 1)
    expect(early.hold(region, 0, 1, i, false)).toBe(true);
  expect(early.hold(region, 0, 1, 0, false)).toBe(false);
  let count = 0;
  early.replay(() => {
    count += 1;
  });
  expect(count).toBe(EARLY_PACKETS_MAX);
});
