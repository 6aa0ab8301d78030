import { expect, test } from "bun:test";
import { CatchUpPace } from "../../src/egress/catch-up-pace.ts";
import { CatchUp } from "../../src/egress/catch-up-queue.ts";
import type { ViewerLink } from "../../src/egress/viewer-link.ts";

/** A link whose transport a test stalls, and which tells what its adaptation was asked. */
function start() {
  const asked: string[] = [];
  const link = {
    stalled: false,
    adaptation: {
      mayFollow: (_now: number, held: boolean) => asked.push(held ? "pacer" : "window") > 0,
      beginCatchUp: (now: number) => asked.push(`begin ${now}`),
    },
  };
  return { asked, link, pace: new CatchUpPace(link as unknown as ViewerLink) };
}

test("what the pacer held back goes on as soon as that allows it", () => {
  const { asked, pace } = start();
  pace.begin(true);
  expect([pace.paced, pace.keyframePending]).toEqual([true, false]);
  for (const now of [1_000, 1_001, 1_002]) expect(pace.takesTurn(now)).toBe(true);
  pace.mayFollow(1_002);
  expect(asked).toEqual(["pacer"]);
});

test("a keyframe goes out whole, and the backlog behind it in stretches, by the window", () => {
  const { asked, pace } = start();
  pace.begin(false);
  pace.pictureTimestamp = 7;
  expect([pace.takesTurn(1_000), pace.takesTurn(1_001)]).toEqual([true, true]);
  expect(pace.endsPicture(7, 1_001)).toBe(false);
  expect([pace.endsPicture(8, 1_001), pace.endsPicture(9, 1_001)]).toEqual([true, false]);
  expect([5_000, 5_001, 5_002].map((now) => pace.takesTurn(now))).toEqual([false, true, false]);
  pace.mayFollow(5_002);
  expect(asked).toEqual(["window"]);
});

test("who comes back from a stalled transport is live still, and in no more hurry than a backlog", () => {
  const { asked, link, pace } = start();
  pace.begin(true);
  expect([pace.stop(1_000), pace.aside]).toEqual([CatchUp.outputFull, false]);
  link.stalled = true;
  expect([pace.stop(2_000), pace.stop(3_000)]).toEqual([CatchUp.waits, CatchUp.waits]);
  expect(pace.aside).toBe(true);
  expect([pace.comeBack(9_000), pace.aside, pace.paced]).toEqual([7_000, false, true]);
  expect([9_000, 12_999, 13_000].map((now) => pace.takesTurn(now))).toEqual([true, false, true]);
  pace.mayFollow(13_000);
  expect(asked).toEqual(["begin 9000", "window"]);
  // And the next time its pacer holds it back, it is as before.
  pace.begin(true);
  expect([pace.takesTurn(14_000), pace.takesTurn(14_001)]).toEqual([true, true]);
});
