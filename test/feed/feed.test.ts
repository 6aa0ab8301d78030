import { expect, test } from "bun:test";
import type { RingGrant } from "../../src/contract/source.ts";
import { Feed, type Subscriber } from "../../src/feed/feed.ts";
import { SourceClock } from "../../src/feed/source-clock.ts";
import { createRing } from "../../src/ring/layout.ts";

const SUBSCRIBER: Subscriber = { session: 1, forward: () => true, lapped: () => {} };

test("the writer that the grant names is woken for the first subscriber, and for a keyframe", () => {
  const grant: RingGrant = { index: 12, buffer: createRing("video"), writer: 3 };
  const wishes: number[][] = [];
  const feed = new Feed(grant, 5, new SourceClock(), ({ writer, index }) => {
    wishes.push([writer, index]);
  });
  expect(wishes).toEqual([]);
  feed.attach(SUBSCRIBER);
  feed.attach({ ...SUBSCRIBER, session: 2 });
  expect(wishes).toEqual([[3, 12]]);
  feed.reader.requestKeyframe("join");
  expect(wishes).toEqual([
    [3, 12],
    [3, 12],
  ]);
});
