/** Late and lost packets of streams with layers. */
import { describe, expect, test } from "bun:test";
import type { LayerLimits } from "../../src/media/layer-choice.ts";
import { Codec } from "../../src/wire/codecs.ts";
import type { WrittenPacket } from "../sim/layer-packets.ts";
import { type Encoding, markOf } from "./encoding.ts";
import { RTX_SSRC, VIDEO_SSRC, withoutRtx } from "./harness.ts";
import type { Sent } from "./recorder.ts";
import { DESCRIPTOR_ID, expectNoGaps, placesOf, SECTION, simulcast, svc } from "./stage.ts";

describe("loss", () => {
  const MODES = [
    ["simulcast", () => simulcast()],
    ["av1", () => svc("L3T3")],
    ["vp9", () => svc("L2T3_KEY", "vp9-flexible")],
    ["vp8", () => svc("L1T3", "vp8")],
  ] as const;

  test.each(MODES)("%s: repairs of this stretch and of earlier ones are what left", (_, make) => {
    for (const section of [SECTION, withoutRtx(SECTION)]) {
      const stage = make();
      const { sim } = stage;
      const viewer = stage.open(section);
      stage.run(12);
      const layers: Partial<LayerLimits>[] = [
        { rid: "r0", temporalMax: 0, spatialMax: 0 },
        { rid: "r2", spatialMax: 1 },
        { rid: "r1", temporalMax: 1 },
      ];
      for (const limits of layers) {
        stage.limit(viewer, limits);
        stage.run(5);
        stage.run(12, () => true);
      }
      const sent = viewer.of(VIDEO_SSRC);
      let repaired = 0;
      for (const packet of sent.slice(-200)) {
        const again = stage.nack(viewer, packet.index);
        sim.egress.viewers.get(viewer.session)!.link.budget.earn(10_000, 0);
        if (again === undefined) continue;
        repaired += 1;
        const media = again.ssrc === RTX_SSRC ? again.payload.subarray(2) : again.payload;
        expect(Buffer.from(media)).toEqual(Buffer.from(packet.payload));
        expect([again.marker, again.timestamp]).toEqual([packet.marker, packet.timestamp]);
        if (again.ssrc === VIDEO_SSRC) expect(again.bytes).toEqual(packet.bytes);
        else if (again.extensions.has(DESCRIPTOR_ID)) {
          // The frame's number at least; targets of a structure that was replaced are not told.
          const told = (sent: Sent) => [...sent.extensions.get(DESCRIPTOR_ID)!.subarray(0, 3)];
          expect(told(again)).toEqual(told(packet));
        }
      }
      const promised = section === SECTION || stage.encodings[0]!.codec !== Codec.av1;
      expect(repaired).toBe(promised ? Math.min(200, sent.length) : 0);
    }
  });

  test("a repair changes nothing of what a viewer may fall back to", () => {
    const stage = svc("L2T3");
    const viewer = stage.open();
    stage.run(100);
    // So long ago that the filter has forgotten its picture.
    stage.nack(viewer, viewer.of(VIDEO_SSRC)[5]!.index);
    expect(viewer.of(RTX_SSRC).length).toBe(1);
    const asked = stage.encodings[0]!.asked;
    stage.limit(viewer, { spatialMax: 0 });
    stage.run(2);
    expect(stage.track(viewer).layer.stretch!.spatialId).toBe(0);
    expect(stage.encodings[0]!.asked).toBe(asked);
  });

  test("a late packet of a dropped layer leaves as padding, and is repaired as that", () => {
    for (const section of [SECTION, withoutRtx(SECTION)]) {
      const stage = svc("L1T2", "vp8");
      const { sim } = stage;
      const encoding = stage.encodings[0]!;
      const viewer = stage.open(section);
      stage.run(20);
      stage.limit(viewer, { temporalMax: 0 });
      stage.run(2);
      const late = encoding.capture().at(-1)!;
      const second = encoding.capture();
      const held = late.frame.temporalId === 1 ? late : second.at(-1)!;
      const others = late === held ? second : encoding.capture();
      for (const packet of others) encoding.arrive(packet, sim.now);
      sim.forward(encoding);
      encoding.arrive(held, sim.now);
      sim.forward(encoding);
      const fill = viewer.of(VIDEO_SSRC).at(-1)!;
      expect([fill.payload.length, fill.padding]).toEqual([0, 1]);
      const again = stage.nack(viewer, fill.index)!;
      if (section === SECTION) expect([again.payload.length, again.padding]).toEqual([2, 0]);
      else expect(again.bytes).toEqual(fill.bytes);
      expect(again.timestamp).toBe(fill.timestamp);
    }
  });

  test("who waits at one encoding and is sent to another still gets repairs of the first", () => {
    const stage = simulcast({}, 2);
    const [low, high] = stage.encodings as [Encoding, Encoding];
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(3, (encoding) => encoding === low);
    stage.track(viewer).resume(stage.sim.now);
    expect(stage.track(viewer).state).toBe("waiting");
    stage.limit(viewer, { rid: "r1" });
    expect(low.wanted).toBeFalse();
    expect(high.wanted).toBeTrue();
    const packet = viewer.of(VIDEO_SSRC).at(-1)!;
    expect(markOf(packet.payload).place).toBe(0);
    expect(stage.nack(viewer, packet.index)!.payload.subarray(2)).toEqual(packet.payload);
    const first = stage.sim.now;
    stage.run(4, (encoding) => encoding === high);
    const next = viewer.of(VIDEO_SSRC).find(({ at }) => at >= first)!;
    expect(markOf(next.payload).place).toBe(1);
    expectNoGaps(viewer);
  });

  test("nothing of the old encoding follows the switch, however late it comes", () => {
    const stage = simulcast({}, 2);
    const { sim } = stage;
    const [low, high] = stage.encodings as [Encoding, Encoding];
    const viewer = stage.open();
    stage.run(20);
    stage.limit(viewer, { rid: "r0" });
    stage.run(3, (encoding) => encoding === low);
    const [early, held] = low.capture() as [WrittenPacket, WrittenPacket];
    low.arrive(early, sim.now);
    sim.forward(low);
    stage.limit(viewer, { rid: "r1" });
    stage.run(2, (encoding) => encoding === high);
    const before = viewer.rtp.length;
    low.arrive(held, sim.now);
    sim.forward(low);
    expect(viewer.rtp.length).toBe(before);
    expect(placesOf(viewer.of(VIDEO_SSRC)).at(-1)).toBe(1);
  });
});
