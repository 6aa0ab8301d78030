/** A layer that is left in the middle of a frame. */
import { describe, expect, test } from "bun:test";
import { type Encoding, FRAME_US, markOf } from "./encoding.ts";
import { VIDEO_SSRC } from "./harness.ts";
import { type Session, type Stage, simulcast } from "./stage.ts";

/** A viewer on the smaller of two layers, whose present frame has come in part only. */
function inMidFrame(parts: number): {
  stage: Stage;
  viewer: Session;
  low: Encoding;
  rest: () => void;
} {
  const stage = simulcast({ mode: "L1T1" }, 2);
  const [low, high] = stage.encodings as [Encoding, Encoding];
  const viewer = stage.open();
  stage.run(20);
  stage.limit(viewer, { rid: "r0" });
  stage.run(2, (encoding) => encoding === low);
  stage.limit(viewer, { rid: "r1" });
  const packets = low.capture(false, () => 3);
  for (const packet of packets.slice(0, parts)) low.arrive(packet, stage.sim.now);
  stage.sim.forward(low);
  for (const packet of high.capture(true)) high.arrive(packet, stage.sim.now);
  stage.sim.forward(high);
  const rest = () => {
    for (const packet of packets.slice(parts)) low.arrive(packet, stage.sim.now);
    stage.sim.forward(low, high);
  };
  return { stage, viewer, low, rest };
}

describe("a layer that is left", () => {
  test("house 6.5: in the middle of a frame leaves one number out, and never fills it", () => {
    const { stage, viewer, low, rest } = inMidFrame(2);
    const sent = viewer.of(VIDEO_SSRC);
    const first = sent.findIndex(({ payload }) => markOf(payload).place === 1);
    expect(sent[first - 1]!.marker).toBeFalse();
    expect(sent[first]!.index - sent[first - 1]!.index).toBe(2);
    rest();
    stage.run(5);
    expect(low.wanted).toBeFalse();
    const missing = sent[first]!.index - 1;
    for (let i = 0; i < 5; i += 1) {
      stage.sim.pass(FRAME_US);
      expect(stage.nack(viewer, missing)).toBeUndefined();
    }
    const after = viewer.of(VIDEO_SSRC);
    expect(after.some(({ index }) => index === missing)).toBeFalse();
    // The numbers on both sides of it are repaired as they left, and all others are there.
    for (const at of [first - 1, first]) {
      stage.sim.pass(FRAME_US);
      const again = stage.nack(viewer, sent[at]!.index)!;
      expect([...again.payload.subarray(2)]).toEqual([...sent[at]!.payload]);
    }
    const indices = after.map(({ index }) => index);
    const gaps = indices.filter((index, i) => i > 0 && index !== indices[i - 1]! + 1);
    expect(gaps).toEqual([missing + 1]);
  });

  test("house 6.5: at the end of a frame leaves none out", () => {
    const { stage, viewer } = inMidFrame(3);
    stage.run(5);
    const indices = viewer.of(VIDEO_SSRC).map(({ index }) => index);
    expect(indices).toEqual(indices.map((_, i) => indices[0]! + i));
  });
});
