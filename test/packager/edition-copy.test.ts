/** A tail that another node decides: that both have the same files under the same names. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readPlaylist } from "../support/playlist-text.ts";
import { seeded } from "../support/random.ts";
import {
  Broadcast,
  EDITION,
  type PublisherOptions,
  READER,
  RingPublisher,
  STREAM,
} from "./broadcast.ts";
import { filmOf } from "./film.ts";
import { type LinkOptions, NodeCopy } from "./node-copy.ts";

// Other tests may have the machine meanwhile: each reads hundreds of playlists twice.
setDefaultTimeout(60_000);

/** Why keyframes are wished for. */
const REASONS = ["join", "failure", "segment"] as const;
/** Ten nodes have a stream for so long, one in the second half alone: no list has lost its first segment by then. */
const TEN_S = 28;
/** Of nine, the links of the last ones but one lose packets. */
const LOSSY_FROM = 5;

/** A stream that is cut where it is published, and at another node. */
function scene(publisher: PublisherOptions = {}, link: LinkOptions = {}) {
  const show = new Broadcast(publisher).open();
  return { show, node: new NodeCopy(show, link).pull().open() };
}

/** Files of the node that the root has not, or has otherwise. */
function others(show: Broadcast, node: NodeCopy): string[] {
  return [...node.files]
    .filter(([name, bytes]) => !Bun.deepEquals(show.files.get(name), bytes))
    .map(([name]) => name);
}

/** The lines of a playlist from a segment on that both have. */
function common(text: string, msn: number): string[] {
  const { segments } = readPlaylist(text);
  return segments
    .filter((segment) => segment.msn >= msn)
    .map(({ msn: number, uri, parts, dateMs, discontinuity }) =>
      [number, uri, dateMs, discontinuity, ...parts.map((part) => part.uri)].join(" "),
    );
}

function expectSame({ show, node }: ReturnType<typeof scene>, layers = 1): void {
  expect([show.failures, node.failures, node.rules.problems]).toEqual([[], [], []]);
  expect(others(show, node)).toEqual([]);
  for (let layer = 0; layer < layers; layer += 1) {
    const own = node.textOf(layer);
    expect(own).not.toBe("");
    const from = readPlaylist(own).segments[0]!.msn;
    const [mine, theirs] = [common(own, from), common(show.textOf(layer), from)];
    // What is on its way is told of the root alone.
    expect(theirs.length - mine.length).toBeWithin(0, 2);
    const whole = mine.slice(0, -1);
    expect(whole).toEqual(theirs.slice(0, whole.length));
  }
}

/** So many parts of two layers are not compared: the ring of sound reaches not as far back as that of pictures. */
function forgetFirst(node: NodeCopy, parts: number): void {
  for (const layer of [0, 1]) {
    const isPart = (name: string) =>
      name.startsWith(`${EDITION}-${layer}-`) && !name.includes("init");
    for (const name of [...node.files.keys()].filter(isPart).slice(0, parts)) {
      node.files.delete(name);
    }
  }
}

for (const [what, publisher] of Object.entries<PublisherOptions>({
  "30 pictures a second": {},
  "60 pictures a second": { fps: 60 },
  "one picture a second": { fps: 1 },
  "sound alone": { pictures: false },
  "pictures alone": { sound: false },
  "three layers": { layers: 3 },
  "layers that give keyframes one by one": { layers: 3, alone: true },
  "a publisher that ignores what it is asked": { answerUs: null, keyframeEveryUs: 4_000_000 },
  "a clock that is corrected": { clockOffUs: 400_000 },
})) {
  test(`CUT: the same files and names on both nodes: ${what}`, () => {
    const both = scene(publisher);
    both.node.run(12);
    expectSame(both, publisher.layers ?? 1);
    expect(both.node.files.size).toBeGreaterThan(18);
    expect(both.show.files.size - both.node.files.size).toBeWithin(0, 4 * (publisher.layers ?? 1));
  });
}

test("CUT: a part is there as soon as its last frame and the root's word are", () => {
  const { show, node } = scene();
  node.run(5);
  let behind = 0;
  for (let i = 0; i < 500; i += 1) {
    node.run(0.01);
    behind = Math.max(behind, show.news.length - node.newsOf().length);
  }
  expect(behind).toBe(1);
  const late = scene({}, { cutWayUs: 300_000 });
  late.node.run(10);
  expectSame(late);
});

describe("a node that comes later", () => {
  for (const after of [0.3, 1.1, 2.6, 7]) {
    test(`CUT: begins with what is cached, out of what was told before: ${after} s`, () => {
      const show = new Broadcast({ layers: 2 }).open();
      const node = new NodeCopy(show).pull();
      node.run(after).open().run(1.2);
      // The group of pictures that goes on began after what the root kept telling of.
      expect(node.textOf()).not.toBe("");
      node.run(10);
      forgetFirst(node, 1);
      expectSame({ show, node }, 2);
    });
  }

  test("CUT: without a word of the root it makes nothing, whatever it has", () => {
    const show = new Broadcast().open();
    const node = new NodeCopy(show).pull();
    node.hears = false;
    node.open().run(5);
    expect(node.events).toEqual([]);
    node.hears = true;
    node.run(6);
    expectSame({ show, node });
  });
});

