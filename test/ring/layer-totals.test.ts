import { expect, test } from "bun:test";
import {
  layerBytes,
  layerSeenUs,
  layerSize,
  noteLayers,
  storeLayerSize,
} from "../../src/ring/layer-totals.ts";
import { createRing, gridBit, LAYER_POINTS } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";

function ring() {
  const buffer = createRing("video");
  return { writer: new RingWriter(buffer).views, reader: new RingReader(buffer, -1).views };
}

function layersOf(spatialId: number, temporalId: number, needed: number): PacketLayers {
  const layers = new PacketLayers();
  return Object.assign(layers, { frameNumberBits: 16, spatialId, temporalId, needed });
}

test("a packet counts at every point that needs it, and is seen at its own", () => {
  const { writer, reader } = ring();
  const needed = (gridBit(1, 2) | gridBit(1, 3) | gridBit(3, 7)) >>> 0;
  noteLayers(writer, layersOf(1, 2, needed), 700, 5_000);
  noteLayers(writer, layersOf(1, 2, needed), 300, 6_000);
  for (let point = 0; point < LAYER_POINTS; point += 1) {
    const counts = [10, 11, 31].includes(point);
    expect(layerBytes(reader, point), `point ${point}`).toBe(counts ? 1000 : 0);
    expect(layerSeenUs(reader, point), `point ${point}`).toBe(point === 10 ? 6_000 : 0);
  }
});

test("a packet that says nothing of layers is due to all, and is the lowest", () => {
  const { writer, reader } = ring();
  noteLayers(writer, new PacketLayers(), 50, 9);
  for (let point = 0; point < LAYER_POINTS; point += 1) {
    expect(layerBytes(reader, point)).toBe(50);
    expect(layerSeenUs(reader, point)).toBe(point === 0 ? 9 : 0);
  }
});

test("layers beyond the grid count inside it, and nowhere else in the header", () => {
  const { writer, reader } = ring();
  const before = writer.bytes.slice(0, 4096);
  noteLayers(writer, layersOf(7, 15, 0xffffffff), 1, 3);
  expect(layerSeenUs(reader, 31)).toBe(3);
  const changed = writer.bytes.slice(0, 4096).filter((byte, i) => byte !== before[i]).length;
  expect(changed).toBeLessThanOrEqual((LAYER_POINTS + 1) * 8);
  storeLayerSize(writer, 7, 1, 1);
  expect(layerSize(reader, 3, 3)).toBe(65537);
});

test("sizes: as told, else half of the layer above", () => {
  const { writer, reader } = ring();
  expect(layerSize(reader, 0, 2)).toBe(0);
  const size = (spatialId: number) => {
    const packed = layerSize(reader, spatialId, 2);
    return [packed >>> 16, packed & 0xffff];
  };
  new RingWriter(writer.buffer).setSize(1280, 720);
  expect([0, 1, 2].map(size)).toEqual([
    [320, 180],
    [640, 360],
    [1280, 720],
  ]);
  storeLayerSize(writer, 1, 960, 540);
  storeLayerSize(writer, 2, 65_535, 65_535);
  // What no header can say (a descriptor's width less one has 16 bits) is not known.
  storeLayerSize(writer, 0, 65_536, 180);
  expect([0, 1, 2].map(size)).toEqual([
    [320, 180],
    [960, 540],
    [65_535, 65_535],
  ]);
});

test("house 6.10: a size is one word, which no reader finds half written", () => {
  const { writer } = ring();
  const changed = (write: () => void): number => {
    const before = writer.words.slice();
    write();
    return writer.words.filter((word, i) => word !== before[i]).length;
  };
  expect(changed(() => new RingWriter(writer.buffer).setSize(1280, 720))).toBe(1);
  expect(changed(() => new RingWriter(writer.buffer).setSize(640, 360))).toBe(1);
  expect(changed(() => storeLayerSize(writer, 1, 960, 540))).toBe(1);
});
