/** Who may have a stream from a node whose links carry no more. */
import { expect, test } from "bun:test";
import type { Copy } from "../../src/cascade/child.ts";
import type { Link } from "../../src/cascade/link.ts";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { Serving } from "../../src/cascade/serving.ts";
import { PULLED_FOR_OTHERS_MAX } from "../../src/limits.ts";
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
  now = NOW;
  copy: Copy | null = { key: KEY, stream: STREAM, path: [KEY.owner], heads: () => [7] };
  /** Streams that links have room for; null: any that is not here. */
  carried: (number | null)[] = [STREAM, null];
  cores: Link[] = [];
  /** For nobody here. */
  pulled: string[] = [];
  /** Whom this node has asked for it, and has not got it from. */
  asked: Neighbour | null = null;
  readonly serving: Serving;

  constructor(childrenMax = 64) {
    this.serving = new Serving({
      self: idOf(SELF),
      childrenMax,
      copyOf: () => this.copy,
      best: (name) => ({ ...KEY, name }),
      pullsForOthers: () => true,
      pulledForOthers: () => this.pulled,
      waitsFor: (_name, link) => link === this.asked?.link,
      shorten: () => {},
      wayTo: () => [KEY.owner],
      carries: (_link, stream) => this.carried.includes(stream),
      cores: () => this.cores,
      events: {
        serve: () => {},
        change: () => {},
        stop: () => {},
        wanted: () => {},
      },
    });
  }

  subscribe({ link }: Neighbour, mode: Mode = "live", name = KEY.name): void {
    const key = { name, epoch: KEY.epoch, owner: nodeBytes(KEY.owner) };
    this.serving.subscribe(link, { ...key, ...REST, mode, path: [] }, this.now);
  }

  update({ link }: Neighbour, mode: Mode, wanted: number): void {
    this.serving.update(link, { ...REST, mode, wanted }, this.now);
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

test("a child of which nothing is heard for a second and a half keeps no place from others", () => {
  const ground = new Ground(1);
  const [gone, next] = [new Neighbour(2), new Neighbour(3)];
  const { heardAt } = gone.link.liveness;
  ground.now = heardAt;
  ground.subscribe(gone);
  ground.now = heardAt + 1_400_000;
  ground.subscribe(next);
  expect(answer(next)).toMatchObject({ reason: "full" });
  ground.now = heardAt + 1_500_000;
  ground.subscribe(next);
  expect(answer(next)).toBe("yes");
});

test("cascade-mute: who does not show that it is there when another needs a place has none", () => {
  const ground = new Ground(1);
  const [gone, next, third] = [new Neighbour(2), new Neighbour(3), new Neighbour(4)];
  const { pair } = gone;
  const wait = (us: number, isMute: boolean): void => {
    pair.run(us, (from) => isMute && from === pair.caller);
    ground.now = pair.now;
  };
  ground.subscribe(gone);
  wait(500_000, false);
  ground.subscribe(next);
  expect(answer(next)).toMatchObject({ reason: "full" });
  wait(250_000, false);
  ground.subscribe(next);
  expect(answer(next)).toMatchObject({ reason: "full" });
  wait(100_000, false);
  // It hears what it is sent, and nothing comes of it.
  wait(300_000, true);
  ground.subscribe(next);
  const refuse = answer(next);
  expect(refuse).toMatchObject({ reason: "full" });
  expect(alternates(refuse)).toEqual([gone.id]);
  wait(250_000, true);
  ground.subscribe(next);
  expect(answer(next)).toBe("yes");
  ground.subscribe(third);
  expect(alternates(answer(third))).toEqual([next.id]);
  // Heard of again it has its place: nobody else gets it.
  wait(300_000, false);
  ground.serving.lost(next.link);
  ground.subscribe(third);
  expect(answer(third)).toMatchObject({ reason: "full" });
});

test("of two that wait for each other the lower one looks elsewhere", () => {
  for (const [number, refused] of [
    [SELF + 1, true],
    [SELF - 1, false],
  ] as const) {
    const ground = new Ground();
    const child = new Neighbour(number);
    ground.copy = null;
    ground.asked = child;
    ground.subscribe(child);
    expect(ground.serving.children).toHaveLength(refused ? 0 : 1);
  }
});

test("cascade-guests: a node pulls so many streams for others alone, and more are had elsewhere", () => {
  const ground = new Ground();
  ground.copy = null;
  const core = new Neighbour(4);
  ground.cores = [core.link];
  let number = 10;
  const ask = (name: string, mode: Mode = "live") => {
    const child = new Neighbour(number);
    number += 1;
    ground.subscribe(child, mode, name);
    return [child, answer(child)] as const;
  };
  ground.pulled = Array.from({ length: PULLED_FOR_OTHERS_MAX - 1 }, (_, i) => `p${i}`);
  // That it stands by for another takes no place: it is not here.
  const [standby, pledged] = ask("d", "warm");
  expect(pledged).toBe("yes");
  const [first, begun] = ask("a");
  expect(begun).toBe("other");
  // What waits counts with what is here; who asks for the same has it with the others.
  for (const name of ["a", "p7"]) expect(ask(name)[1]).toBe("other");
  const [, refused] = ask("b");
  expect([refused, alternates(refused)]).toEqual([
    expect.objectContaining({ reason: "full" }),
    [core.id],
  ]);
  ground.serving.update(standby.link, { ...REST, mode: "live", wanted: 3 }, ground.now);
  expect(answer(standby)).toMatchObject({ reason: "full" });
  // One that somebody watches here, or that is over, is no guest any more.
  ground.pulled.pop();
  expect(ask("b")[1]).toBe("other");
  expect(answer(first)).toBe("nothing");
});
