import { expect, test } from "bun:test";
import { LayerTable } from "../../src/feed/layer-table.ts";
import { ToldFigures } from "../../src/relay/told-figures.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import type { RingFigures } from "../../src/wire/cascade/ring.ts";
import { Neighbour } from "../cascade/neighbour.ts";
import { StreamGround, WHOLE } from "./stream-ground.ts";

const HEADS_US = 25_000;
const POINTS = [
  { point: 0, bitrate: 200_000, ageUs: 10_000 },
  { point: 1, bitrate: 300_000, ageUs: 30_000 },
];

function told(points: RingFigures["points"]): RingFigures {
  const sizes = [0, 0, 0, 0];
  return { alias: 4, ring: 0, points, sizes, size: 0, hasKeyframe: true, ignoresPli: false };
}

class Ground {
  now = 10_000_000;
  readonly figures = new ToldFigures();
  readonly #buffer = createRing("video");
  readonly #writer = new RingWriter(this.#buffer);
  readonly table = new LayerTable([new RingReader(this.#buffer, -1)]);

  take(points: RingFigures["points"], seen = true): void {
    this.figures.take(told(points), this.#writer.views, seen, this.now);
  }

  /** Whoever tells them is heard for so long, or not. */
  pass(us: number, heard = true): void {
    for (const end = this.now + us; this.now < end; ) {
      this.now += HEADS_US;
      if (heard) this.figures.keep(this.#writer.views, this.now);
      this.table.update(this.now);
    }
  }

  get active(): readonly number[] {
    return this.table.layers.filter(({ active }) => active).map(({ id }) => id);
  }
}

test("told-kept: figures that get lost take no layer away, while whoever tells them is heard", () => {
  const ground = new Ground();
  ground.take(POINTS);
  ground.pass(4_900_000);
  expect(ground.active).toEqual([0, 1]);
  expect(ground.table.layers).toHaveLength(2);
  ground.pass(1_500_000);
  expect(ground.active).toEqual([]);
});

test("told-kept: whoever is not heard has them no longer than before", () => {
  const ground = new Ground();
  ground.take(POINTS);
  ground.pass(700_000, false);
  expect(ground.active).toEqual([0, 1]);
  ground.pass(200_000, false);
  expect(ground.active).toEqual([]);
});

test("told-kept: a layer that is told to be gone is gone as soon, however often its parent is heard", () => {
  const ground = new Ground();
  ground.take(POINTS);
  let ageUs = 0;
  while (ground.active.length !== 1 || ageUs === 0) {
    ground.pass(200_000);
    ageUs += 200_000;
    ground.take([POINTS[0]!, { point: 1, bitrate: 0, ageUs }]);
    expect(ageUs).toBeLessThan(1_200_000);
  }
  expect(ground.active).toEqual([0]);
});

test("told-kept: what nobody below is to count on is not seen by being kept", () => {
  const ground = new Ground();
  ground.take(POINTS, false);
  ground.pass(2_000_000);
  expect(ground.active).toEqual([]);
});

test("told-kept: a parent's heads keep what it told, and readers do without what is withheld all the same", () => {
  const ground = new StreamGround([new Neighbour(2)]);
  const table = new LayerTable([ground.reader]);
  const elements = [4, 0, [0, 200_000, 5_000], [0, 0, 0, 0], 0, true, false];
  const { link } = ground.parents[0]!;
  ground.stream.told(link, Frame.figures, new Elements(elements), ground.now);
  const countAfter = (us: number): number => {
    for (const end = ground.now + us; ground.now < end; ) {
      ground.heads(5);
      ground.look(HEADS_US);
      table.update(ground.now);
    }
    return table.layers.filter(({ active }) => active).length;
  };
  expect(countAfter(2_000_000)).toBe(1);
  ground.stream.relieve({ ...WHOLE, withheld: 1 }, ground.now);
  expect(countAfter(100_000)).toBe(0);
});
