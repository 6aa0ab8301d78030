import { expect, test } from "bun:test";
import { layerId } from "../../src/feed/layer-table.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { KEY, Sim, sourceOf, Track, videoSection } from "./harness.ts";

const WITHOUT_LAYERS = new PacketLayers();
const VIDEO = { media: [videoSection()] };

/** An encoding `rid` whose frames are single packets. */
function encoding(rid: string): Track {
  const track = new Track("video");
  track.writer.describe(Codec.vp8, 90_000, "", rid);
  return track;
}

/** Sends so many frames of 40 ms of all encodings; each third one is a keyframe. */
function frames(sim: Sim, count: number, from: number, tracks: readonly Track[]): void {
  for (let i = from; i < from + count; i += 1) {
    for (const [place, track] of tracks.entries()) {
      const flags = i % 3 === 0 ? KEY : SlotFlag.frameStart;
      const length = place === 0 ? 400 : 40;
      track.put(i, Math.round(sim.now * 0.09), sim.now, { flags, length });
      noteLayers(track.writer.views, WITHOUT_LAYERS, length, sim.now);
    }
    sim.forward(...tracks);
    sim.pass(40_000);
  }
}

test("what a viewer is sent is told once, and again when it changes", () => {
  const sim = new Sim();
  const tracks = [encoding("h"), encoding("l")];
  const viewer = sim.open(sourceOf({ video: tracks }), VIDEO);
  const { session } = viewer;
  sim.pass(500_000);
  expect(sim.layers).toEqual([]);
  frames(sim, 60, 0, tracks);
  expect(sim.layers.at(-1)).toEqual({ session, layer: layerId(0, 0) });
  const told = sim.layers.length;
  frames(sim, 30, 60, tracks);
  expect(sim.layers.length).toBe(told);
  sim.egress.limit(session, { ...NO_LIMITS, rid: "l" }, sim.now);
  frames(sim, 30, 90, tracks);
  expect(sim.layers.slice(told)).toEqual([{ session, layer: layerId(1, 0) }]);
});

test("a new source is told of, though its layer has the same id", () => {
  const sim = new Sim();
  const first = encoding("");
  const { session } = sim.open(sourceOf({ video: [first] }), VIDEO);
  frames(sim, 10, 0, [first]);
  const second = encoding("");
  sim.egress.setSource(1, sourceOf({ video: [second] }), sim.now);
  sim.pass(500_000);
  expect(sim.layers).toEqual([{ session, layer: 0 }]);
  frames(sim, 10, 0, [second]);
  expect(sim.layers).toEqual([
    { session, layer: 0 },
    { session, layer: 0 },
  ]);
});

test("the counter of estimates is the sum over the connected viewers", () => {
  const sim = new Sim();
  const video = encoding("");
  const source = sourceOf({ video: [video] });
  const viewers = [sim.open(source, VIDEO), sim.open(source, VIDEO)];
  sim.open(source, { ...VIDEO, connect: false });
  frames(sim, 10, 0, [video]);
  const estimates = viewers.map(({ session }) => sim.egress.stats(session)[0]!.estimateBps!);
  expect(Math.min(...estimates)).toBeGreaterThan(0);
  expect(sim.count("estimateBps")).toBe(estimates[0]! + estimates[1]!);
  sim.close(viewers[0]!.session);
  expect(sim.count("estimateBps")).toBe(estimates[1]!);
  sim.close(viewers[1]!.session);
  expect(sim.count("estimateBps")).toBe(0);
});
