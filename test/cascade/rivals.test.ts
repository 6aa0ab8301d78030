import { expect, test } from "bun:test";
import { associationOf, LinkEnd } from "../../src/cascade/keyring.ts";
import type { Link } from "../../src/cascade/link.ts";
import { objection, REPLACED } from "../../src/cascade/rivals.ts";
import { idOf } from "./ends.ts";

const [LOWER, HIGHER] = [idOf(1), idOf(2)];
const NOW = 60_000_000;

interface Given {
  readonly caller?: string;
  readonly begunAt?: number;
  readonly heardAt?: number;
  readonly silent?: boolean;
  readonly boot?: number;
  readonly key?: number;
}

/** A link between both as it is at the end of `self`, called by the lower one long ago. */
function linkAt(self: string, given: Given): Link {
  const { caller = LOWER, begunAt = 0, heardAt = NOW, silent = false, boot = 1, key = 1 } = given;
  const node = self === LOWER ? HIGHER : LOWER;
  const end = caller === self ? LinkEnd.caller : LinkEnd.callee;
  const exported = new Uint8Array(32).fill(key);
  const liveness = { heardAt, silent };
  return { node, begunAt, liveness, hello: { boot }, security: { end, node, exported } } as Link;
}

/** What either end says of the later one of two links. */
function objections(later: Given, before: Given): (string | null)[] {
  return [LOWER, HIGHER].map((self) =>
    objection(linkAt(self, later), linkAt(self, before), self, NOW),
  );
}

test("of two links that either end called it is the one of the lower id, whichever was first", () => {
  const [high, low] = [{ caller: HIGHER }, { caller: LOWER }];
  expect(objections(low, high)).toEqual([null, null]);
  expect(objections(high, low)).toEqual([REPLACED, REPLACED]);
});

test("cascade-rivals: of two called one after the other it is the lower id's newer, the higher one's older", () => {
  for (const key of [2, 3, 4, 5]) {
    const later = { begunAt: NOW, key };
    expect(objections(later, {})).toEqual([null, null]);
    const high = { caller: HIGHER };
    expect(objections({ ...later, ...high }, high)).toEqual([REPLACED, REPLACED]);
  }
});

test("cascade-rivals: of two that one end called at once it is the one of the lower association, in any order", () => {
  const nameOf = (key: number) => associationOf(new Uint8Array(32).fill(key));
  const keys = [1, 2].sort((a, b) => Buffer.compare(nameOf(a), nameOf(b)));
  for (const caller of [LOWER, HIGHER]) {
    for (const apart of [-500_000, 0, 500_000]) {
      const [first, second] = keys.map((key) => ({ caller, key })) as [Given, Given];
      const [one, other] = [
        { ...first, begunAt: NOW - 600_000 },
        { ...second, begunAt: NOW - 600_000 + apart },
      ];
      expect(objections(one, other)).toEqual([null, null]);
      expect(objections(other, one)).toEqual([REPLACED, REPLACED]);
    }
  }
});

test("one of which nothing was heard for a second, or that is silent, gives way to any", () => {
  for (const before of [{ heardAt: NOW - 1_000_000 }, { silent: true }]) {
    expect(objections({ caller: HIGHER }, before)).toEqual([null, null]);
  }
});

test("two processes that are both there have one key; one that is gone gives way", () => {
  const clone = "its key is used by two nodes";
  expect(objections({ boot: 2 }, {})).toEqual([clone, clone]);
  expect(objections({ boot: 2, caller: HIGHER }, { silent: true })).toEqual([null, null]);
});
