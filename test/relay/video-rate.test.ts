import { expect, test } from "bun:test";
import { PulledRing } from "../../src/relay/pulled-ring.ts";
import { VideoRate } from "../../src/relay/video-rate.ts";
import { HeaderFloat } from "../../src/ring/layout.ts";
import { counters, grantOf } from "./slots.ts";

test("the video of all rings that came in the last second", () => {
  const rings = (["audio", "video", "video"] as const).map((kind) => {
    const track = { kind, rid: null, codec: "h264", fmtp: "", channels: 0 } as const;
    return new PulledRing(grantOf(kind), track, 1, counters());
  });
  const rate = new VideoRate();
  let now = 10_000_000;
  const run = (looks: number, bytes: number): void => {
    for (let i = 0; i < looks; i += 1) {
      now += 200_000;
      for (const { writer } of rings) {
        const { floats } = writer.views;
        floats[HeaderFloat.bytes] = floats[HeaderFloat.bytes]! + bytes;
      }
      rate.look(rings, now);
    }
  };
  run(20, 10_000);
  expect(rate.bits).toBe(800_000);
  run(4, 2_000);
  expect(rate.bits).toBe(8 * (20_000 + 16_000));
  run(5, 0);
  expect(rate.bits).toBe(0);
});
