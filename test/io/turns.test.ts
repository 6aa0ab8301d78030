import { expect, test } from "bun:test";
import { Turns } from "../../src/io/turns.ts";

test("so many go at once, in their order, but for those that go ahead", async () => {
  const turns = new Turns(2);
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string, ahead = false) =>
    turns.run(() => {
      order.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    }, ahead);
  const all = [begin("a"), begin("b"), begin("c"), begin("d"), begin("e", true)];
  const end = async (name: string) => {
    ends.get(name)!();
    await Bun.sleep(0);
  };
  expect(order).toEqual(["a", "b"]);
  for (const name of ["b", "a", "e", "c", "d"]) await end(name);
  await Promise.all(all);
  expect(order).toEqual(["a", "b", "e", "c", "d"]);
});

test("one that fails lets the next one go", async () => {
  const turns = new Turns(1);
  const failed = turns.run(() => Promise.reject(new Error("no")), false);
  const next = turns.run(async () => "yes", false);
  expect(failed).rejects.toThrow("no");
  expect(await next).toBe("yes");
});
