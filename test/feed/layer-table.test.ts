import { expect, test } from "bun:test";
import { LayerTable, layerId, pointOf, ringOf } from "../../src/feed/layer-table.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { createRing, gridBit } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";

const LOOK_US = 100_000;
const OVERHEAD = 1.05;

/** A publisher's rings, looked at every 100 ms. */
class Rings {
  now = 10_000_000;
  readonly writers: RingWriter[];
  readonly table: LayerTable;
  /** What each ring sends every 20 ms: point and bytes. */
  readonly sends: (readonly (readonly [point: number, bytes: number])[])[];

  constructor(count: number) {
    const buffers = Array.from({ length: count }, () => createRing("video"));
    this.writers = buffers.map((buffer) => new RingWriter(buffer));
    this.writers.forEach((writer, i) => {
      writer.describe(Codec.vp8, 90_000, "", `r${i}`);
      writer.setSize(640, 360);
    });
    this.table = new LayerTable(buffers.map((buffer) => new RingReader(buffer, -1)));
    this.sends = buffers.map(() => []);
  }

  keyframe(ring: number): void {
    const writer = this.writers[ring]!;
    const offset = writer.reserve(1);
    writer.setDescription(offset, 0, 0, this.now, Codec.vp8, 2, null);
    writer.commit(1, offset);
  }

  run(us: number): void {
    for (const end = this.now + us; this.now < end; this.now += 20_000) {
      this.writers.forEach(({ views }, ring) => {
        for (const [point, bytes] of this.sends[ring]!) {
          const layers = new PacketLayers();
          const [spatialId, temporalId] = [point >> 3, point & 7];
          const needed = gridBit(spatialId, temporalId) >>> 0;
          Object.assign(layers, { frameNumberBits: 16, spatialId, temporalId, needed });
          noteLayers(views, layers, bytes, this.now);
        }
      });
      if (this.now % LOOK_US === 0) this.table.update(this.now);
    }
  }

  active(): number[] {
    return this.table.layers.filter(({ active }) => active).map(({ id }) => id);
  }
}

test("ids name ring and point", () => {
  expect([ringOf(layerId(2, 17)), pointOf(layerId(2, 17))]).toEqual([2, 17]);
});

test("what was never seen is not listed; what is seen is usable after a keyframe", () => {
  const rings = new Rings(3);
  rings.sends[1] = [[0, 500]];
  rings.run(1_000_000);
  expect(rings.table.layers.map(({ id, rid }) => [id, rid])).toEqual([[layerId(1, 0), "r1"]]);
  expect(rings.active()).toEqual([]);
  rings.keyframe(1);
  rings.run(LOOK_US * 2);
  expect(rings.active()).toEqual([layerId(1, 0)]);
});

test("the rate is measured at once, then over seconds", () => {
  const rings = new Rings(1);
  rings.keyframe(0);
  rings.sends[0] = [[0, 500]];
  rings.run(400_000);
  const [layer] = rings.table.layers;
  const rate = 500 * 50 * 8 * OVERHEAD;
  expect(Math.abs(layer!.bitrate - rate)).toBeLessThan(rate * 0.1);
  rings.sends[0] = [[0, 1500]];
  rings.run(5_000_000);
  expect(Math.abs(layer!.bitrate - rate * 3)).toBeLessThan(rate * 0.3);
  expect([layer!.width, layer!.height]).toEqual([640, 360]);
});

test("a silent layer is gone within 1 s; when it comes back it must hold for a second", () => {
  const rings = new Rings(1);
  rings.keyframe(0);
  rings.sends[0] = [
    [0, 500],
    [8, 500],
  ];
  rings.run(1_000_000);
  expect(rings.active()).toEqual([0, 8]);
  rings.sends[0] = [[0, 500]];
  rings.run(700_000);
  expect(rings.active()).toEqual([0, 8]);
  rings.run(300_000);
  expect(rings.active()).toEqual([0]);
  expect(rings.table.layers[1]!.bitrate).toBe(0);
  const both = [
    [0, 500],
    [8, 500],
  ] as const;
  rings.sends[0] = both;
  rings.run(900_000);
  expect(rings.active()).toEqual([0]);
  rings.run(300_000);
  expect(rings.active()).toEqual([0, 8]);
});

test("points of one ring that begin one after another become usable together", () => {
  const rings = new Rings(1);
  rings.keyframe(0);
  rings.sends[0] = [[0, 500]];
  rings.run(120_000);
  rings.sends[0] = [
    [0, 500],
    [1, 500],
  ];
  const seen: number[][] = [];
  for (let i = 0; i < 6; i += 1) {
    rings.run(LOOK_US);
    seen.push(rings.active());
  }
  expect(seen.some((ids) => ids.length === 1)).toBeFalse();
  expect(seen.at(-1)).toEqual([0, 1]);
  // One that comes later does not take the others away.
  rings.sends[0] = [
    [0, 500],
    [1, 500],
    [8, 500],
  ];
  rings.run(LOOK_US);
  expect(rings.active()).toEqual([0, 1]);
  rings.run(LOOK_US * 4);
  expect(rings.active()).toEqual([0, 1, 8]);
});

test("temporal layers beyond the fourth, and layers beyond 32, are not told apart", () => {
  const rings = new Rings(3);
  for (let ring = 0; ring < 3; ring += 1) {
    rings.keyframe(ring);
    rings.sends[ring] = Array.from({ length: 32 }, (_, point) => [point, 10] as const);
  }
  rings.run(1_000_000);
  expect(rings.table.layers.length).toBe(32);
  expect(rings.table.layers.every(({ temporalId }) => temporalId < 4)).toBeTrue();
});
