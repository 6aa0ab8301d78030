/** What a worker tells of its delays; how control judges them is in test/control/plane/overload.test.ts. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import { LagMeter } from "../../src/egress/lag-meter.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { KEY, Sim, sourceOf, Track, videoSection } from "./harness.ts";

const PATIENCE = 10_000;

/** Two viewers of a picture whose packets come 4 ms apart, each 40 ms; served when it is due, and `late`. */
function watched(late: number): Sim {
  const sim = new Sim();
  const video = new Track("video");
  const source = sourceOf({ video: [video] });
  for (let i = 0; i < 2; i += 1) sim.open(source, { media: [videoSection()] });
  for (let i = 0; i < 400; i += 1) {
    const within = i % 4;
    const flags = within === 3 ? SlotFlag.marker : i === 0 ? KEY : 0;
    const came = sim.now;
    video.put(i, Math.floor(i / 4) * 3_600, came, { flags });
    sim.egress.mark(video.grant.index);
    const until = came + (within === 3 ? 28_000 : 4_000);
    for (;;) {
      const due = Math.max(sim.now, sim.egress.workAt(sim.now, PATIENCE)) + late;
      if (due > until) break;
      sim.pass(Math.max(0, due - sim.now));
      sim.egress.forward(sim.now, Number.POSITIVE_INFINITY, () => sim.now + 200, PATIENCE);
    }
    sim.pass(until - sim.now);
  }
  return sim;
}

test("frame-hold: what is held on purpose is no lag, and a frame's delay begins with its last packet", () => {
  const sim = watched(0);
  expect(sim.count("lagMaxUs")).toBe(0);
  // Until the last viewer has it, as the clock says.
  expect(sim.count("frameDelayMedianUs")).toBe(200);
  expect(sim.count("frameDelayP99Us")).toBe(200);
});

test("frame-hold: what is served later than it was due is lag, and so late are frames", () => {
  const sim = watched(3_000);
  expect(sim.count("lagMaxUs")).toBe(3_000);
  expect(sim.count("frameDelayP99Us")).toBe(3_200);
});

test("frame-hold: one frame of a hundred that takes long is the p99, not the median", () => {
  const counters = new Float64Array(COUNTER_NAMES.length);
  const meter = new LagMeter(counters);
  for (let i = 0; i < 98; i += 1) meter.noteFrame(2_000);
  for (let i = 0; i < 2; i += 1) meter.noteFrame(90_000);
  meter.tell(1e6);
  const told = [counters[Counter.frameDelayMedianUs]!, counters[Counter.frameDelayP99Us]!];
  expect(told[0]).toBeWithin(2_000, 2_501);
  expect(told[1]).toBeWithin(89_999, 90_001);
  meter.tell(2e6);
  expect([counters[Counter.frameDelayMedianUs], counters[Counter.frameDelayP99Us]]).toEqual([0, 0]);
});
