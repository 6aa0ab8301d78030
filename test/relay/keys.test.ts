import { expect, test } from "bun:test";
import { Keyring } from "../../src/cascade/keyring.ts";
import { RelayKeys } from "../../src/relay/keys.ts";

const SECRET = new Uint8Array(32).fill(1);

function keys(cluster = "a", secrets = [SECRET]): RelayKeys {
  const made = new RelayKeys();
  made.set(cluster, secrets);
  return made;
}

test("cascade-knock: where nobody answers every other knock is one without the cluster's name", () => {
  const mine = keys();
  const { first, nameless } = mine.keyring!;
  const knocks = Array.from({ length: 4 }, () => mine.toKnock("x")!.kid);
  expect(knocks).toEqual([first.kid, nameless[0]!.kid, first.kid, nameless[0]!.kid]);
  expect(mine.toKnock("y")!.kid).toBe(first.kid);
});

test("cascade-knock: where somebody answered it stays as it was", () => {
  const mine = keys();
  const { first, nameless } = mine.keyring!;
  mine.toKnock("x");
  mine.answered("x");
  expect(mine.toKnock("x")!.kid).toBe(first.kid);
  const nameless0 = mine.toKnock("x")!.kid;
  expect(nameless0).toBe(nameless[0]!.kid);
  mine.answered("x");
  expect(mine.toKnock("x")!.kid).toBe(nameless0);
});

test("cascade-knock: a node of another cluster's name is let in to be told, one of another secret is not", () => {
  const mine = keys();
  expect(mine.knockKey(keys("b").keyring!.nameless[0]!.kid)).not.toBeNull();
  expect(mine.knockKey(keys("b").keyring!.first.kid)).toBeNull();
  const other = new Keyring("a", [new Uint8Array(32).fill(2)]);
  for (const { kid } of [other.first, other.nameless[0]!]) expect(mine.knockKey(kid)).toBeNull();
  // It is none of the secrets that status names.
  expect(mine.kids).toEqual([mine.keyring!.first.kid]);
});

test("who knocks thrice with a key of others is told once, and few are remembered", () => {
  const mine = keys();
  for (let i = 0; i < 2; i += 1) mine.knockKey("stranger");
  expect(mine.takeStrangers()).toEqual([]);
  for (let i = 0; i < 9; i += 1) mine.knockKey("stranger");
  expect(mine.takeStrangers()).toEqual(["stranger"]);
  mine.knockKey("stranger");
  expect(mine.takeStrangers()).toEqual([]);
  for (let i = 0; i < 1_000; i += 1) for (let j = 0; j < 3; j += 1) mine.knockKey(`k${i}`);
  expect(mine.takeStrangers()).toHaveLength(16);
});
