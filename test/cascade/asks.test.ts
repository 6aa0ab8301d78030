import { expect, test } from "bun:test";
import { Asks } from "../../src/cascade/asks.ts";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { writeAnswer, writeAsk } from "../../src/wire/cascade/ask.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { Cluster, type TestNode } from "./cluster.ts";

/** A node's questions, which it answers by its own number so many times. */
class Asker {
  readonly asks: Asks;
  /** Numbers of those that asked, as it was asked. */
  readonly asked: number[] = [];
  /** By the number of who answers: what came of it, and whom it said it had asked. */
  readonly answers = new Map<number, { text: string; asked: number[]; more: boolean }>();
  length = 1;

  constructor(
    readonly cluster: Cluster,
    readonly test: TestNode,
  ) {
    const { self, node } = test;
    this.asks = new Asks({
      self: self.id,
      role: () => self.role,
      links: node.links,
      asked: (asker, nonce) => {
        this.asked.push(numberOf(asker));
        this.asks.answer(asker, nonce, Buffer.from(`${numberOf(self.id)}`.repeat(this.length)));
      },
      answered: ({ node: from, asked, part, more }) => {
        const number = numberOf(nodeIdOf(from));
        const before = this.answers.get(number);
        const text = `${before?.text ?? ""}${Buffer.from(part)}`;
        const ids = before?.asked ?? asked.map(nodeIdOf).map(numberOf);
        this.answers.set(number, { text, asked: ids, more });
      },
    });
    test.hear = (link, type, elements) => {
      if (type === Message.ask) this.asks.heard(link, elements, cluster.now);
      else if (type === Message.answer) this.asks.answered(link, elements);
    };
    test.tick = (now) => {
      if (now >= this.asks.nextTimeout()) this.asks.handleTimeout(now);
    };
  }

  ask(nonce = 1, to: string | null = null): number[] {
    const asked = this.asks.ask(nonce, to, Buffer.from("?")).map(numberOf);
    this.cluster.run(300_000);
    return asked;
  }
}

function numberOf(id: string): number {
  return Number.parseInt(id, 16);
}

/** Three cores, and edges: 4 at core 1 alone, 5 at cores 1 and 2, 6 at core 3. */
function tree(): Asker[] {
  const cluster = new Cluster();
  const cores = [cluster.add(), cluster.add(), cluster.add()];
  cluster.mesh();
  const edges = Array.from({ length: 3 }, () => cluster.add({ role: "edge" }));
  for (const [edge, core] of [
    [0, 0],
    [1, 0],
    [1, 1],
    [2, 2],
  ] as const) {
    cluster.link(edges[edge]!, cores[core]!);
  }
  cluster.run(300_000);
  return [...cores, ...edges].map((node) => new Asker(cluster, node));
}

test("cascade-asks: all nodes hear a question of a core or an edge once, and all answers come back", () => {
  for (const asking of [0, 1, 3, 4, 5]) {
    const askers = tree();
    const asker = askers[asking]!;
    asker.ask();
    const others = [1, 2, 3, 4, 5, 6].filter((number) => number !== asking + 1);
    expect([...asker.answers.keys()].toSorted()).toEqual(others);
    for (const [number, { text }] of asker.answers) expect(text).toBe(`${number}`);
    for (const { test: node, asked } of askers) {
      expect(asked).toEqual(node === asker.test ? [] : [asking + 1]);
    }
  }
});

test("who asks knows who was asked, also of those that do not answer", () => {
  const [core, , other, , , far] = tree() as [Asker, Asker, Asker, Asker, Asker, Asker];
  far.test.hear = () => {};
  expect(core.ask()).toEqual([2, 3, 4, 5]);
  expect(core.answers.get(3)!.asked).toEqual([6]);
  expect(core.answers.has(6)).toBe(false);
  expect(other.answers.size).toBe(0);
});

test("one node alone may be asked, by the straight way or by the cores", () => {
  const askers = tree();
  const [core, , , edge, , far] = askers as [Asker, Asker, Asker, Asker, Asker, Asker];
  expect(core.ask(1, edge.test.self.id)).toEqual([4]);
  expect([...core.answers.keys()]).toEqual([4]);
  edge.ask(2, far.test.self.id);
  expect([...edge.answers.keys()]).toEqual([6]);
  expect(askers.map(({ asked }) => asked)).toEqual([[], [], [], [1], [], [4]]);
});

test("cascade-asks: a long answer comes whole, and holds up nothing that its link carries", () => {
  const [core, other] = tree() as [Asker, Asker];
  other.length = 200_000;
  core.asks.ask(1, other.test.self.id, Buffer.from("?"));
  let most = 0;
  for (let i = 0; i < 400; i += 1) {
    core.cluster.run(1_000);
    most = Math.max(most, ...[...other.test.node.links.open()].map(({ backlog }) => backlog));
  }
  const { text, more } = core.answers.get(2)!;
  expect([text.length, more]).toEqual([200_000, false]);
  expect(most).toBeLessThan(16);
});

test("cascade-asks: the same question again is no question, and an edge asks and answers for itself only", () => {
  const [core, , , edge] = tree() as [Asker, Asker, Asker, Asker];
  edge.ask(5);
  edge.ask(5);
  expect(core.asked).toEqual([4]);
  const link = edge.test.node.links.to(core.test.self.id)!;
  const far = nodeBytes(idOfNumber(6));
  link.send(writeAsk({ asker: far, nonce: 9, to: far.subarray(16), question: far }));
  core.ask(6, edge.test.self.id);
  const asker = nodeBytes(core.test.self.id);
  link.send(
    writeAnswer({ asker, nonce: 6, node: far, number: 0, more: false, asked: [], part: far }),
  );
  core.cluster.run(50_000);
  expect(core.asked).toEqual([4]);
  expect([...core.answers.keys()]).toEqual([4]);
});

test("more questions than a second may bring are not answered", () => {
  const [core, other] = tree() as [Asker, Asker];
  for (let nonce = 0; nonce < 600; nonce += 1) {
    core.asks.ask(nonce, other.test.self.id, Buffer.from("?"));
  }
  core.cluster.run(500_000);
  expect(other.asked.length).toBeGreaterThan(255);
  expect(other.asked.length).toBeLessThan(450);
});

function idOfNumber(number: number): string {
  return number.toString(16).padStart(32, "0");
}
