/** What was reported of other media servers, as scenes in clusters of this one. */
import { test } from "bun:test";
import { DataFrame } from "../../../src/wire/cascade/data.ts";
import { readDatagram } from "../../../src/wire/cascade/datagram.ts";
import { decodeElements, type Elements } from "../../../src/wire/cascade/elements.ts";
import { Frame } from "../../../src/wire/cascade/kinds.ts";
import { readOrdered } from "../../../src/wire/cascade/ordered.ts";
import type { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

export const FAR = { delayUs: 10_000, jitterUs: 1_000 };
const SEEDS = [1, 2, 3];
/** On a machine of its own each takes a second or two. */
const TIMEOUT_MS = 60_000;

/** A report, played in a cluster of each seed; which one fails is told. */
export function report(title: string, scene: (seed: number) => void, seeds = SEEDS): void {
  const play = (): void => {
    for (const seed of seeds) {
      try {
        scene(seed);
      } catch (error) {
        console.error(`seed ${seed} of "${title}"`);
        throw error;
      }
    }
  };
  test(title, play, TIMEOUT_MS);
}

/** The longest time in what follows that one of them is without media, us. */
export function longestGap(world: World, watchers: readonly Watcher[], us: number): number {
  let longest = 0;
  for (const end = world.now + us; world.now < end; ) {
    world.run(5_000);
    for (const { heardAt } of watchers) longest = Math.max(longest, world.now - heardAt);
  }
  return longest;
}

/** A message of one piece, or a loose frame, on its way. */
export interface Overheard {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly type: number;
  readonly elements: Elements;
}

/** All that is said from now on, of these types; what goes again is heard again. */
export function overhear(world: World, types: readonly number[]): Overheard[] {
  const heard: Overheard[] = [];
  const frame = new DataFrame();
  world.network.passes = (from, to, bytes) => {
    readDatagram(bytes, 0, bytes.length, frame, {
      data: () => {},
      frame: (type, elements) => {
        const said = type === Frame.ordered ? messageIn(elements) : { type, elements };
        if (said !== null && types.includes(said.type)) {
          heard.push({ at: world.now, from, to, ...said });
        }
      },
    });
    return true;
  };
  return heard;
}

function messageIn(elements: Elements): { type: number; elements: Elements } | null {
  const ordered = readOrdered(elements);
  if (ordered === null || ordered.more) return null;
  const message = decodeElements(ordered.piece);
  return message === null ? null : { type: message.uint(255), elements: message };
}
