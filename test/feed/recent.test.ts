import { expect, test } from "bun:test";
import { RECENT_PACKETS, Recent } from "../../src/feed/recent.ts";
import { Staging } from "../../src/feed/staging.ts";
import { STAGE_PACKETS } from "../../src/limits.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { Track } from "../egress/harness.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

const region = { bytes: new Uint8Array(Staging.bytes(STAGE_PACKETS)), address: 0 };

test.each([...WRAP_STARTS_32])("from origin %d: what was staged of late is known", (start) => {
  const ring = new Track("video");
  const reader = new RingReader(ring.grant.buffer, 0);
  const staged = new Staging(region, STAGE_PACKETS);
  const recent = new Recent();
  const put = (k: number) =>
    ring.put(start + k, k * 90, 7 * k, {
      length: 100 + (k % 700),
      flags: k % 5 === 0 ? SlotFlag.marker : 0,
    });
  for (let batch = 0; batch < 20; batch += 1) {
    staged.clear();
    for (let i = 0; i < STAGE_PACKETS; i += 1) {
      put(batch * STAGE_PACKETS + i);
      staged.load(reader, (start + batch * STAGE_PACKETS + i) | 0);
    }
    staged.planPadding();
    staged.look();
    recent.note(staged);
  }
  const count = 20 * STAGE_PACKETS;
  for (let k = count - RECENT_PACKETS; k < count; k += 1) {
    const at = recent.find((start + k) | 0);
    expect(at).toBeGreaterThanOrEqual(0);
    expect([recent.lengths[at], recent.markers[at]]).toEqual([100 + (k % 700), k % 5 ? 0 : 1]);
    expect([recent.timestamps[at], recent.arrivals[at]]).toEqual([k * 90, 7 * k]);
  }
  expect(recent.find((start + count) | 0)).toBe(-1);
  expect(recent.find(start | 0)).toBe(-1);
});

test("a batch that is not plain leaves what is there", () => {
  const ring = new Track("video");
  const reader = new RingReader(ring.grant.buffer, 0);
  const staged = new Staging(region, STAGE_PACKETS);
  const recent = new Recent();
  for (const [sequence, flags] of [
    [5, 0],
    [6, SlotFlag.keyframeStart],
  ] as const) {
    staged.clear();
    ring.put(sequence, 0, 0, { flags });
    staged.load(reader, sequence);
    staged.look();
    recent.note(staged);
  }
  expect(recent.find(5)).toBeGreaterThanOrEqual(0);
  expect(recent.find(6)).toBe(-1);
});
