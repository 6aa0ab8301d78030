/** What serving one viewer makes throw costs that viewer, and nobody beside it notices. */
import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Sim, sourceOf, Track, VIDEO_SSRC } from "./harness.ts";
import { type Session, type Stage, svc } from "./stage.ts";

/** This viewer's sealing throws, as an assertion of ours would, from the `after`th packet on. */
function breakSealing(viewer: Session, after = 0): void {
  let left = after;
  const { cipher } = viewer;
  const seal = cipher.sealRtp.bind(cipher);
  cipher.sealRtp = (...of) => {
    left -= 1;
    if (left < 0) throw new AssertionError("a test breaks this viewer");
    return seal(...of);
  };
}

/** What somebody was sent of the picture. */
const contents = (viewer: Session) =>
  viewer
    .of(VIDEO_SSRC)
    .map(({ payload, timestamp, marker }) => `${timestamp} ${marker} ${Buffer.from(payload)}`);

function tolerant(stage: Stage): Stage {
  stage.sim.toleratesFaults = true;
  return stage;
}

function expectGone(sim: Sim, viewer: Session, place: string): void {
  expect(sim.faults[0]).toEqual({ session: viewer.session, place });
  expect(sim.egress.viewers.has(viewer.session)).toBeFalse();
}

test.each([0, 1, 2])("S2: live media: the %dth of three viewers ends alone", (broken) => {
  const stage = tolerant(svc("L1T2", "vp8"));
  const { sim } = stage;
  const viewers = [0, 1, 2].map(() => stage.open());
  stage.run(10);
  breakSealing(viewers[broken]!, 3);
  stage.run(10);
  expectGone(sim, viewers[broken]!, "media");
  expect(sim.faults.length).toBe(1);
  const others = viewers.filter((_, i) => i !== broken);
  expect(others.map((viewer) => viewer.of(VIDEO_SSRC).length)).toEqual([40, 40]);
  expect(contents(others[0]!)).toEqual(contents(others[1]!));
});

test("S2: what was rewritten for the one that ends is as it was for the next", () => {
  const run = (breaks: boolean): string[] => {
    const stage = tolerant(svc("L1T2", "vp8"));
    // Without the upper layer its pictures have numbers of their own.
    const first = stage.open();
    stage.limit(first, { temporalMax: 0 });
    stage.run(9);
    const second = stage.open();
    stage.run(8, () => true);
    if (breaks) breakSealing(first);
    stage.run(8);
    if (breaks) expectGone(stage.sim, first, "media");
    return contents(second);
  };
  expect(run(true)).toEqual(run(false));
});

test("S2: one that cannot be brought to let go is not served again", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const [broken, spared] = [stage.open(), stage.open()];
  stage.run(5);
  sim.egress.viewers.get(broken.session)!.follow = () => {
    throw new Error("a test breaks this viewer");
  };
  breakSealing(broken);
  stage.run(5);
  expect(sim.faults.map(({ place }) => place)).toEqual(["media", "the end of a session"]);
  expect(spared.of(VIDEO_SSRC).length).toBe(20);
});

test("S2: a join on its way ends alone, and those behind it have their turn", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const early = stage.open();
  stage.run(30);
  const joins = [0, 1, 2].map(() => stage.open());
  breakSealing(joins[1]!, 5);
  stage.run(20);
  expectGone(sim, joins[1]!, "media");
  expect(contents(joins[0]!)).toEqual(contents(early));
  expect(contents(joins[2]!)).toEqual(contents(early));
});

test("S2: a timer of one viewer ends it alone, and the round goes on behind it", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const viewers = [0, 1, 2].map(() => stage.open());
  stage.run(5);
  const inside = sim.egress.viewers.get(viewers[0]!.session)!;
  inside.handleTimeout = () => {
    throw new Error("a test breaks this viewer");
  };
  stage.run(40);
  expectGone(sim, viewers[0]!, "a timer");
  for (const viewer of viewers.slice(1)) {
    expect(viewer.of(VIDEO_SSRC).length).toBe(90);
    expect(viewer.rtcp.length).toBeGreaterThan(0);
  }
});

