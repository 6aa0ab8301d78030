import { expect, test } from "bun:test";
import type { Viewer } from "../../src/egress/viewer.ts";
import { Viewers } from "../../src/egress/viewers.ts";
import { Sim, sourceOf, Track } from "./harness.ts";

const viewer = (session: number, stream: number) => ({ session, stream }) as Viewer;

test("viewers are found by session and by stream", () => {
  const viewers = new Viewers();
  const [a, b, c] = [viewer(1, 7), viewer(2, 8), viewer(3, 7)];
  for (const each of [a, b, c]) viewers.add(each);
  expect([...viewers.values()]).toEqual([a, b, c]);
  expect([...viewers.of(7)]).toEqual([a, c]);
  expect([...viewers.of(9)]).toEqual([]);
  expect([7, 8, 9].map((stream) => viewers.watch(stream))).toEqual([true, true, false]);
  expect([viewers.get(2), viewers.get(4)]).toEqual([b, undefined]);
  viewers.remove(b);
  viewers.remove(b);
  viewers.remove(a);
  expect([viewers.size, viewers.has(1), viewers.has(3)]).toEqual([1, false, true]);
  expect([7, 8].map((stream) => viewers.watch(stream))).toEqual([true, false]);
  viewers.remove(c);
  expect([viewers.size, viewers.watch(7), [...viewers.of(7)].length]).toEqual([0, false, 0]);
});

test("one that goes while its stream is walked is not met, and costs nobody else", () => {
  const viewers = new Viewers();
  const all = [1, 2, 3].map((session) => viewer(session, 7));
  for (const each of all) viewers.add(each);
  const met: number[] = [];
  for (const { session } of viewers.of(7)) {
    met.push(session);
    if (session === 1) for (const gone of all.slice(0, 2)) viewers.remove(gone);
  }
  expect(met).toEqual([1, 3]);
});

/** Entries that maps and sets gave out while `work` ran: all that it walked over. */
function steps(work: () => void): number {
  let count = 0;
  const restore: (() => void)[] = [];
  for (const prototype of [Map.prototype, Set.prototype]) {
    for (const name of ["keys", "values", "entries", Symbol.iterator] as const) {
      const before = Object.getOwnPropertyDescriptor(prototype, name)!;
      restore.push(() => Object.defineProperty(prototype, name, before));
      const value = function* (this: unknown) {
        for (const entry of before.value.call(this)) {
          count += 1;
          yield entry;
        }
      };
      Object.defineProperty(prototype, name, { ...before, value });
    }
  }
  try {
    work();
  } finally {
    for (const each of restore) each();
  }
  return count;
}

/** What the coming and going of one stream's two viewers and its source costs beside others. */
function costs(streams: number): Record<string, number> {
  const sim = new Sim();
  for (let stream = 2; stream <= streams; stream += 1) {
    const source = sourceOf({ audio: new Track("audio"), video: [new Track("video")] });
    for (let i = 0; i < 2; i += 1) sim.open(source, { stream });
  }
  const video = new Track("video");
  const first = sourceOf({ video: [video] });
  const next = sourceOf({ video: [new Track("video")] });
  const sessions: number[] = [];
  const open = () => steps(() => sessions.push(sim.open(first).session));
  const close = () => steps(() => sim.close(sessions.pop()!));
  const costs = {
    "first open": open(),
    "second open": open(),
    "new source": steps(() => sim.egress.setSource(1, next, sim.now)),
    "no source": steps(() => sim.egress.setSource(1, null, sim.now)),
    "source of nobody's": steps(() => sim.egress.setSource(streams + 1, next, sim.now)),
    "source again": steps(() => sim.egress.setSource(1, first, sim.now)),
    "first close": close(),
    "last close": close(),
  };
  expect(video.wanted).toBeFalse();
  return costs;
}

test("who comes, goes or gets a new source costs what its own stream's viewers cost", () => {
  const few = costs(2);
  expect(costs(150)).toEqual(few);
  expect(few["new source"]).toBeGreaterThan(0);
});
