import { expect, test } from "bun:test";
import { changingBetweenSegments } from "../../src/web/segmentchange.ts";
import type { TailLibrary } from "../../src/web/taillibrary.ts";

/** Parts of a playlist: number of their segment, and whether each was loaded. */
type Parts = readonly (readonly [sn: number, loaded: boolean])[];

/** hls.js at the edge of a live playlist. */
class Player {
  loadLevel = 0;
  mainForwardBufferInfo: { readonly len: number } | null = { len: 1 };
  readonly levels: { details?: object }[] = [{}, {}, {}];
  chosen: number | null = null;
  estimated = 2;
  isBehind = false;
  readonly #controller: { nextAutoLevel: number };

  constructor() {
    const player = this;
    class Base {
      hls: Player | null = player;
      get nextAutoLevel(): number {
        return player.estimated;
      }
      set nextAutoLevel(level: number) {
        player.estimated = level;
      }
    }
    const library = { DefaultConfig: { abrController: Base } } as unknown as TailLibrary;
    const Controller = changingBetweenSegments(library, () => this.chosen, this);
    this.#controller = new Controller(this as never);
  }

  /** `endSN`: the newest segment that is whole. */
  list(endSN: number, parts: Parts): this {
    const partList = parts.map(([sn, loaded]) => ({ loaded, fragment: { sn } }));
    this.levels[this.loadLevel] = { details: { endSN, partList } };
    return this;
  }

  get next(): number {
    return this.#controller.nextAutoLevel;
  }

  set next(level: number) {
    this.#controller.nextAutoLevel = level;
  }
}

test("F15: a level is left at the end of a segment, never in its midst", () => {
  const player = new Player();
  expect(
    player.list(6, [
      [6, true],
      [7, true],
      [7, false],
    ]).next,
  ).toBe(0);
  // Loaded as far as it goes, but it goes on.
  expect(
    player.list(6, [
      [6, true],
      [7, true],
      [7, true],
    ]).next,
  ).toBe(0);
  // It is over, but for a part.
  expect(
    player.list(7, [
      [7, true],
      [7, true],
      [7, false],
    ]).next,
  ).toBe(0);
  expect(
    player.list(7, [
      [7, true],
      [7, true],
      [7, true],
    ]).next,
  ).toBe(2);
  expect(
    player.list(7, [
      [7, true],
      [7, true],
      [8, false],
    ]).next,
  ).toBe(2);
  expect(
    player.list(7, [
      [7, true],
      [7, true],
      [8, true],
      [8, false],
    ]).next,
  ).toBe(0);
});

test("F15: nor for the sake of what a person chose, which goes before the estimate", () => {
  const player = new Player();
  player.chosen = 1;
  expect(
    player.list(6, [
      [6, true],
      [7, true],
    ]).next,
  ).toBe(0);
  expect(
    player.list(7, [
      [6, true],
      [7, true],
    ]).next,
  ).toBe(1);
  player.loadLevel = 1;
  expect(
    player.list(7, [
      [7, true],
      [8, true],
    ]).next,
  ).toBe(1);
});

test("who went back loads whole segments, whatever parts the playlist ends with", () => {
  const player = new Player();
  player.list(6, [
    [7, true],
    [7, false],
  ]);
  expect(player.next).toBe(0);
  player.isBehind = true;
  expect(player.next).toBe(2);
});

test("whole segments, a level that has loaded nothing, and an empty buffer leave the choice free", () => {
  const player = new Player();
  expect(
    player.list(9, [
      [9, false],
      [10, false],
    ]).next,
  ).toBe(2);
  player.levels[0] = {};
  expect(player.next).toBe(2);
  player.list(6, [
    [7, true],
    [7, false],
  ]);
  expect(player.next).toBe(0);
  player.mainForwardBufferInfo = { len: 0 };
  expect(player.next).toBe(2);
  player.mainForwardBufferInfo = null;
  expect(player.next).toBe(2);
});

test("F15: a level that was left a moment ago is not changed to before there is more: hls.js would wait for long", () => {
  const player = new Player();
  /** The last part that a playlist has. */
  const end = (lastPartSn: number, lastPartIndex: number, live = true) => {
    const parts = { endSN: 7, partList: [{ loaded: true, fragment: { sn: 7 } }] };
    return { details: { ...parts, live, lastPartSn, lastPartIndex } };
  };
  player.loadLevel = 1;
  const nextWith = (present: object, other: object): number => {
    player.levels[1] = present;
    player.levels[2] = other;
    return player.next;
  };
  expect(nextWith(end(7, 4), end(7, 4))).toBe(1);
  expect(nextWith(end(7, 4), end(7, 3))).toBe(2);
  expect(nextWith(end(7, 4), end(8, 0))).toBe(1);
  expect(nextWith(end(8, 0), end(7, 4))).toBe(2);
  // Nor where nothing is in hand, or by wish.
  player.mainForwardBufferInfo = null;
  player.chosen = 2;
  expect(nextWith(end(7, 4), end(7, 4))).toBe(1);
  // What has ended has no more, and a level may go on.
  expect(nextWith(end(7, 4, false), end(7, 4, false))).toBe(2);
  player.chosen = 1;
  expect(nextWith(end(7, 4), end(7, 4))).toBe(1);
});

test("begins with what was chosen, and hls.js may still force a level", () => {
  const player = new Player();
  player.loadLevel = -1;
  player.chosen = 1;
  expect(player.next).toBe(1);
  player.chosen = null;
  player.next = 0;
  expect([player.estimated, player.next]).toEqual([0, 0]);
});
