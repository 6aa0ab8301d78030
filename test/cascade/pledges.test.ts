import { expect, test } from "bun:test";
import { type Pledge, Pledges } from "../../src/cascade/pledges.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import { idOf } from "./ends.ts";
import { Neighbour } from "./neighbour.ts";

const KEY = { name: "a", epoch: 5, owner: idOf(1) };

function ground() {
  const child = new Neighbour(2);
  const pledge: Pledge = { link: child.link, alias: 9, key: KEY };
  const heard: unknown[] = [];
  const told: string[] = [];
  child.link.sendLoose = (frame) => heard.push(frame);
  let way: string[] | null = ["root"];
  const pledges = new Pledges({
    wayTo: () => way,
    changed: (_, path) => told.push(path?.join() ?? "none"),
  });
  const setWay = (next: string[] | null) => {
    way = next;
  };
  return { pledge, pledges, heard, told, setWay };
}

test("whom it stands by for hears each 25 ms that it is there, and nothing of the root", () => {
  const { pledge, pledges, heard } = ground();
  expect(pledges.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  pledges.add(pledge, ["root"]);
  for (let now = 1_000_000; now < 1_100_000; now += 5_000) {
    if (now >= pledges.nextTimeout()) pledges.handleTimeout(now);
  }
  expect(heard).toEqual(Array(4).fill([Frame.heads, 9, [], 0xffff_ffff, 0, 0, []]));
  pledges.delete(pledge);
  expect(pledges.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("another way is told once, and that there is none", () => {
  const { pledge, pledges, told, setWay } = ground();
  pledges.add(pledge, ["root"]);
  for (const [at, way] of [["root"], ["root", "core"], ["root", "core"], null].entries()) {
    setWay(way);
    pledges.handleTimeout(1_000_000 + at * 200_000);
  }
  expect(told).toEqual(["root,core", "none"]);
});
