import { expect, test } from "bun:test";
import { LookUps } from "../../src/cascade/look-ups.ts";
import { NameTable } from "../../src/cascade/names.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { TRACKS } from "./cluster.ts";
import { idOf } from "./ends.ts";
import { Neighbour } from "./neighbour.ts";

const NOW = 1_000_000;

function ground() {
  const names = new NameTable();
  const cores = [new Neighbour(1), new Neighbour(2)] as const;
  const found: string[] = [];
  const lookUps = new LookUps({
    names,
    ask: () => cores.map(({ link }) => link),
    found: (name) => found.push(name),
  });
  const tell = (name: string) => names.hear(1, { name, epoch: 1, owner: idOf(1), tracks: TRACKS });
  return { names, cores, found, lookUps, tell };
}

test("a name is asked for once at a time, of everybody who may know", () => {
  const { cores, lookUps, found } = ground();
  lookUps.begin("a", NOW);
  lookUps.begin("a", NOW);
  for (const core of cores) expect(core.types()).toEqual([Message.where]);
  expect(found).toEqual([]);
});

test("it is found when it is told of, and not when one of two does not know it", () => {
  const { cores, lookUps, found, tell, names } = ground();
  lookUps.begin("a", NOW);
  lookUps.answered(cores[0].link, new Elements(["a", 7]));
  expect(found).toEqual([]);
  expect(names.highest("a")).toBe(7);
  lookUps.changed("a");
  expect(found).toEqual([]);
  tell("a");
  lookUps.changed("a");
  lookUps.changed("a");
  expect(found).toEqual(["a"]);
  // What is known is not asked for.
  lookUps.begin("a", NOW);
  expect(found).toEqual(["a", "a"]);
  expect(cores[1].types()).toEqual([Message.where]);
});

test("nobody is waited for who has answered, has gone, or says nothing for 250 ms", () => {
  const { cores, lookUps, found } = ground();
  lookUps.begin("a", NOW);
  lookUps.answered(cores[0].link, new Elements(["a", 0]));
  lookUps.answered(cores[0].link, new Elements(["b", 0]));
  lookUps.answered(cores[1].link, new Elements(["a"]));
  expect(found).toEqual([]);
  lookUps.closed(cores[1].link);
  expect(found).toEqual(["a"]);
  lookUps.begin("b", NOW + 1_000);
  expect(lookUps.nextTimeout()).toBe(NOW + 251_000);
  lookUps.handleTimeout(NOW + 250_999);
  expect(found).toEqual(["a"]);
  lookUps.handleTimeout(NOW + 251_000);
  expect(found).toEqual(["a", "b"]);
  expect(lookUps.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});
