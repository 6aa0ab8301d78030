import { expect, test } from "bun:test";
import { createDistributions } from "../../src/load/distributions.ts";
import { Timeline } from "../../src/load/timeline.ts";
import { ViewerPauses } from "../../src/load/viewer-pauses.ts";

test("the timeline has each pause where it ends, and one that never ends at the viewer's end", () => {
  const timeline = new Timeline(0, 0);
  const pauses = new ViewerPauses(timeline);
  pauses.packet(100_000, false);
  for (const at of [150_000, 1_150_000, 1_180_000]) pauses.packet(at, true);
  pauses.frame(200_000, false);
  const distributions = createDistributions();
  pauses.record(3_500_000, distributions);
  expect(timeline.toData()).toMatchObject({
    gapUs: [50_000, 1_000_000, 0, 2_320_000],
    // No frame was measured.
    freezeUs: [0, 0, 0, 0],
  });
  expect(distributions.longestGapUs.max).toBe(2_320_000);
  expect(distributions.longestFreezeUs.count).toBe(0);
});
