/** An encoder short of bits leaves out upper layers of single pictures. */
import { describe, expect, test } from "bun:test";
import { NextLayer } from "../../src/ring/packet-layers.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { markOf } from "./encoding.ts";
import { VIDEO_SSRC } from "./harness.ts";
import { expectNoGaps, type Session, type Stage, svc } from "./stage.ts";

/** A viewer that has reached the middle one of three layers. */
function middle(): { stage: Stage; viewer: Session } {
  const stage = svc("L3T1");
  const viewer = stage.open();
  stage.limit(viewer, { spatialMax: 1 });
  stage.run(20);
  stage.run(10, () => true);
  return { stage, viewer };
}

/** Spatial layer and marker of what left since the first `from` packets. */
function since(stage: Stage, viewer: Session, from: number): string[] {
  const { written } = stage.encodings[0]!;
  return viewer
    .of(VIDEO_SSRC)
    .slice(from)
    .map(({ payload, marker }) => {
      const { frame } = written.get(markOf(payload).origin)!;
      return `S${frame.spatialId}${marker ? " ends" : ""}`;
    });
}

describe("a picture without the viewer's top layer", () => {
  const withoutSecond = (spatialId: number) => spatialId === 1;

  test("ends with the layer below", () => {
    const { stage, viewer } = middle();
    const encoding = stage.encodings[0]!;
    const before = viewer.of(VIDEO_SSRC).length;
    for (const packet of encoding.capture(false, () => 1, withoutSecond)) {
      encoding.arrive(packet, stage.sim.now);
    }
    stage.sim.forward(encoding);
    expect(since(stage, viewer, before)).toEqual(["S0 ends"]);
    stage.run(1);
    expect(since(stage, viewer, before + 1)).toEqual(["S0", "S0", "S1", "S1 ends"]);
    expectNoGaps(viewer);
  });

  test.each([
    ["left out", withoutSecond, ["S0 ends"]],
    ["sent", () => false, ["S0", "S1 ends"]],
  ])(
    "waits with its last packet for the next one, which tells: second layer %s",
    (_, out, sent) => {
      const { stage, viewer } = middle();
      const encoding = stage.encodings[0]!;
      const before = viewer.of(VIDEO_SSRC).length;
      const [first, ...others] = encoding.capture(false, () => 1, out);
      encoding.arrive(first!, stage.sim.now);
      stage.sim.forward(encoding);
      stage.sim.pass(5_000);
      stage.sim.forward(encoding);
      expect(viewer.of(VIDEO_SSRC).length).toBe(before);
      for (const packet of others) {
        encoding.arrive(packet, stage.sim.now);
        stage.sim.forward(encoding);
      }
      expect(since(stage, viewer, before)).toEqual(sent);
    },
  );

  test("a newcomer that catches up gets the held packet once, in its turn", () => {
    const { stage } = middle();
    const encoding = stage.encodings[0]!;
    stage.run(1, () => true);
    const [first, second, third] = encoding.capture(false, () => 1);
    encoding.arrive(first!, stage.sim.now);
    const viewer = stage.open();
    stage.limit(viewer, { spatialMax: 1 });
    stage.sim.forward(encoding);
    const before = viewer.of(VIDEO_SSRC).length;
    expect(before).toBeGreaterThan(0);
    for (const packet of [second!, third!]) encoding.arrive(packet, stage.sim.now);
    stage.sim.forward(encoding);
    expect(since(stage, viewer, before)).toEqual(["S0", "S1 ends"]);
    expectNoGaps(viewer);
  });
});

test("the ring says of which layer the packet behind another one is", () => {
  const stage = svc("L2T1");
  const encoding = stage.encodings[0]!;
  const reader = new RingReader(encoding.grant.buffer, 0);
  const [lower, upper] = encoding.capture(true, () => 1);
  const { sequence, timestamp } = lower!;
  encoding.arrive(lower!, 0);
  expect(reader.spatialAt(sequence + 1, timestamp)).toBe(NextLayer.unknown);
  encoding.arrive(upper!, 0);
  expect(reader.spatialAt(sequence, timestamp)).toBe(0);
  expect(reader.spatialAt(sequence + 1, timestamp)).toBe(1);
  expect(reader.spatialAt(sequence + 1, timestamp + 1)).toBe(NextLayer.otherPicture);
});
