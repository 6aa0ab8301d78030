import { expect, test } from "bun:test";
import { idOf } from "./ends.ts";
import { Ground, neighbours, ROOT } from "./pulling.ts";

const MIDDLE = idOf(9);

test("cascade-depth: a way too long for those that need it from here yields to the standby's", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [deep, short] = ground.parents as [Ground["parents"][0], Ground["parents"][0]];
  ground.accept(deep, 1, ROOT, MIDDLE, deep.id);
  ground.accept(short, 2);
  ground.flow(deep, 1);
  ground.wait(500_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  ground.pull.shorten();
  ground.wait(50_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  // It is the way when something comes of it, not before.
  expect(ground.pull.path).toEqual([ROOT, MIDDLE, deep.id]);
  ground.flow(short, 2);
  ground.wait(50_000);
  expect(ground.pull.path).toEqual([ROOT, short.id]);
  ground.wait(500_000);
  expect(ground.states).toEqual(["2 accepted warm", "3 accepted live"]);
  ground.wait(5_000_000);
  expect(ground.pull.path).toEqual([ROOT, short.id]);
});

test("cascade-depth: without a standby that helps nodes of its own way are asked, and who has no shorter one is let go", () => {
  const ground = new Ground(...neighbours(2, 3, 4, 9));
  const [deep, standby, other, middle] = ground.parents as Ground["parents"];
  ground.accept(deep!, 1, ROOT, MIDDLE, deep!.id);
  ground.accept(standby!, 2, ROOT, idOf(8), standby!.id);
  ground.flow(deep!, 1);
  ground.wait(500_000);
  ground.pull.shorten();
  ground.wait(5_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm", "9 asked live"]);
  const refusal = { alias: 3, reason: "full" as const, alternates: [], retryMs: 250 };
  ground.pull.refused(middle!.link, refusal, ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm", "4 asked live"]);
  ground.accept(other!, 4, ROOT, idOf(8), other!.id);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  // Until those that need it have asked no more for a second.
  ground.wait(1_500_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm"]);
  expect(ground.pull.path).toEqual([ROOT, MIDDLE, deep!.id]);
});

test("a way that is too long is better than none", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [deep, standby] = ground.parents as Ground["parents"];
  ground.accept(deep!, 1, ROOT, MIDDLE, deep!.id);
  ground.accept(standby!, 2, ROOT, idOf(8), standby!.id);
  ground.flow(deep!, 1);
  ground.wait(500_000);
  ground.pull.shorten();
  ground.wait(5_000);
  ground.pull.lost(deep!.link, ground.now);
  expect(ground.states).toContain("3 accepted live");
});

test("who has it from one of a way that is too long asks for no other as long as nobody needs that", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [deep, short] = ground.parents as Ground["parents"];
  ground.accept(deep!, 1, ROOT, MIDDLE, deep!.id);
  ground.accept(short!, 2);
  ground.flow(deep!, 1);
  ground.pull.setViewers(10, ground.now);
  ground.flow(short!, 2);
  ground.wait(5_000_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  expect(ground.pull.path).toEqual([ROOT, MIDDLE, deep!.id]);
});
