/** Who may have a stream from a node whose links carry no more. */
import { expect, test } from "bun:test";
import type { Copy } from "../../src/cascade/child.ts";
import type { Link } from "../../src/cascade/link.ts";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { Serving } from "../../src/cascade/serving.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { type Mode, type Refuse, readRefuse } from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import { Neighbour, SELF } from "./neighbour.ts";

const KEY = { name: "a", epoch: 5, owner: idOf(1) };
const NOW = 1_000_000;
const STREAM = 3;
const REST = { alias: 1, wanted: 3, have: [], spare: false };

/** A parent that has stream "a" of node 1. */
class Ground {
  copy: Copy | null = { key: KEY, stream: STREAM, path: [KEY.owner], heads: () => [7] };
  /** Streams that links have room for; null: any that is not here. */
  carried: (number | null)[] = [STREAM, null];
  cores: Link[] = [];
  readonly serving = new Serving({
    self: idOf(SELF),
    childrenMax: 64,
    copyOf: () => this.copy,
    best: () => KEY,
    pullsForOthers: () => true,
    waitsFor: () => false,
    wayTo: () => null,
    carries: (_link, stream) => this.carried.includes(stream),
    cores: () => this.cores,
    events: {
      serve: () => {},
      change: () => {},
      stop: () => {},
      wanted: () => {},
    },
  });

  subscribe({ link }: Neighbour, mode: Mode = "live"): void {
    const key = { name: KEY.name, epoch: KEY.epoch, owner: nodeBytes(KEY.owner) };
    this.serving.subscribe(link, { ...key, ...REST, mode, path: [] }, NOW);
  }

  update({ link }: Neighbour, mode: Mode, wanted: number): void {
    this.serving.update(link, { ...REST, mode, wanted }, NOW);
  }
}

/** The refusal that it has heard since it was asked last, or what else. */
function answer(child: Neighbour): Refuse | string {
  const [message] = child.heard();
  if (message === undefined) return "nothing";
  if (message.type !== Message.refuse) return message.type === Message.accept ? "yes" : "other";
  return readRefuse(message.elements)!;
}

function alternates(refuse: Refuse | string): string[] {
  return (refuse as Refuse).alternates.map(({ node }) => nodeIdOf(node));
}

test("link-rate: what the link has no room for is refused, and who else may get it is named", () => {
  const ground = new Ground();
  const [child, other, core] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  // The stream's own node gets it from nobody.
  ground.cores = [new Neighbour(1).link, child.link, core.link];
  ground.carried = [null];
  ground.subscribe(child);
  const first = answer(child);
  expect(first).toMatchObject({ reason: "full", retryMs: 250 });
  expect(alternates(first)).toEqual([core.id]);
  ground.carried = [STREAM];
  ground.subscribe(other);
  expect(answer(other)).toBe("yes");
  ground.carried = [];
  ground.subscribe(child, "warm");
  expect(alternates(answer(child))).toEqual([other.id]);
  // Of one that is not here nothing is known.
  ground.carried = [STREAM];
  ground.copy = null;
  ground.subscribe(child);
  expect(answer(child)).toMatchObject({ reason: "full" });
});

test("link-rate: a standby that is to flow is refused when its link has no room by then", () => {
  const ground = new Ground();
  const child = new Neighbour(2);
  ground.subscribe(child, "warm");
  expect(answer(child)).toBe("yes");
  ground.carried = [];
  ground.update(child, "warm", 1);
  expect(answer(child)).toBe("nothing");
  ground.update(child, "live", 1);
  expect(answer(child)).toMatchObject({ reason: "full" });
  expect(ground.serving.children).toEqual([]);
});

test("link-rate: who has a stream may have other layers of it, which were counted", () => {
  const ground = new Ground();
  const child = new Neighbour(2);
  ground.subscribe(child);
  expect(answer(child)).toBe("yes");
  ground.carried = [];
  ground.update(child, "live", 7);
  expect(answer(child)).toBe("nothing");
  expect(ground.serving.children).toMatchObject([{ wanted: 7, mode: "live" }]);
});
