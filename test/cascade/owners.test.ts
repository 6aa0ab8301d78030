/** Who is asked whether a publisher is still heard of, and by which way. */
import { expect, test } from "bun:test";
import { Links } from "../../src/cascade/links.ts";
import { NameTable } from "../../src/cascade/names.ts";
import { Owners } from "../../src/cascade/owners.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import type { NodeRole } from "../../src/wire/cascade/hello.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { TRACKS } from "./cluster.ts";
import { idOf, selfOf } from "./ends.ts";
import { Neighbour, SELF } from "./neighbour.ts";

const NOW = 1_000_000;
const OWNER = 2;

/** A node with links to these; those of `telling` told of the name of node 2. */
class Ground {
  readonly names = new NameTable();
  readonly links = new Links();
  readonly owners: Owners;
  readonly answers: boolean[] = [];
  alive = true;

  constructor(
    readonly neighbours: readonly Neighbour[],
    telling: readonly Neighbour[],
  ) {
    for (const [i, each] of neighbours.entries()) {
      // Every session of these pairs has the same number.
      Object.assign(each.link, { session: i + 1 });
      this.links.add(each.link);
      this.links.elect(each.link);
    }
    for (const { link } of telling) {
      this.names.hear(link.session, { name: "a", epoch: 1, owner: idOf(OWNER), tracks: TRACKS });
    }
    const { names, links } = this;
    this.owners = new Owners({ names, links, hears: () => this.alive });
  }

  ask(now = NOW): void {
    this.owners.ask({ name: "a", withinMs: 2_000 }, now, (alive) => this.answers.push(alive));
  }

  /** Answers the last question that `by` heard. */
  answer(by: Neighbour, alive: boolean): void {
    const nonce = questions(by).at(-1)!;
    this.owners.answered(by.link, new Elements([nonce, alive]));
  }
}

/** Nonces of the questions that it heard. */
function questions(neighbour: Neighbour): number[] {
  const heard = neighbour.heard().filter(({ type }) => type === Message.ownQuestion);
  return heard.map(({ elements }) => elements.uint());
}

/** What it was answered. */
function told(neighbour: Neighbour): [number, boolean][] {
  const heard = neighbour.heard().filter(({ type }) => type === Message.own);
  return heard.map(({ elements }) => [elements.uint(), elements.boolean()]);
}

const linked = (number: number, role: NodeRole = "core") => new Neighbour(number, { role });

test("the owner is asked where there is a link to it, and its word counts", () => {
  for (const alive of [true, false]) {
    const owner = linked(OWNER);
    const ground = new Ground([owner, linked(3)], [owner]);
    ground.ask();
    ground.answer(owner, alive);
    expect(ground.answers).toEqual([alive]);
  }
});

test("cascade-names: without a link to it those that told of the name are asked; one that hears of it is enough", () => {
  const cores = [linked(3), linked(4), linked(5)] as const;
  const ground = new Ground(cores, [cores[0], cores[1]]);
  ground.ask();
  ground.answer(cores[0], false);
  expect(ground.answers).toEqual([]);
  ground.answer(cores[1], true);
  expect(ground.answers).toEqual([true]);
  expect(questions(cores[2])).toEqual([]);
  ground.ask();
  ground.answer(cores[0], true);
  expect(ground.answers).toEqual([true, true]);
  ground.ask();
  for (const core of cores.slice(0, 2)) ground.answer(core, false);
  expect(ground.answers).toEqual([true, true, false]);
});

test("of a name that nobody tells nobody is asked", () => {
  const ground = new Ground([linked(3)], []);
  ground.ask();
  expect(ground.answers).toEqual([false]);
});

test("a core passes an edge's question to the owner, or to another core that told of the name", () => {
  for (const way of [linked(OWNER, "edge"), linked(3)]) {
    const edge = linked(9, "edge");
    const ground = new Ground([edge, way], [way]);
    ground.owners.question(edge.link, new Elements([77, "a"]), NOW);
    ground.answer(way, true);
    expect(told(edge)).toEqual([[77, true]]);
  }
});

test("cascade-names: another core's question goes to the owner alone", () => {
  const [asker, core] = [linked(9), linked(3)];
  const ground = new Ground([asker, core], [core]);
  ground.owners.question(asker.link, new Elements([77, "a"]), NOW);
  expect(questions(core)).toEqual([]);
  expect(told(asker)).toEqual([[77, false]]);
  const [other, owner] = [linked(9), linked(OWNER)];
  const direct = new Ground([other, owner], [owner]);
  direct.owners.question(other.link, new Elements([77, "a"]), NOW);
  direct.answer(owner, true);
  expect(told(other)).toEqual([[77, true]]);
});

test("who has the name says itself whether it hears of its publisher", () => {
  const asker = linked(9);
  const ground = new Ground([asker], []);
  ground.names.publish("a", selfOf(SELF).id, TRACKS);
  ground.owners.question(asker.link, new Elements([77, "a"]), NOW);
  ground.alive = false;
  ground.owners.question(asker.link, new Elements([78, "a"]), NOW);
  expect(told(asker)).toEqual([
    [77, true],
    [78, false],
  ]);
});

test("an answer counts once, from whoever was asked, and not a second later", () => {
  const [owner, other] = [linked(OWNER), linked(3)];
  const ground = new Ground([owner, other], [owner]);
  ground.ask();
  const [nonce] = questions(owner);
  ground.owners.answered(other.link, new Elements([nonce, true]));
  ground.owners.answered(owner.link, new Elements([nonce]));
  ground.ask(NOW + 1_000_000);
  ground.owners.answered(owner.link, new Elements([nonce, true]));
  expect(ground.answers).toEqual([]);
  ground.answer(owner, true);
  expect(ground.answers).toEqual([true]);
});