describe("what is missing here", () => {
  test("CUT: is missing in its part, and in no number or time: the picture before it stays", () => {
    const random = seeded(11);
    const both = scene({}, { loses: ({ place }) => place === 0 && random() < 0.002 });
    both.node.run(30);
    const { show, node } = both;
    expect([node.failures, node.rules.problems]).toEqual([[], []]);
    const names = [...node.files.keys()];
    expect(names.filter((name) => !show.files.has(name))).toEqual([]);
    expect(others(show, node).length).toBeWithin(2, 45);
    const from = readPlaylist(node.textOf()).segments[0]!.msn;
    const mine = common(node.textOf(), from).slice(0, -1);
    expect(mine).toEqual(common(show.text, from).slice(0, mine.length));
    const { problems, longestUs } = filmOf(node);
    expect(problems).toEqual([]);
    expect(longestUs).toBeGreaterThan(200_000);
  });

  test("CUT: sound is silence", () => {
    const random = seeded(12);
    const both = scene({}, { loses: ({ place }) => place === null && random() < 0.02 });
    both.node.run(10);
    const { show, node } = both;
    expect(others(show, node).length).toBeWithin(3, 20);
    for (const name of others(show, node)) expect(show.files.has(name)).toBeTrue();
    expect([node.failures, node.rules.problems]).toEqual([[], []]);
  });

  test("CUT: all pictures for a while: a keyframe of before stands for them, and the next one goes on", () => {
    const show = new Broadcast().open();
    let isOver = false;
    const node = new NodeCopy(show, { loses: ({ place }) => place === 0 && isOver }).pull().open();
    node.run(6);
    isOver = true;
    node.run(4);
    isOver = false;
    const ends = (): number => readPlaylist(node.textOf()).segments.at(-1)!.msn;
    expect(ends()).toBeGreaterThanOrEqual(show.newest![0] - 1);
    node.run(6);
    expect([node.failures, node.rules.problems]).toEqual([[], []]);
    const last = [...node.files.keys()].slice(-4);
    expect(others(show, node).filter((name) => last.includes(name))).toEqual([]);
  });

  test("CUT: words of the root: the list begins anew where they are heard again", () => {
    const { show, node } = scene();
    node.run(6);
    const before = readPlaylist(node.textOf()).segments.at(-1)!.msn;
    node.hears = false;
    node.run(7);
    node.hears = true;
    node.run(7);
    const { segments } = readPlaylist(node.textOf());
    expect(segments[0]!.msn).toBeGreaterThan(before + 1);
    expect(others(show, node)).toEqual([]);
    expect(node.failures).toEqual([]);
  });
});

test("CUT: the publisher is back at the root: a discontinuity on both, and the same numbers", () => {
  const both = scene({ layers: 2 });
  const { show, node } = both;
  node.run(6);
  show.publishes = false;
  show.command({ type: "source", stream: STREAM, source: null });
  // What is on its way comes.
  node.run(0.1);
  node.command({ type: "source", stream: STREAM, source: null });
  node.run(4);
  show.publishes = true;
  show.publisher = new RingPublisher(show.now, { seed: 2, layers: 2 });
  show.command({ type: "source", stream: STREAM, source: show.publisher.source });
  node.pull().run(8);
  expectSame(both, 2);
  expect(readPlaylist(node.textOf()).segments.filter((each) => each.discontinuity)).toHaveLength(1);
});

