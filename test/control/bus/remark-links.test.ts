/** What is said of a stream at one node is numbered by the node that publishes it, and heard at all. */
import { expect, test } from "bun:test";
import type { ClusterCommand } from "../../../src/contract/cluster.ts";
import type { Remark } from "../../../src/control/streams/remark.ts";
import { type Harness, readEvents, settle } from "../../support/control-harness.ts";
import { Joined } from "../../support/joined.ts";

const TRACKS = [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 }] as const;
const CHAT = '[[streams]]\nmatch = "cam"\nchat = true\n';

/** A publishes, B has it from A and C from B, as far as control knows. */
class Tree {
  readonly cluster = new Joined();
  readonly nodes: Harness[] = [];

  static async grow(config = CHAT): Promise<Tree> {
    const tree = new Tree();
    for (let i = 0; i < 3; i += 1) tree.nodes.push(await tree.cluster.add({ config }));
    for (const [i, node] of tree.nodes.entries()) {
      const ask = node.plane.onTold;
      node.plane.onTold = (command) => {
        ask(command);
        tree.#carry(i, command);
      };
    }
    await tree.nodes[0]!.publish("cam");
    tree.heard(tree.cluster.id(tree.nodes[0]!), 1);
    return tree;
  }

  /** B and C hear who has the name. */
  heard(owner: string, epoch: number): void {
    for (const node of this.nodes) {
      if (this.cluster.id(node) === owner) continue;
      const stream = { name: "cam", epoch, owner, tracks: TRACKS };
      node.plane.events.cluster({ type: "heard", name: "cam", stream });
    }
  }

  numberAt(node: Harness): number {
    return node.control.registry.streams.get("cam")!.number;
  }

  /** What the relays do: each node asks the one before it when it has the stream. */
  #carry(from: number, command: ClusterCommand): void {
    const child = this.nodes[from + 1];
    if (command.type === "pull") {
      const parent = this.nodes[from - 1]!;
      const wish = { session: 1, alias: 7, since: 0 };
      const stream = this.numberAt(parent);
      queueMicrotask(() =>
        parent.plane.events.cluster({ type: "remarks-wished", stream, ...wish }),
      );
    } else if (command.type === "tell-remarks" || command.type === "give-remarks") {
      if (child?.control.registry.streams.get("cam") === undefined) return;
      const { remarks } = command;
      child.plane.events.cluster({ type: "remarks", stream: this.numberAt(child), remarks });
    }
  }
}

function send(node: Harness, text: string, type = "chat", address = "127.0.0.1") {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ type, data: { text } });
  return node.request("POST", "/events/cam", { headers, body, address });
}

async function heard(response: Response, count: number): Promise<Remark[]> {
  const blocks = await readEvents(response, count);
  return blocks.map((block) => JSON.parse(/^data: ([^\n]*)/m.exec(block)![1]!) as Remark);
}

test("EV12 a POST at any node is numbered by the one that publishes, and comes to all once", async () => {
  const tree = await Tree.grow();
  const [a, b, c] = tree.nodes as [Harness, Harness, Harness];
  const early = await send(a, "at a, before all");
  expect(early.status).toBe(201);
  const atB = await b.request("GET", "/events/cam");
  const atC = await c.request("GET", "/events/cam");
  await settle();
  const response = await send(c, "at c");
  expect(response.status).toBe(201);
  const said = (await response.json()) as Remark;
  expect(said).toMatchObject({
    id: ((await early.json()) as Remark).id + 1,
    data: { text: "at c" },
  });
  expect((await send(b, "at b")).status).toBe(201);
  const atA = await a.request("GET", "/events/cam");
  const all = await heard(atA, 3);
  expect(all.map(({ data }) => data.text)).toEqual(["at a, before all", "at c", "at b"]);
  expect(await heard(atB, 3)).toEqual(all);
  expect(await heard(atC, 3)).toEqual(all);
  // Who comes later has it of his own node.
  expect(await heard(await c.request("GET", "/events/cam"), 3)).toEqual(all);
});

test("EV12 the root keeps to a sender's rate, wherever he sends", async () => {
  const tree = await Tree.grow();
  const statuses: number[] = [];
  for (let i = 0; i < 6; i += 1) statuses.push((await send(tree.nodes[i % 3]!, "x")).status);
  expect(statuses).toEqual([201, 201, 201, 201, 201, 429]);
  expect((await send(tree.nodes[1]!, "x", "chat", "127.0.0.2")).status).toBe(201);
});

test("EV12 what was said at one node is taken back at another, and reactions are counted together", async () => {
  const tree = await Tree.grow();
  const [a, b, c] = tree.nodes as [Harness, Harness, Harness];
  const atB = await b.request("GET", "/events/cam");
  await settle();
  const { id } = (await (await send(c, "x")).json()) as Remark;
  expect((await b.request("DELETE", `/events/cam/${id}`)).status).toBe(204);
  expect((await b.request("DELETE", `/events/cam/${id}`)).status).toBe(404);
  const reactions = [send(b, "👏", "reaction"), send(c, "👏", "reaction", "127.0.0.2")];
  await Bun.sleep(30);
  a.pass(0.5);
  for (const each of await Promise.all(reactions)) {
    expect(await each.json()).toMatchObject({ data: { text: "👏", count: 2 } });
  }
  expect((await heard(atB, 3)).map(({ type }) => type)).toEqual(["chat", "retract", "reaction"]);
});

test("EV12 when the root dies what a node knows goes on, and no number comes again", async () => {
  const tree = await Tree.grow();
  const [a, b, c] = tree.nodes as [Harness, Harness, Harness];
  const atB = await b.request("GET", "/events/cam");
  await settle();
  for (const text of ["one", "two"]) await send(a, text);
  // Nothing of these comes to B any more.
  a.plane.onTold = () => {};
  const lost = (await (await send(a, "lost")).json()) as Remark;
  b.plane.events.cluster({ type: "heard", name: "cam", stream: null });
  expect((await send(b, "nobody")).status).toBe(404);
  for (const node of tree.nodes) node.pass(3);
  await b.publish("cam");
  expect((await send(b, "three")).status).toBe(201);
  const all = await heard(atB, 3);
  expect(all.map(({ data }) => data.text)).toEqual(["one", "two", "three"]);
  expect(all[2]!.id).toBeGreaterThan(lost.id);
  const atC = await c.request("GET", "/events/cam");
  expect(atC.status).toBe(200);
});

test("a root that does not answer is 503, and lies of another node are no events", async () => {
  const tree = await Tree.grow();
  const [a, b] = tree.nodes as [Harness, Harness];
  tree.cluster.lies.set(a, { id: -1, type: "chat" });
  expect((await send(b, "x")).status).toBe(503);
  const atB = await b.request("GET", "/events/cam");
  await settle();
  const stream = tree.numberAt(b);
  const texts = ["", "{", "null", '{"id":5}', '{"id":5,"type":"x","at":1,"from":null,"data":{}}'];
  const remarks = texts.map((json) => ({ id: 5, json: new TextEncoder().encode(json) }));
  b.plane.events.cluster({ type: "remarks", stream, remarks });
  b.plane.events.cluster({ type: "remarks", stream: 99, remarks });
  b.plane.events.cluster({ type: "remarks-wished", stream: 99, session: 1, alias: 1, since: 0 });
  await send(a, "true");
  expect((await heard(atB, 2)).map(({ data }) => data.text)).toEqual(["x", "true"]);
});
