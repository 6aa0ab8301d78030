import { expect, test } from "bun:test";
import type { Awaited } from "../../src/cascade/child.ts";
import type { NodeSelf } from "../../src/cascade/greeting.ts";
import type { Link } from "../../src/cascade/link.ts";
import { Links } from "../../src/cascade/links.ts";
import { Members } from "../../src/cascade/members.ts";
import { type KnownName, NameTable } from "../../src/cascade/names.ts";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import type { Pull } from "../../src/cascade/pull.ts";
import { Pulls } from "../../src/cascade/pulls.ts";
import { Elements } from "../../src/wire/cascade/elements.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { readSubscribe } from "../../src/wire/cascade/subscription.ts";
import { readWhere } from "../../src/wire/cascade/where.ts";
import { idOf, selfOf } from "./ends.ts";
import { Neighbour, SELF } from "./neighbour.ts";

const NOW = 1_000_000;
const OWNER = 2;
const RINGS = { have: () => [] };

/** A node with links to some others, of which the owner and `telling` tell the name. */
class Ground {
  readonly names = new NameTable();
  readonly links = new Links();
  readonly dialled: string[] = [];
  readonly members = new Members({
    self: idOf(SELF),
    role: () => "core",
    region: "",
    random: () => 0,
    isLinked: () => false,
    isQuiet: () => false,
    linkedRegions: () => [],
    dial: (address) => this.dialled.push(address),
  });
  readonly pulls: Pulls;
  readonly changes: string[] = [];
  readonly heads: (number | null)[] = [];
  /** There and back between two others, us. */
  readonly trips = new Map<string, number>();
  awaited: Awaited = { wanted: 0, have: [] };
  /** Who has it from here, or waits for it. */
  fed: Link | null = null;

  constructor(
    readonly neighbours: readonly Neighbour[],
    telling: readonly number[] = [],
    self = SELF,
  ) {
    for (const [i, each] of neighbours.entries()) {
      // Every session of these pairs has the same number.
      Object.assign(each.link, { session: i + 1 });
      this.links.add(each.link);
      this.links.elect(each.link);
      const told = each.id === idOf(OWNER) || telling.some((number) => idOf(number) === each.id);
      if (told) this.names.hear(each.link.session, known());
    }
    this.pulls = new Pulls({
      self: selfOf(self, { region: "eu" }),
      names: this.names,
      links: this.links,
      members: this.members,
      serving: {
        isFed: (_key, link) => link === this.fed,
        isSpare: () => false,
        awaited: () => this.awaited,
      },
      tripBetween: (a, b) => this.trips.get(`${a} ${b}`) ?? this.trips.get(`${b} ${a}`) ?? null,
      changed: (name) => this.changes.push(name),
      accepted: (_pull, heads) => this.heads.push(...heads),
    });
  }

  /** Whom it asks, in turn, when everybody refuses. */
  order(): number[] {
    const asked = new Set<number>();
    const pull = this.pulls.begin(known(), 1, RINGS, NOW);
    while (pull.parents.length > 0) {
      for (const { node } of pull.parents) asked.add(Number.parseInt(node, 16));
      const { link } = this.neighbours.find((each) => each.id === pull.parents[0]!.node)!;
      let alias = 0;
      while (!pull.takes(link, alias)) alias += 1;
      this.pulls.answer(link, Message.refuse, new Elements([alias, 1, [], 60_000]), NOW);
    }
    return [...asked];
  }
}

function known(): KnownName {
  return { name: "a", epoch: 1, owner: idOf(OWNER), tracks: [] };
}

function neighbour(number: number, change: Partial<NodeSelf> = {}): Neighbour {
  return new Neighbour(number, { region: "eu", ...change });
}

/** Whom it has asked, and for what. */
function asked({ parents }: Pull): string[] {
  return parents.map(({ node, mode }) => `${Number.parseInt(node, 16)} ${mode}`);
}

test("who has a link to the owner asks it, and one that was named when it refuses", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3, { role: "edge" })]);
  const pull = ground.pulls.begin(known(), 1, RINGS, NOW);
  expect(asked(pull)).toEqual([`${OWNER} live`]);
  const [owner] = ground.neighbours as [Neighbour];
  const alternates = [[nodeBytes(idOf(3)), ["10.0.0.3:8300"]]];
  ground.pulls.answer(owner.link, Message.refuse, new Elements([1, 1, alternates, 0]), NOW);
  expect(asked(pull)).toEqual(["3 live"]);
  ground.members.handleTimeout(NOW);
  expect(ground.dialled).toEqual(["10.0.0.3:8300"]);
});

