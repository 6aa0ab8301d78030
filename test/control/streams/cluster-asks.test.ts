/** What nodes ask each other, as one of them has it: who was asked, who answered, and what. */
import { expect, test } from "bun:test";
import type { ClusterCommand, ClusterEvent } from "../../../src/contract/cluster.ts";
import { ClusterAsks } from "../../../src/control/streams/cluster-asks.ts";

const [A, B, C] = ["aa", "bb", "cc"].map((pair) => pair.repeat(16)) as [string, string, string];

class Node {
  readonly told: ClusterCommand[] = [];
  nowUs = 0;
  hasThread = true;
  readonly asks = new ClusterAsks({
    relay: {
      worker: 0,
      addresses: [],
      send: (command) => {
        this.told.push(command);
        return this.hasThread;
      },
    },
    self: A,
    first: 0xffff_ffff,
    clock: { now: () => this.nowUs, wall: () => 0 },
  });

  asked(request: number, ...nodes: string[]): void {
    this.asks.handle({ type: "asked", request, nodes });
  }

  part(
    request: number,
    node: string,
    text: string,
    change: Partial<Extract<ClusterEvent, { type: "answer-part" }>> = {},
  ): void {
    const part = new TextEncoder().encode(text);
    const rest = { number: 0, more: false, asked: [], part };
    this.asks.handle({ type: "answer-part", request, node, ...rest, ...change });
  }
}

test("a question is counted on from the process's own number, and goes to whom it says", async () => {
  const node = new Node();
  const replies = node.asks.ask({ about: "kick", id: "v1" }, B);
  const command = node.told[0] as Extract<ClusterCommand, { type: "ask" }>;
  expect(command).toMatchObject({ type: "ask", request: 0, to: B });
  expect(new TextDecoder().decode(command.question)).toBe('{"about":"kick","id":"v1"}');
  node.asked(0, B);
  node.part(0, B, '{"publishers":0,"viewers":1}');
  expect(await replies).toEqual([
    { node: B, answered: true, value: { publishers: 0, viewers: 1 } },
  ]);
});

test("it is over when all have answered that were asked, also those that others asked", async () => {
  const node = new Node();
  const replies = node.asks.ask({ about: "status" });
  node.part(0, B, "[1,", { more: true, asked: [C, A] });
  node.asked(0, B);
  node.part(0, B, "2]", { number: 1 });
  let over = false;
  void replies.then(() => (over = true));
  await Bun.sleep(5);
  expect(over).toBe(false);
  node.part(0, C, "null");
  expect(await replies).toEqual([
    { node: B, answered: true, value: [1, 2] },
    { node: C, answered: true, value: null },
  ]);
});

test("who does not answer within a second has not, nor has one of whose answer a part is missing", async () => {
  const node = new Node();
  const replies = node.asks.ask({ about: "status" });
  node.asked(0, B, C);
  node.part(0, B, "1", { more: true });
  node.part(0, B, "2", { number: 2 });
  node.part(0, B, "1", { number: 1 });
  const started = performance.now();
  expect((await replies).map(({ answered }) => answered)).toEqual([false, false]);
  expect(performance.now() - started).toBeGreaterThan(900);
  // Too late.
  node.part(0, C, "1");
});

test("without links or without a thread nobody is waited for", async () => {
  const node = new Node();
  const replies = node.asks.ask({ about: "status" });
  node.asked(0);
  expect(await replies).toEqual([]);
  node.hasThread = false;
  expect(await node.asks.ask({ about: "status" })).toEqual([]);
});

test("who looks at the same within half a second sees the same", async () => {
  const node = new Node();
  const first = node.asks.look("streams");
  node.asked(0);
  await first;
  expect(node.asks.look("streams")).toBe(first);
  void node.asks.look("sessions");
  node.nowUs += 500_000;
  const second = node.asks.look("streams");
  expect(second).not.toBe(first);
  expect(node.told).toHaveLength(3);
  // Who looks behind a kick sees what came of it.
  void node.asks.ask({ about: "kick", stream: "a" });
  expect(node.asks.look("streams")).not.toBe(second);
});

test("a question is answered by whoever is to; what it throws at is answered by null", async () => {
  const node = new Node();
  const question = new TextEncoder().encode('{"about":"x"}');
  const ask = { type: "question", asker: B, request: 9, question } as const;
  node.asks.handle(ask);
  node.asks.answerer = async (asked, by) => ({ asked, by });
  node.asks.handle(ask);
  node.asks.handle({ ...ask, question: Uint8Array.of(0xff) });
  node.asks.answerer = async () => {
    throw new Error("none");
  };
  node.asks.handle(ask);
  await Bun.sleep(1);
  const answers = node.told.map((command) => {
    expect(command).toMatchObject({ type: "answer", asker: B, request: 9 });
    return JSON.parse(new TextDecoder().decode((command as { answer: Uint8Array }).answer));
  });
  expect(answers).toEqual([null, { asked: { about: "x" }, by: B }, { asked: null, by: B }, null]);
});
