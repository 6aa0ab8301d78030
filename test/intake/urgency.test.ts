/** Which packets of a ring are told to readers that doze. */
import { expect, test } from "bun:test";
import { Urgency } from "../../src/intake/urgency.ts";
import { HELD_PACKETS_MAX, SLOT_BYTES } from "../../src/limits.ts";
import { LayerFlag, Slot, SlotFlag } from "../../src/ring/layout.ts";

const urgency = (video: boolean) => {
  const judge = new Urgency();
  const slot = new DataView(new ArrayBuffer(SLOT_BYTES));
  return (origin: number, flags = 0, layerFlags = -1): boolean => {
    slot.setUint32(Slot.flags, flags, true);
    slot.setUint8(Slot.frameNumberBits, layerFlags < 0 ? 0 : 15);
    slot.setUint8(Slot.layerFlags, Math.max(0, layerFlags));
    return judge.of(slot, 0, origin, video);
  };
};

test("frame-hold: the last packet of a picture, and what fills a hole, across the wrap", () => {
  const of = urgency(true);
  const wrap = 2 ** 31 - 2;
  expect([of(wrap), of(wrap + 1), of(-(2 ** 31) + 1, SlotFlag.marker)]).toEqual([
    ...[false, false, true],
  ]);
  expect([of(-(2 ** 31)), of(-(2 ** 31) + 2)]).toEqual([true, false]);
});

test("frame-hold: each run of as many packets as may wait", () => {
  const of = urgency(true);
  const told = Array.from({ length: 40 }, (_, i) => (of(i) ? i : -1)).filter((i) => i >= 0);
  expect(told).toEqual([HELD_PACKETS_MAX - 1, 2 * HELD_PACKETS_MAX - 1]);
});

test("frame-hold: the last packet of each layer, and the one behind it, which tells whether the picture goes on", () => {
  const of = urgency(true);
  const { start, end } = LayerFlag;
  const told = [of(1, 0, start), of(2, 0, end), of(3, 0, start), of(4, 0, 0)];
  expect(told).toEqual([false, true, true, false]);
  expect([of(5, SlotFlag.marker, end), of(6, 0, start)]).toEqual([true, false]);
  // Without a description of layers the same bits say nothing.
  expect([of(7, 0), of(8, 0)]).toEqual([false, false]);
});

test("frame-hold: sound waits, but for what fills a hole", () => {
  const of = urgency(false);
  const told = Array.from({ length: 40 }, (_, i) => of(i * 2, SlotFlag.marker));
  expect(told.includes(true)).toBeFalse();
  expect(of(3)).toBeTrue();
});