test("cascade-stale: who knows of what counts in its place is asked for that, and nobody else", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3)], [3]);
  ground.pulls.begin(known(), 1, RINGS, NOW);
  const [owner, other] = ground.neighbours as [Neighbour, Neighbour];
  for (const each of [owner, other]) each.heard();
  for (const [reason, where] of [
    [0, []],
    [4, ["a"]],
    [5, []],
  ] as const) {
    const { parents } = ground.pulls.get("a")!;
    if (!parents.some(({ node }) => node === other.id)) ground.pulls.maintain(NOW + 60_000_000);
    let alias = 0;
    while (!ground.pulls.get("a")!.takes(other.link, alias)) alias += 1;
    other.heard();
    const refuse = new Elements([alias, reason, [], 0]);
    ground.pulls.answer(other.link, Message.refuse, refuse, NOW);
    const asked = other.heard().filter(({ type }) => type === Message.where);
    expect(asked.map(({ elements }) => readWhere(elements))).toEqual([...where]);
  }
  expect(owner.heard().some(({ type }) => type === Message.where)).toBe(false);
});

test("cascade-standby: each core may stand by: first one that has it, then the nearest", () => {
  const far = neighbour(4, { region: "us" });
  const ground = new Ground([neighbour(OWNER), neighbour(3, { role: "edge" }), far, neighbour(5)]);
  expect(asked(ground.pulls.begin(known(), 1, RINGS, NOW))).toEqual([`${OWNER} live`, "5 warm"]);
  const told = new Ground([neighbour(OWNER), far, neighbour(5)], [4]);
  const pull = told.pulls.begin(known(), 1, RINGS, NOW);
  expect(asked(pull)).toEqual([`${OWNER} live`, "4 warm"]);
});

test("of those that are as near each node has another one stand by", () => {
  const chosen = new Set<string>();
  for (const self of [0x11, 0x22, 0x34, 0x48]) {
    const cores = [0x10, 0x20, 0x30, 0x40].map((each) => neighbour(each));
    const ground = new Ground([neighbour(OWNER), ...cores], [], self);
    chosen.add(asked(ground.pulls.begin(known(), 1, RINGS, NOW))[1]!);
  }
  expect(chosen.size).toBe(4);
});

test("the way that a stream would come by: of its owner, else of a core that tells of it, if either is there", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3), neighbour(4)], [3, 4]);
  const [owner, third, asker] = ground.neighbours.map(({ link }) => link) as [Link, Link, Link];
  const now = owner.liveness.heardAt;
  expect(ground.pulls.wayTo(known(), asker, now)).toEqual([idOf(OWNER)]);
  ground.names.forget(owner.session);
  expect(ground.pulls.wayTo(known(), asker, now)).toEqual([idOf(OWNER), idOf(3)]);
  ground.names.forget(third.session);
  // Not by whoever asks.
  expect(ground.pulls.wayTo(known(), asker, now)).toBeNull();
  expect(ground.pulls.wayTo(known(), third, now)).toEqual([idOf(OWNER), idOf(4)]);
  expect(ground.pulls.wayTo(known(), third, now + 2_500_000)).toBeNull();
});

test("where nothing is here yet it is gone on with where children that wait for it left off", () => {
  const ground = new Ground([neighbour(OWNER)]);
  ground.awaited = { wanted: 2, have: [5, 6, null] };
  const rings = { have: () => [null, 9, null] };
  const pull = ground.pulls.begin(known(), 1, rings, NOW);
  const [sub] = ground.neighbours[0]!.heard();
  expect(readSubscribe(sub!.elements)?.have).toEqual([5, 9, null]);
  expect(pull.awaited).toBe(2);
});

test("who has none asks the cores, which get it", () => {
  const ground = new Ground([neighbour(3), neighbour(4, { role: "edge" })]);
  const pull = ground.pulls.begin(known(), 1, RINGS, NOW);
  expect(pull.parents.map(({ node }) => node)).toEqual([idOf(3)]);
});

test("the nearest is asked first: its own region, the owner, those with time", () => {
  const [far, near, busy] = [neighbour(3, { region: "us" }), neighbour(4), neighbour(5)];
  const owner = neighbour(OWNER);
  busy.link.load = 0.95;
  expect(new Ground([busy, far, near, owner], [3, 4, 5]).order()).toEqual([OWNER, 4, 3, 5]);
  const late = neighbour(6);
  late.link.lagUs = 100_000;
  expect(new Ground([late, busy, near], [4, 5, 6]).order()).toEqual([4, 5, 6]);
});

test("who tells of it is asked before any that would look for it, however near that is", () => {
  const [near, nearer, telling] = [neighbour(3), neighbour(4), neighbour(5, { region: "us" })];
  telling.link.load = 0.95;
  expect(new Ground([near, nearer, telling], [5]).order()[0]).toBe(5);
});

test("cascade-ways: of those that tell of it whoever is nearest to the owner and to here is asked first", () => {
  const [near, far] = [neighbour(4), neighbour(5)];
  far.link.time.note(0, 0, 30_000);
  for (let at = 1; at < 9; at += 1) far.link.time.note(at, 0, at + 30_000);
  const ground = new Ground([near, far], [4, 5]);
  expect(ground.order()).toEqual([4, 5]);
  ground.trips.set(`${idOf(OWNER)} ${near.id}`, 90_000);
  ground.trips.set(`${idOf(OWNER)} ${far.id}`, 2_000);
  expect(ground.order()).toEqual([5, 4]);
});

