import { expect, test } from "bun:test";
import { type KnownName, NameTable, outranks, sameKey } from "../../src/cascade/names.ts";
import { EPOCH_MAX } from "../../src/wire/cascade/name.ts";
import { idOf } from "./ends.ts";

const LINK = 7;
const OTHER_LINK = 8;

function known(name: string, epoch: number, owner: number): KnownName {
  return { name, epoch, owner: idOf(owner), tracks: [] };
}

test("etcd-epoch: an epoch is above all that were heard, and as high as it is said to be at least", () => {
  const table = new NameTable();
  expect(table.publish("a", idOf(1), [], 40).epoch).toBe(40);
  expect(table.publish("a", idOf(1), [], 7).epoch).toBe(41);
  table.heardOf("a", 90);
  expect(table.publish("a", idOf(1), [], 50).epoch).toBe(91);
});

test("cascade-epochs: the newer epoch counts, of two alike the higher node", () => {
  const names = [known("a", 1, 9), known("a", 2, 1), known("a", 2, 3), known("a", 10, 1)];
  for (const [i, low] of names.entries()) {
    expect(outranks(low, low)).toBeFalse();
    for (const high of names.slice(i + 1)) {
      expect([outranks(high, low), outranks(low, high)]).toEqual([true, false]);
    }
  }
});

test("cascade-epochs: in whatever order they are heard, the same one counts", () => {
  const told = [known("a", 2, 1), known("a", 2, 3), known("a", 1, 9)];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ]) {
    const table = new NameTable();
    for (const i of order) table.hear(i, told[i]!);
    expect(table.best("a")).toEqual(told[1]!);
    table.forget(1);
    expect(table.best("a")).toEqual(told[0]!);
    table.forget(0);
    expect(table.best("a")).toEqual(told[2]!);
    table.forget(2);
    expect(table.best("a")).toBeNull();
  }
});

test("cascade-epochs: who publishes takes an epoch above all that were ever heard, also of those that are gone", () => {
  const table = new NameTable();
  expect(table.publish("a", idOf(1), []).epoch).toBe(1);
  table.hear(LINK, known("a", 41, 2));
  table.forget(LINK);
  expect(table.best("a")?.epoch).toBe(1);
  expect(table.publish("a", idOf(1), []).epoch).toBe(42);
  expect(table.unpublish("a")?.epoch).toBe(42);
  expect(table.unpublish("a")).toBeNull();
  expect(table.publish("a", idOf(1), []).epoch).toBe(43);
  expect(table.publish("b", idOf(1), []).epoch).toBe(1);
  expect([...table.owned()].map(({ name }) => name)).toEqual(["a", "b"]);
});

test("what a link told goes with it, and with nothing else", () => {
  const table = new NameTable();
  table.hear(LINK, known("a", 1, 2));
  table.hear(OTHER_LINK, known("a", 1, 2));
  table.hear(LINK, known("b", 1, 2));
  expect([...table.toldBy(LINK)].map(({ name }) => name)).toEqual(["a", "b"]);
  table.forget(LINK);
  expect([...table.toldBy(LINK)]).toEqual([]);
  expect(table.best("a")?.owner).toBe(idOf(2));
  expect(table.best("b")).toBeNull();
  table.forget(LINK);
});

test("a name is taken back as it was told, not one that was told later", () => {
  const table = new NameTable();
  const [older, newer] = [known("a", 1, 2), known("a", 2, 2)];
  table.hear(LINK, older);
  table.hear(LINK, newer);
  expect([table.isToldBy(LINK, older), table.isToldBy(LINK, newer)]).toEqual([false, true]);
  table.unhear(LINK, older);
  expect(table.best("a")).toEqual(newer);
  table.unhear(OTHER_LINK, newer);
  expect(table.best("a")).toEqual(newer);
  table.unhear(LINK, newer);
  expect(table.best("a")).toBeNull();
  expect(sameKey(older, newer)).toBeFalse();
});

test("a link tells 4,096 names and no more; what it takes back makes room", () => {
  const table = new NameTable();
  for (let i = 0; i < 4096; i += 1) expect(table.hear(LINK, known(`s${i}`, 1, 2))).toBeTrue();
  expect(table.hear(LINK, known("more", 1, 2))).toBeFalse();
  expect(table.best("more")).toBeNull();
  expect(table.hear(LINK, known("s0", 2, 2))).toBeTrue();
  expect(table.hear(OTHER_LINK, known("more", 1, 2))).toBeTrue();
  table.unhear(LINK, known("s1", 1, 2));
  expect(table.hear(LINK, known("more", 1, 2))).toBeTrue();
  table.forget(LINK);
  expect(table.hear(LINK, known("again", 1, 2))).toBeTrue();
});

test("the epochs of 4,096 names are remembered, the longest unheard goes first", () => {
  const table = new NameTable();
  table.hear(LINK, known("old", 9, 2));
  table.hear(LINK, known("heard again", 9, 2));
  table.forget(LINK);
  for (let i = 0; i < 4094; i += 1) table.hear(OTHER_LINK, known(`s${i}`, 1, 2));
  table.hear(LINK, known("heard again", 3, 2));
  table.hear(LINK, known("new", 1, 2));
  expect(table.publish("heard again", idOf(1), []).epoch).toBe(10);
  expect(table.publish("old", idOf(1), []).epoch).toBe(1);
});

test("an epoch beyond which there is none keeps nobody from a name for ever", () => {
  const table = new NameTable();
  table.hear(LINK, known("a", EPOCH_MAX, 2));
  expect(table.publish("a", idOf(1), []).epoch).toBe(EPOCH_MAX);
  table.forget(LINK);
  table.hear(OTHER_LINK, known("a", 5, 3));
  expect(table.publish("a", idOf(1), []).epoch).toBe(6);
  expect(table.best("a")?.owner).toBe(idOf(1));
  expect(table.publish("a", idOf(1), []).epoch).toBe(7);
});

test("what a link tells of its own node and what it tells on do not stand for each other", () => {
  const table = new NameTable();
  table.hear(LINK, known("a", 1, 2));
  table.hear(LINK, known("a", 2, 3));
  expect(table.best("a")).toEqual(known("a", 2, 3));
  table.unhear(LINK, known("a", 1, 2));
  expect([...table.toldBy(LINK)]).toEqual([known("a", 2, 3)]);
  table.forget(LINK);
  expect(table.best("a")).toBeNull();
});
