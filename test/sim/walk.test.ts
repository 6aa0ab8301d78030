/** Every sequence of layer switches that leaves the egress can be decoded. */
import { expect, test } from "bun:test";
import { WALK_CASES, walk } from "./walk.ts";

/** Sequences of switches in all: so many publishers with so many viewers each. */
const PUBLISHERS = 1_250;
const VIEWERS = 8;
/** In parts, so that the log shows how far it came. */
const PARTS = 5;

const points = new Set<string>();

for (let part = 0; part < PARTS; part += 1) {
  const share = PUBLISHERS / PARTS;
  test(`${share * VIEWERS} random walks among layers, part ${part + 1} of ${PARTS}`, () => {
    const totals = walk(part * share, (part + 1) * share, VIEWERS);
    expect(totals.frames).toBeGreaterThan(share * VIEWERS * 40);
    expect(totals.switches).toBeGreaterThan(share * 4);
    expect(totals.repairs).toBeGreaterThan(share * VIEWERS);
    for (const point of totals.points) points.add(point);
  }, 240_000);
}

test("the walks came by every layer of every codec", () => {
  expect(PUBLISHERS).toBeGreaterThan(WALK_CASES.length * 2);
  for (const style of ["vp9-flexible", "vp9-group", "av1-descriptor"]) {
    for (const point of ["0/0", "0/2", "1/1", "2/0", "2/2"]) {
      expect(points.has(`${style} ${point}`), `${style} ${point}`).toBeTrue();
    }
  }
  for (const style of ["vp8", "vp8-descriptor"]) {
    for (const point of ["0/0", "0/1", "0/2"]) {
      expect(points.has(`${style} ${point}`), `${style} ${point}`).toBeTrue();
    }
  }
  expect(points.has("h264 0/0")).toBeTrue();
});