describe("the publisher comes to another node", () => {
  for (const [what, clockUs] of [
    ["whose clock is right", 0],
    ["whose clock is 3 s behind", -3_000_000],
    ["whose clock is an hour behind", -3.6e9],
  ] as const) {
    test(`CUT: which goes on with the edition that it had, ${what}`, () => {
      const show = new Broadcast().open();
      const node = new NodeCopy(show, { clockUs }).pull().open();
      node.run(6.3);
      // One of before is known, too.
      const after = new RingPublisher(show.now, { seed: 2 });
      show.command({ type: "source", stream: STREAM, source: after.source });
      show.publisher = after;
      node.pull().run(4);
      show.publishes = false;
      node.hears = false;
      node.run(2);
      const before = readPlaylist(node.textOf()).segments.at(-1)!;
      const parts = node.files.size;
      const next = new RingPublisher(show.now, { seed: 3 });
      node.command({ type: "source", stream: STREAM, source: next.source });
      const end = show.now + 10e6;
      while (show.now < end) {
        show.now += 10_000;
        next.pass(show.now);
        node.packager.look(show.now);
      }
      const { segments } = readPlaylist(node.textOf());
      const breaks = segments.filter((each) => each.discontinuity);
      expect(breaks).toHaveLength(2);
      expect(breaks[1]!.msn).toBe(before.msn + 1);
      expect(node.files.size).toBeGreaterThan(parts + 10);
      expect([...node.files.keys()].every((name) => name.startsWith(EDITION))).toBeTrue();
      // Nobody takes what it decides for what the other decided last.
      expect(node.cuts[0]!.number).toBeGreaterThan(show.cuts.at(-1)!.number);
      expect(node.failures).toEqual([]);
    });
  }

  test("CUT: a third node goes on with it, whatever it has heard of the first that the second has not", () => {
    const show = new Broadcast().open();
    const heir = new NodeCopy(show, { wayUs: 90_000, cutWayUs: 90_000 }).pull().open();
    const third = new NodeCopy(show).pull().open();
    const relayed = [heir, third].map((node) => node.relay());
    show.publisher.relayed = (packet) => {
      for (const take of relayed) take(packet);
    };
    for (let i = 0; i < 640; i += 1) {
      third.run(0.01);
      heir.pass();
    }
    show.publishes = false;
    heir.hears = false;
    const next = new RingPublisher(show.now, { seed: 3 });
    heir.command({ type: "source", stream: STREAM, source: next.source });
    third.pull(next).follow(heir.cuts);
    const before = third.files.size;
    for (let i = 0; i < 1_000; i += 1) {
      show.now += 10_000;
      next.pass(show.now);
      heir.packager.look(show.now);
      third.pass();
    }
    expect(third.files.size).toBeGreaterThan(before + 10);
    expect(others(show, third).filter((name) => !heir.files.has(name))).toEqual([]);
    for (const [name, bytes] of third.files) {
      if (!show.files.has(name)) expect([name, heir.files.get(name)]).toEqual([name, bytes]);
    }
    const { segments } = readPlaylist(third.textOf());
    const end = readPlaylist(heir.textOf()).segments.at(-2)!;
    expect(segments.find(({ msn }) => msn === end.msn)?.uri).toBe(end.uri);
    expect([heir.failures, third.failures]).toEqual([[], []]);
  });
});

test("CUT: keyframes are asked for by the root alone, as many as if there were no other node", () => {
  const alone = new Broadcast({ layers: 2 }).open().run(12);
  const { show, node } = scene({ layers: 2 }, { loses: ({ sequence }) => sequence % 97 === 0 });
  node.run(12);
  expect(show.publisher.wishes("segment")).toBe(alone.publisher.wishes("segment"));
  const asked = node.video.flatMap(({ writer }) => {
    return REASONS.map((why) => writer.keyframeRequests(READER + 1, why));
  });
  expect(asked).toEqual([0, 0, 0, 0, 0, 0]);
});

test("CUT: with ten nodes the publisher makes no keyframe more, and all have the same segments", () => {
  const publisher = { layers: 2, asked: true };
  const costs = (of: RingPublisher) => [
    of.requests,
    of.keyframes,
    ...REASONS.map((why) => of.wishes(why)),
  ];
  const alone = new Broadcast(publisher).open().run(TEN_S);
  const show = new Broadcast(publisher).open();
  // Some are far away, of some the CUTs come behind their media, and some have links that lose.
  const early = Array.from({ length: 8 }, (_, i) => {
    const loses: LinkOptions["loses"] = ({ sequence }) => i >= LOSSY_FROM && sequence % 97 === 0;
    return new NodeCopy(show, { wayUs: (i + 1) * 12_000, cutWayUs: (8 - i) * 15_000, loses });
  });
  for (const node of early) node.pull().open();
  const late = new NodeCopy(show, { wayUs: 30_000 }).pull();
  const nodes = [...early, late];
  const relayed = nodes.map((node) => node.relay());
  show.publisher.relayed = (packet) => {
    for (const take of relayed) take(packet);
  };
  for (let i = 0; i < TEN_S * 100; i += 1) {
    if (i === (TEN_S * 100) / 2) late.open();
    show.run(0.01);
    for (const node of nodes) node.pass();
  }
  expect(costs(show.publisher)).toEqual(costs(alone.publisher));
  for (const node of nodes) {
    const wishes = node.video.flatMap(({ writer }) => {
      return REASONS.map((why) => writer.keyframeRequests(READER + 1, why));
    });
    expect(wishes).toEqual(wishes.map(() => 0));
  }
  forgetFirst(late, 2);
  for (const node of [...early.slice(0, LOSSY_FROM), late]) expectSame({ show, node }, 2);
});

test("CUT: frames that come behind the root's word are waited for", () => {
  const late = scene({}, { wayUs: 300_000, cutWayUs: 20_000 });
  late.node.run(8);
  expectSame(late);
});
