/** Who is told how a stream is cut, and by whom this node is. */
import { expect, test } from "bun:test";
import type { Child } from "../../src/cascade/child.ts";
import type { Link } from "../../src/cascade/link.ts";
import { Cuts } from "../../src/relay/cuts.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";

const EDITION = "1a".repeat(16);
const STREAM = 1;
const cut = (number: number, edition = EDITION) => ({ edition, number, body: Uint8Array.of(1) });

/** What was sent over it, in words. */
class FakeLink {
  readonly sent: string[] = [];
  backlog = 0;
  open = true;

  send([type, alias, ...rest]: readonly unknown[]): void {
    const [wanted, , last] = rest;
    if (type === Message.cut) this.sent.push(`${alias} cut ${rest[1]}`);
    else this.sent.push(`${alias} ${wanted === true ? `asks behind ${last}` : "no more"}`);
  }

  get link(): Link {
    return this as unknown as Link;
  }
}

class Scene {
  now = 1_000;
  readonly children: Child[] = [];
  parents: { link: Link; alias: number }[] = [];
  readonly told: number[] = [];
  readonly wished: boolean[] = [];
  readonly cuts = new Cuts({
    children: () => this.children,
    parents: () => this.parents,
    told: (_stream, { number }) => this.told.push(number),
    wished: (_stream, wished) => this.wished.push(wished),
  });

  child(link: FakeLink, alias: number): Child {
    const child = { link: link.link, alias, stream: STREAM, cuts: false } as Child;
    this.children.push(child);
    return child;
  }

  pass(us = 200_000): void {
    this.now += us;
    this.cuts.handleTimeout(this.now);
  }
}

test("CUT: a node that wants to know asks the first of its parents, and the next one where that is another", () => {
  const scene = new Scene();
  const [first, second] = [new FakeLink(), new FakeLink()];
  scene.parents = [
    { link: first.link, alias: 4 },
    { link: second.link, alias: 5 },
  ];
  scene.pass();
  expect(first.sent).toEqual([]);
  scene.cuts.setOpen(STREAM, true);
  scene.pass();
  scene.cuts.heard(STREAM, first.link, cut(7), scene.now);
  scene.pass();
  expect(first.sent).toEqual(["4 asks behind 0"]);
  scene.parents.reverse();
  scene.pass();
  expect([first.sent.at(-1), second.sent]).toEqual(["4 no more", ["5 asks behind 7"]]);
  scene.cuts.setOpen(STREAM, false);
  scene.pass();
  expect(second.sent.at(-1)).toBe("5 no more");
  scene.cuts.heard(STREAM, second.link, cut(8), scene.now);
  expect(scene.told).toEqual([7]);
});

test("CUT: who was not asked is not believed", () => {
  const scene = new Scene();
  const [parent, other] = [new FakeLink(), new FakeLink()];
  scene.parents = [{ link: parent.link, alias: 4 }];
  scene.cuts.setOpen(STREAM, true);
  scene.pass();
  scene.cuts.heard(STREAM, other.link, cut(2 ** 32 - 1), scene.now);
  scene.cuts.heard(STREAM, parent.link, cut(1), scene.now);
  expect(scene.told).toEqual([1]);
});

test("CUT: a child hears what is kept and what comes, from when it asks until it does no more", () => {
  const scene = new Scene();
  const [one, other] = [new FakeLink(), new FakeLink()];
  scene.cuts.setOpen(STREAM, true);
  const [child] = [scene.child(one, 8), scene.child(other, 9)];
  for (const number of [0, 1, 2]) scene.cuts.decided(STREAM, cut(number), scene.now);
  scene.cuts.asked(child, { alias: 8, wanted: true, last: cut(0) });
  scene.cuts.decided(STREAM, cut(3), scene.now);
  scene.pass();
  scene.cuts.asked(child, { alias: 8, wanted: false, last: null });
  scene.cuts.decided(STREAM, cut(4), scene.now);
  scene.pass();
  expect(one.sent).toEqual(["8 cut 1", "8 cut 2", "8 cut 3"]);
  expect(other.sent).toEqual([]);
  expect(scene.wished).toEqual([true, false]);
});

test("CUT: who asks again and again gets no more than its link takes", () => {
  const scene = new Scene();
  const link = new FakeLink();
  const child = scene.child(link, 8);
  scene.cuts.decided(STREAM, cut(0), scene.now);
  link.backlog = 10_000;
  for (let i = 0; i < 100; i += 1) {
    scene.cuts.asked(child, { alias: 8, wanted: true, last: null });
  }
  expect(link.sent).toEqual([]);
});

test("CUT: nothing is kept of what nobody wants to hear of", () => {
  const scene = new Scene();
  scene.cuts.decided(STREAM, cut(0), scene.now);
  scene.pass();
  expect(scene.cuts.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  scene.cuts.setOpen(STREAM, true);
  expect(scene.told).toEqual([]);
});