test.each(["sendReports", "sendProbes"] as const)("S2: %s of one viewer ends it alone", (name) => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const [spared, broken] = [stage.open(), stage.open()];
  sim.egress.viewers.get(broken.session)![name] = () => {
    throw new Error("a test breaks this viewer");
  };
  stage.run(60);
  expectGone(sim, broken, "a timer");
  expect(spared.of(VIDEO_SSRC).length).toBe(120);
  expect(spared.rtcp.length).toBeGreaterThan(0);
});

test("S2: a viewer that cannot follow a new source ends alone", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const [broken, spared] = [stage.open(), stage.open()];
  stage.run(5);
  const inside = sim.egress.viewers.get(broken.session)!;
  // Nor can it be brought to let go.
  inside.follow = () => {
    throw new Error("a test breaks this viewer");
  };
  const next = svc("L1T1", "vp8");
  sim.egress.setSource(1, next.source, sim.now);
  expect(sim.faults.map(({ place }) => place)).toEqual(["a new source", "the end of a session"]);
  const encoding = next.encodings[0]!;
  for (let i = 0; i < 10; i += 1) {
    encoding.frame(sim.now, i === 0);
    sim.forward(encoding);
    sim.pass(33_333);
  }
  expect(sim.egress.viewers.size).toBe(1);
  expect(spared.of(VIDEO_SSRC).length).toBe(30);
  // Nothing of it is left where it would be served again.
  sim.close(spared.session);
  expect(encoding.wanted).toBeFalse();
  expect(stage.encodings[0]!.wanted).toBeFalse();
});

test("S2: a reader that was lapped goes on with the viewers that can", () => {
  const sim = new Sim();
  sim.toleratesFaults = true;
  const video = new Track("video");
  const source = sourceOf({ video: [video] });
  const [broken, spared] = [sim.open(source), sim.open(source)];
  const put = (first: number, count: number) => {
    for (let k = first; k < first + count; k += 1) {
      const key = k % 50 === 0 ? SlotFlag.keyframeStart : 0;
      video.put(k, k * 3000, sim.now, { flags: SlotFlag.frameStart | key });
    }
  };
  put(0, 10);
  sim.forward(video);
  const inside = sim.egress.viewers.get(broken.session)!.tracks.find((track) => track.video)!;
  inside.resume = () => {
    throw new Error("a test breaks this viewer");
  };
  // More than a ring of 8,192 slots remembers of arrivals.
  put(10, 9000);
  sim.forward(video);
  put(9010, 100);
  sim.forward(video);
  expectGone(sim, broken, "media");
  expect(spared.of(VIDEO_SSRC).length).toBeGreaterThan(20);
});

test("S2: what a ring's packets make throw costs those packets", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  const { sim } = stage;
  const viewer = stage.open();
  stage.run(5);
  const feed = stage.track(viewer).feed!;
  const note = feed.note.bind(feed);
  feed.note = () => {
    throw new Error("a test breaks this ring");
  };
  stage.run(1);
  feed.note = note;
  stage.run(5);
  expect(sim.faults).toEqual([{ session: null, place: "a ring" }]);
  expect(sim.egress.viewers.size).toBe(1);
  expect(viewer.of(VIDEO_SSRC).length).toBe(20);
});

test("S2: what is nobody's fault is the worker's", () => {
  const stage = tolerant(svc("L1T1", "vp8"));
  stage.open();
  stage.run(2);
  const inside = stage.sim.egress as unknown as { serveLive: () => never };
  inside.serveLive = () => {
    throw new Error("a test breaks this worker");
  };
  expect(() => stage.run(1)).toThrow("a test breaks this worker");
  expect(stage.sim.egress.viewers.size).toBe(1);
});
