/** What is said of a stream, down its tree: between two nodes in virtual time, and with ends of a test's own. */
import { expect, test } from "bun:test";
import type { Child } from "../../src/cascade/child.ts";
import { ToldRemarks } from "../../src/relay/told-remarks.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import type { NumberedRemark } from "../../src/wire/cascade/remark.ts";
import { seeded } from "../support/random.ts";
import { Relays } from "./relays.ts";
import { grantOf } from "./slots.ts";

const STREAM = 1;
const VIDEO: NamedTrack = { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 };

function remark(id: number, bytes = 20): NumberedRemark {
  return { id, json: new Uint8Array(bytes).fill(id) };
}

/** A stream of the parent; the child has it, or will. */
function show(): Relays {
  const relays = new Relays();
  const { parent, child } = relays;
  parent.relay.setSource(STREAM, { epoch: 1, audio: null, video: [grantOf("video", 10)] });
  parent.relay.publish("a", STREAM, [VIDEO], relays.now);
  relays.run(30_000);
  child.relay.pull("a", STREAM, [grantOf("video", 10)], relays.now);
  return relays;
}

/** The parent's control numbers one. */
function say({ parent }: Relays, id: number, bytes?: number): void {
  const said = remark(id, bytes);
  parent.said.push(said);
  parent.relay.remarks.tell(STREAM, [said]);
}

const idsOf = (said: readonly NumberedRemark[]) => said.map(({ id }) => id);

test("EV11 who comes later has what is kept, and all have what follows, once and in order", () => {
  const relays = show();
  for (let id = 1; id <= 200; id += 1) say(relays, id, 300);
  relays.run(60_000);
  expect(idsOf(relays.child.said)).toEqual(idsOf(relays.parent.said));
  say(relays, 201);
  relays.run(20_000);
  expect(relays.child.said.at(-1)).toEqual(remark(201));
  expect(relays.child.said).toHaveLength(201);
});

test("EV11 on a link that loses, with things said at any time, nothing is missing and nothing comes twice", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = seeded(seed);
    const relays = show();
    relays.lost = () => random() < 0.2;
    let id = 0;
    relays.run(1_000_000, () => {
      if (random() > 0.05) return;
      id += 1;
      say(relays, id, Math.ceil(random() * 3_000));
    });
    relays.lost = () => false;
    relays.run(1_000_000);
    expect(id).toBeGreaterThan(20);
    expect(relays.child.said).toEqual(relays.parent.said);
  }
});

test("EV11 a stream that is had again is asked for what is newer alone", () => {
  const relays = show();
  for (const id of [1, 2]) say(relays, id);
  relays.run(60_000);
  expect(relays.told(Message.remarks)).toBe(0);
  relays.child.relay.endPull(STREAM, relays.now);
  relays.run(30_000);
  say(relays, 3);
  relays.child.relay.pull("a", STREAM, [grantOf("video", 10)], relays.now);
  relays.run(60_000);
  // Control keeps them, and knows the first two.
  expect(idsOf(relays.child.said)).toEqual([1, 2, 1, 2, 3]);
});

/** A node between others, whose links are the test's. */
class Middle {
  readonly told: number[] = [];
  readonly wished: number[] = [];
  readonly sent: unknown[][] = [];
  readonly children: Child[] = [];
  own = false;
  readonly remarks = new ToldRemarks({
    children: () => this.children,
    isOwn: () => this.own,
    told: (_stream, remarks) => {
      this.told.push(...idsOf(remarks));
      this.remarks.tell(STREAM, remarks);
    },
    wished: (child, since) => {
      this.wished.push(since);
      this.remarks.give(
        child,
        this.told.filter((id) => id > since).map((id) => remark(id)),
      );
    },
  });

  child(): Child {
    const link = { send: (message: unknown[]) => this.sent.push(message) };
    const child = { link, alias: this.children.length, stream: STREAM } as unknown as Child;
    this.children.push(child);
    return child;
  }

  hear(...ids: number[]): void {
    this.remarks.heard(STREAM, { alias: 1, remarks: ids.map((id) => remark(id)) });
  }

  /** What a child was told, message by message. */
  of({ alias }: Child): number[][] {
    return this.sent
      .filter(([, to]) => to === alias)
      .map(([, , remarks]) => (remarks as [number, Uint8Array][]).map(([id]) => id));
  }
}

test("EV11 a node that has heard nothing yet lets its children wait: a part is not all", () => {
  const middle = new Middle();
  const [early, gone] = [middle.child(), middle.child()];
  middle.remarks.asked(early, 0);
  middle.remarks.asked(gone, 0);
  middle.remarks.left(gone);
  expect(middle.sent).toEqual([]);
  middle.hear(1, 2);
  expect([middle.of(early), middle.wished]).toEqual([[[1, 2]], [0]]);
  const late = middle.child();
  middle.hear(3);
  middle.remarks.asked(late, 1);
  middle.hear(4);
  expect(middle.of(early)).toEqual([[1, 2], [3], [4]]);
  expect(middle.of(late)).toEqual([[2, 3], [4]]);
  expect(middle.of(gone)).toEqual([]);
});

test("EV11 nothing is an answer as well; who publishes answers at once", () => {
  const middle = new Middle();
  const child = middle.child();
  middle.remarks.asked(child, 0);
  middle.hear();
  expect(middle.of(child)).toEqual([[]]);
  const root = new Middle();
  root.own = true;
  const other = root.child();
  root.remarks.asked(other, 0);
  expect(root.of(other)).toEqual([[]]);
});

test("EV11 what two parents tell is taken once, whichever is first", () => {
  const middle = new Middle();
  middle.hear(1, 2, 3);
  middle.hear(1, 2);
  middle.hear(4);
  middle.hear(3, 4, 5);
  expect(middle.told).toEqual([1, 2, 3, 4, 5]);
});

test("long ones go in messages that a link takes", () => {
  const middle = new Middle();
  const child = middle.child();
  const long = Array.from({ length: 20 }, (_, i) => remark(i + 1, 3_500));
  middle.remarks.give(child, long);
  expect(middle.of(child).map((ids) => ids.length)).toEqual([3, 3, 3, 3, 3, 3, 2]);
  const short = Array.from({ length: 300 }, (_, i) => remark(i + 1, 20));
  middle.sent.length = 0;
  middle.remarks.give(child, short);
  expect(middle.of(child).map((ids) => ids.length)).toEqual([100, 100, 100]);
  expect(middle.of(child).flat()).toEqual(idsOf(short));
});
