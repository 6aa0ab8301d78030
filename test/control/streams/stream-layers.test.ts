/** What control reads of real rings, as ingest writes them. */
import { expect, test } from "bun:test";
import type { RingGrant } from "../../../src/contract/source.ts";
import { RingLease } from "../../../src/control/plane/lease.ts";
import type { MediaPlane } from "../../../src/control/plane/plane.ts";
import { Source } from "../../../src/control/streams/source.ts";
import { Stream } from "../../../src/control/streams/stream.ts";
import { layersKey, StreamLayers } from "../../../src/control/streams/stream-layers.ts";
import { Viewers } from "../../../src/control/streams/viewers.ts";
import { LayerTable } from "../../../src/feed/layer-table.ts";
import { noteLayers, storeLayerSize } from "../../../src/ring/layer-totals.ts";
import { createRing, gridBit, Header } from "../../../src/ring/layout.ts";
import { PacketLayers } from "../../../src/ring/packet-layers.ts";
import { RingReader } from "../../../src/ring/reader.ts";
import { RingWriter } from "../../../src/ring/writer.ts";
import { Codec } from "../../../src/wire/codecs.ts";

const STEP_US = 50_000;

/** A live stream of one ring a rid ("" for no simulcast), seen through an onlooker's readers. */
function live(rids: readonly string[]) {
  const clock = { nowUs: 1_000_000, now: () => clock.nowUs, wall: () => 0 };
  const rings: RingGrant[] = rids.map((_, index) => ({
    index,
    buffer: createRing("video"),
    writer: 0,
  }));
  const writers = rings.map((ring, i) => {
    const writer = new RingWriter(ring.buffer);
    writer.describe(Codec.vp9, 90_000, "", rids[i]!);
    return writer;
  });
  const plane = {
    takeRing: () => rings.shift()!,
    watchLayers: (grants: readonly RingGrant[]) =>
      new LayerTable(grants.map(({ buffer }) => new RingReader(buffer, -1))),
  } as unknown as MediaPlane;
  const need = { kind: "video" as const, rids: rids.filter((rid) => rid !== "") };
  const lease = RingLease.take(plane, [need], 0)!;
  const stream = new Stream(1, "a", new Viewers(plane));
  stream.source = new Source({
    epoch: 1,
    sinceUs: clock.nowUs,
    origin: { kind: "link", address: "192.0.2.77", end: () => {} },
    lease,
    tracks: lease.rings.flat().map((ring, layer) => ({
      kind: need.kind,
      rid: need.rids[layer] ?? null,
      codec: "vp9",
      fmtp: "",
      channels: 1,
      ring,
    })),
  });
  const layers = new StreamLayers(plane, clock);
  const run = (seconds: number, packets: () => void): void => {
    for (const end = clock.nowUs + seconds * 1e6; clock.nowUs < end; clock.nowUs += STEP_US) {
      packets();
      layers.update(stream);
    }
  };
  const put = (ring: number, packet: PacketLayers, bytes: number): void => {
    const { views } = writers[ring]!;
    views.words[Header.keyframeCount] = 1;
    noteLayers(views, packet, bytes, clock.nowUs);
  };
  const idle = new Stream(2, "b", new Viewers(plane));
  return { stream, idle, layers, writers, run, put };
}

function point(spatialId: number, temporalId: number, needed: number): PacketLayers {
  const packet = new PacketLayers();
  return Object.assign(packet, { spatialId, temporalId, needed, frameNumberBits: 16 });
}

const PLAIN = new PacketLayers();

test("an SVC stream: a point's rate holds all that it needs, sizes are the spatial layers'", () => {
  const { stream, layers, writers, run, put } = live([""]);
  expect(layers.of(stream)).toEqual([{ id: -1, layer: { spatialLayerId: 0 } }]);
  storeLayerSize(writers[0]!.views, 0, 320, 180);
  storeLayerSize(writers[0]!.views, 1, 640, 360);
  const base = point(0, 0, gridBit(0, 0) | gridBit(1, 0));
  const top = point(1, 0, gridBit(1, 0));
  run(3, () => {
    put(0, base, 1_000);
    put(0, top, 3_000);
  });
  const [high, low] = layers.of(stream).map(({ layer }) => layer);
  expect(high).toMatchObject({ spatialLayerId: 1, width: 640, height: 360 });
  expect(low).toMatchObject({ spatialLayerId: 0, width: 320, height: 180 });
  expect(high).not.toHaveProperty("temporalLayerId");
  expect(high).not.toHaveProperty("rid");
  expect(high!.bitrate! / low!.bitrate!).toBeCloseTo(4, 1);
  // 20 packets of 1,000 B a second are 160 kb/s, and headers.
  expect(low!.bitrate!).toBeGreaterThan(160_000);
  expect(low!.bitrate!).toBeLessThan(176_000);
});

test("simulcast: a layer that dies has no rate within a second, and has one when it is back", () => {
  const { stream, layers, writers, run, put } = live(["h", "l"]);
  for (const [i, width] of [1280, 320].entries()) storeLayerSize(writers[i]!.views, 0, width, 180);
  const both = () => {
    put(0, PLAIN, 5_000);
    put(1, PLAIN, 500);
  };
  run(2, both);
  const rates = () =>
    layers.of(stream).map(({ layer }) => [layer.rid, layer.bitrate !== undefined]);
  expect(rates()).toEqual([
    ["h", true],
    ["l", true],
  ]);
  const before = layersKey(layers.of(stream));
  run(1, () => put(1, PLAIN, 500));
  expect(rates()).toEqual([
    ["h", false],
    ["l", true],
  ]);
  expect(layersKey(layers.of(stream))).not.toBe(before);
  run(3, both);
  expect(layersKey(layers.of(stream))).toBe(before);
});

test("while nobody publishes there is no layer", () => {
  const { layers, idle } = live([""]);
  layers.update(idle);
  expect(layers.of(idle)).toEqual([]);
  expect(layers.seen(idle)).toEqual([]);
});