test("cascade-fed: who waits for it from here, or has it by this node, is asked behind all others", () => {
  const [waiting, telling, searching] = [neighbour(3), neighbour(4), neighbour(5)];
  telling.link.load = 0.95;
  const ground = new Ground([waiting, telling, searching], [3, 4]);
  ground.fed = waiting.link;
  expect(ground.order()).toEqual([4, 5, 3]);
});

test("of a name that goes on elsewhere nobody is asked for what was", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3)]);
  ground.names.hear(2, { ...known(), epoch: 2, owner: idOf(3) });
  expect(ground.pulls.begin(known(), 1, RINGS, NOW).parents).toEqual([]);
});

test("numbers of streams on a link are its own, and answers reach the stream that they are of", () => {
  const ground = new Ground([neighbour(OWNER)]);
  const [{ link }] = ground.neighbours as [Neighbour];
  ground.names.hear(1, { ...known(), name: "b" });
  const first = ground.pulls.begin(known(), 1, RINGS, NOW);
  const second = ground.pulls.begin({ ...known(), name: "b" }, 2, RINGS, NOW);
  expect([ground.pulls.of(link, 1), ground.pulls.of(link, 2)]).toEqual([first, second]);
  expect(ground.pulls.of(link, 3)).toBeNull();
  const path = [nodeBytes(idOf(OWNER))];
  ground.pulls.answer(link, Message.accept, new Elements([2, path, [70, null]]), NOW);
  expect([first.path, second.path]).toEqual([null, [idOf(OWNER)]]);
  expect(ground.heads).toEqual([70, null]);
  expect(ground.pulls.isParent(link)).toBeTrue();
  ground.pulls.end("b", NOW);
  expect(ground.pulls.isParent(link)).toBeFalse();
  expect(ground.changes).toEqual(["b", "b"]);
});

test("a link is a parent's while one stream comes from there, however the others end", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3)], [3]);
  const [owner, other] = ground.neighbours.map(({ link }) => link) as [Link, Link];
  const names = ["a", "b", "c", "d"];
  for (const name of names) ground.names.hear(1, { ...known(), name });
  for (const [i, name] of names.entries()) {
    ground.pulls.begin({ ...known(), name }, i + 1, RINGS, NOW);
  }
  const path = [nodeBytes(idOf(OWNER))];
  const aliasOf = (name: string): number => {
    const pull = ground.pulls.get(name)!;
    return Array.from({ length: 20 }, (_, i) => i).find((each) => pull.takes(owner, each))!;
  };
  const accepted = (name: string): void => {
    const elements = new Elements([aliasOf(name), path, [70, null]]);
    ground.pulls.answer(owner, Message.accept, elements, NOW);
  };
  expect(ground.pulls.isParent(owner)).toBeFalse();
  for (const name of names) accepted(name);
  // Twice is not two.
  accepted("a");
  expect([owner, other].map((link) => ground.pulls.isParent(link))).toEqual([true, false]);
  ground.pulls.answer(owner, Message.refuse, new Elements([aliasOf("a"), 1, [], 60_000]), NOW);
  ground.pulls.answer(owner, Message.notReady, new Elements([aliasOf("b")]), NOW);
  ground.pulls.end("c", NOW);
  expect(ground.pulls.isParent(owner)).toBeTrue();
  ground.pulls.lost(owner, NOW);
  expect(ground.pulls.isParent(owner)).toBeFalse();
  ground.pulls.end("d", NOW);
  expect(ground.pulls.isParent(owner)).toBeFalse();
});

test("messages that are not about streams are not its, and broken ones are nobody's", () => {
  const ground = new Ground([neighbour(OWNER)]);
  const [{ link }] = ground.neighbours as [Neighbour];
  const pull = ground.pulls.begin(known(), 1, RINGS, NOW);
  for (const type of [Message.ring, Message.own, 99]) {
    expect(ground.pulls.answer(link, type, new Elements([1]), NOW)).toBeFalse();
  }
  for (const type of [Message.accept, Message.refuse, Message.notReady, Message.path]) {
    expect(ground.pulls.answer(link, type, new Elements(["x"]), NOW)).toBeTrue();
  }
  expect(pull.parents).toEqual([{ node: idOf(OWNER), state: "asked", mode: "live" }]);
});

test("who leaves is asked for no stream but its own; its next process is asked for all", () => {
  const ground = new Ground([neighbour(OWNER), neighbour(3)], [3]);
  const [owner, other] = ground.neighbours as [Neighbour, Neighbour];
  const pull = ground.pulls.begin(known(), 1, RINGS, NOW);
  ground.pulls.started(other.id, 1, NOW);
  ground.pulls.avoid(owner.link, NOW);
  ground.pulls.avoid(other.link, NOW);
  const path = [OWNER, 3].map((node) => nodeBytes(idOf(node)));
  ground.pulls.answer(other.link, Message.accept, new Elements([2, path, [7]]), NOW);
  expect(asked(pull)).toEqual([`${OWNER} live`]);
  ground.pulls.started(other.id, 2, NOW);
  ground.pulls.maintain(NOW);
  expect(asked(pull)).toEqual([`${OWNER} live`, "3 warm"]);
});
