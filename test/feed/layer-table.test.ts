import { describe, expect, test } from "bun:test";
import { LayerTable, layerId, pointOf, ringOf } from "../../src/feed/layer-table.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { createRing, gridBit, Header } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { ToldLayers } from "../../src/ring/told-layers.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";

const LOOK_US = 100_000;
const TELL_US = 200_000;
const OVERHEAD = 1.05;

/** A publisher's rings, looked at every 100 ms. */
class Rings {
  now = 10_000_000;
  readonly writers: RingWriter[];
  readonly table: LayerTable;
  /** What each ring sends every 20 ms: point and bytes. */
  readonly sends: (readonly (readonly [point: number, bytes: number])[])[];
  /** What is told of each ring every 200 ms: point and bit rate. */
  readonly tells: (readonly (readonly [point: number, bitrate: number])[])[];

  constructor(count: number) {
    const buffers = Array.from({ length: count }, () => createRing("video"));
    this.writers = buffers.map((buffer) => new RingWriter(buffer));
    this.writers.forEach((writer, i) => {
      writer.describe(Codec.vp8, 90_000, "", `r${i}`);
      writer.setSize(640, 360);
    });
    this.table = new LayerTable(buffers.map((buffer) => new RingReader(buffer, -1)));
    this.sends = buffers.map(() => []);
    this.tells = buffers.map(() => []);
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
        if (this.now % TELL_US === 0) this.tell(ring);
      });
      if (this.now % LOOK_US === 0) this.table.update(this.now);
    }
  }

  private tell(ring: number): void {
    const told = new ToldLayers();
    told.keyframes = true;
    for (const [point, bitrate] of this.tells[ring]!) {
      told.bitrates[point] = bitrate;
      // It was a while on its way.
      told.seenUs[point] = this.now - 50_000;
    }
    if (this.tells[ring]!.length > 0) told.store(this.writers[ring]!.views);
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

describe("told-layers: a layer whose packets are not here", () => {
  const TOLD = 900_000;

  test("is usable as it is told, and gone when no more is told", () => {
    const rings = new Rings(2);
    rings.keyframe(0);
    rings.sends[0] = [[0, 500]];
    rings.tells[1] = [
      [0, TOLD / 2],
      [1, TOLD],
    ];
    rings.run(2_000_000);
    expect(rings.active()).toEqual([layerId(0, 0), layerId(1, 0), layerId(1, 1)]);
    const { id, rid, temporalId, bitrate, width, height } = rings.table.layers[2]!;
    expect({ id, rid, temporalId, bitrate, width, height }).toEqual({
      ...{ id: layerId(1, 1), rid: "r1", temporalId: 1 },
      ...{ bitrate: TOLD, width: 640, height: 360 },
    });
    rings.tells[1] = [];
    rings.run(1_000_000);
    expect(rings.active()).toEqual([0]);
  });

  test("is usable at the first look, so that the first viewer of all wants the right one", () => {
    const rings = new Rings(2);
    rings.tells[1] = [
      [0, TOLD / 2],
      [1, TOLD],
    ];
    rings.run(20_000);
    expect([rings.now, rings.active()]).toEqual([10_020_000, [layerId(1, 0), layerId(1, 1)]]);
  });

  test("is not usable before it is told that it has keyframes, nor when its source has left", () => {
    const rings = new Rings(1);
    const told = new ToldLayers();
    const tell = (): void => {
      told.seenUs[0] = rings.now;
      told.store(rings.writers[0]!.views);
      rings.run(500_000);
    };
    tell();
    expect([rings.table.layers.length, rings.active()]).toEqual([1, []]);
    told.keyframes = true;
    tell();
    expect(rings.active()).toEqual([0]);
    rings.writers[0]!.setWord(Header.inactive, 1);
    tell();
    expect(rings.active()).toEqual([]);
  });

  test("keeps its told rate until its own was measured for a second, then has its own", () => {
    const rings = new Rings(1);
    rings.tells[0] = [[0, TOLD]];
    rings.run(1_000_000);
    const [layer] = rings.table.layers;
    // It begins with a keyframe, which is no measure.
    rings.sends[0] = [[0, 20_000]];
    rings.run(20_000);
    rings.sends[0] = [[0, 500]];
    rings.run(880_000);
    expect([layer!.bitrate, layer!.active]).toEqual([TOLD, true]);
    rings.run(8_400_000);
    const own = 500 * 50 * 8 * OVERHEAD;
    expect(Math.abs(layer!.bitrate - own)).toBeLessThan(own * 0.05);
    // Nobody wants it any more.
    rings.sends[0] = [];
    for (let i = 0; i < 10; i += 1) {
      rings.run(LOOK_US);
      expect(layer!.active).toBeTrue();
      expect(layer!.bitrate).toBeGreaterThan(own * 0.7);
    }
    expect(layer!.bitrate).toBe(TOLD);
  });

  test("is told beside points of its ring that do come", () => {
    const rings = new Rings(1);
    rings.keyframe(0);
    rings.sends[0] = [[0, 500]];
    rings.tells[0] = [
      [0, TOLD / 2],
      [8, TOLD],
    ];
    rings.run(10_000_000);
    expect(rings.active()).toEqual([0, 8]);
    const [base, upper] = rings.table.layers;
    const own = 500 * 50 * 8 * OVERHEAD;
    expect(Math.abs(base!.bitrate - own)).toBeLessThan(own * 0.05);
    expect([upper!.bitrate, upper!.width, base!.width]).toEqual([TOLD, 640, 320]);
  });
});
