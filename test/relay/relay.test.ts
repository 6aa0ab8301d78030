import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import { layerSize } from "../../src/ring/layer-totals.ts";
import { ReadResult, RingReader, type RingTiming } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { idOf } from "../cascade/ends.ts";
import { seeded } from "../support/random.ts";
import { Relays, SENT_US } from "./relays.ts";
import { grantOf, KEYFRAME, writePacket } from "./slots.ts";

const VIEWER = 1;
const VIDEO: NamedTrack = { kind: "video", rid: "h", codec: "h264", fmtp: "x=1", channels: 0 };

/** A stream of so many video rings at the parent, pulled by the child. */
class Show {
  readonly relays = new Relays();
  readonly writers: readonly RingWriter[];
  readonly readers: readonly RingReader[];
  readonly #from: readonly RingGrant[];
  readonly next: number[];

  constructor(
    rings = 1,
    readonly name = "a",
    relays?: Relays,
    stream = 1,
  ) {
    if (relays !== undefined) this.relays = relays;
    const { parent, child } = this.relays;
    this.#from = Array.from({ length: rings }, (_, i) => grantOf("video", 10 * stream + i));
    this.writers = this.#from.map(({ buffer }) => new RingWriter(buffer));
    this.next = this.writers.map(() => 1_000);
    for (const writer of this.writers) writer.describe(Codec.h264, 90_000, "x=1", "h");
    for (const { index } of this.#from) parent.own.add(index);
    parent.relay.setSource(stream, { epoch: stream, audio: null, video: this.#from });
    const tracks = this.writers.map(() => VIDEO);
    parent.relay.publish(name, stream, tracks, this.relays.now);
    this.relays.run(30_000);
    const to = tracks.map((_, i) => grantOf("video", 10 * stream + i));
    child.relay.pull(name, stream, to, this.relays.now);
    const wish = () => child.relay.mark(10 * stream, this.relays.now);
    this.readers = to.map(({ buffer }) => new RingReader(buffer, VIEWER, wish));
    this.relays.run(30_000);
  }

  write(ring: number, keyframe = false): void {
    writePacket(this.writers[ring]!, this.next[ring]!, this.relays.now, keyframe ? KEYFRAME : 0);
    this.next[ring] = this.next[ring]! + 1;
  }

  /** Sequences from 1,000 on that the child has not. */
  missing(ring = 0): number[] {
    const missing: number[] = [];
    const slot = new Uint8Array(2048);
    for (let sequence = 1_000; sequence < this.next[ring]!; sequence += 1) {
      const read = this.readers[ring]!.read(sequence, slot, 0) === ReadResult.ok;
      if (!read || slot[192] !== (sequence & 255)) missing.push(sequence);
    }
    return missing;
  }
}

test("what is written at one node stands in the other's ring a way later", () => {
  const show = new Show();
  const { relays } = show;
  show.readers[0]!.want(true);
  relays.run(30_000);
  expect(relays.parent.children).toBe(1);
  for (let i = 0; i < 200; i += 1) {
    show.write(0, i === 0);
    relays.run(2_000);
  }
  relays.run(20_000);
  expect(show.missing()).toEqual([]);
  const reader = show.readers[0]!;
  expect(reader.describe()).toMatchObject({ fmtp: "x=1", rid: "h" });
  const late = reader.lastReceiptUs - reader.lastArrivalUs;
  expect(late).toBeGreaterThan(4_000);
  expect(late).toBeLessThan(9_000);
});

test("how long packets are in a node on their way to others is counted until they have left", () => {
  const show = new Show();
  const { relays } = show;
  show.readers[0]!.want(true);
  for (let i = 0; i < 1_000; i += 1) {
    show.write(0, i % 100 === 0);
    relays.run(10_000);
  }
  const { counters } = relays.parent;
  const told = [counters[Counter.residenceMedianUs]!, counters[Counter.residenceP99Us]!];
  expect(told).toEqual([SENT_US, SENT_US]);
  // Nobody has anything from the child.
  expect(relays.child.counters[Counter.residenceMedianUs]).toBe(0);
});

test("rings that nobody wants do not flow, and their figures come all the same", () => {
  const show = new Show(2);
  const { relays } = show;
  show.readers[1]!.want(true);
  show.writers[0]!.setSize(1280, 720);
  relays.run(1_000_000, () => {
    for (const ring of [0, 1]) show.write(ring, (relays.now / 1_000) % 100 === 0);
  });
  expect(show.readers[0]!.empty).toBeTrue();
  expect(show.readers[1]!.empty).toBeFalse();
  expect(layerSize(show.readers[0]!.views, 0, 0)).toBe(1280 * 65_536 + 720);
  show.readers[1]!.want(false);
  relays.run(2_300_000);
  expect(show.writers[1]!.wantedBy(0)).toBeFalse();
});

test("over 10 % loss every packet arrives, also the last of a burst", () => {
  for (let seed = 1; seed <= 4; seed += 1) {
    const random = seeded(seed);
    const show = new Show();
    const { relays } = show;
    show.readers[0]!.want(true);
    relays.run(100_000);
    show.write(0, true);
    relays.run(100_000);
    relays.lost = () => random() < 0.1;
    for (let burst = 0; burst < 30; burst += 1) {
      for (let i = 0; i < 12; i += 1) show.write(0);
      relays.run(100_000);
    }
    relays.run(500_000);
    expect([seed, show.missing()]).toEqual([seed, []]);
  }
});

test("the end of a burst is found, however busy another stream on the link is", () => {
  const show = new Show();
  const { relays } = show;
  const other = new Show(1, "b", relays, 2);
  for (const reader of [...show.readers, ...other.readers]) reader.want(true);
  relays.run(100_000);
  show.write(0, true);
  other.write(0, true);
  relays.run(100_000, () => other.write(0));
  relays.lost = (from) => from === relays.parent;
  show.write(0);
  relays.run(1_000);
  relays.lost = () => false;
  relays.run(150_000, () => other.write(0));
  expect(show.missing()).toEqual([]);
  expect(other.missing().filter((sequence) => sequence < other.next[0]! - 20)).toEqual([]);
});

test("a parent says each 25 ms where its rings are while nothing flows", () => {
  const show = new Show();
  const { relays } = show;
  relays.run(100_000);
  relays.told(Frame.heads);
  relays.run(1_000_000);
  expect(relays.told(Frame.heads)).toBeGreaterThanOrEqual(38);
});

test("the publisher's clock and parameter sets come along", () => {
  const show = new Show();
  const { relays } = show;
  show.readers[0]!.want(true);
  show.writers[0]!.setTiming(4_500, 7_000_000, relays.now);
  const at = relays.now;
  show.writers[0]!.setParameterSets(Uint8Array.of(0x78, 0, 1, 2));
  relays.run(300_000);
  const timing: RingTiming = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
  expect(show.readers[0]!.timing(timing)).toBeTrue();
  expect([timing.rtpTimestamp, timing.ntpUs]).toEqual([4_500, 7_000_000]);
  expect(Math.abs(timing.localUs - at)).toBeLessThan(2_000);
  expect(show.readers[0]!.parameterSets()).toEqual(Uint8Array.of(0x78, 0, 1, 2));
});

test("a viewer's wish for a keyframe reaches the root's ring", () => {
  const show = new Show();
  const { relays } = show;
  show.readers[0]!.want(true);
  relays.run(50_000);
  show.write(0);
  relays.run(50_000);
  const before = show.writers[0]!.keyframeRequests(1, "join");
  show.readers[0]!.requestKeyframe("join");
  relays.run(50_000);
  expect(show.writers[0]!.keyframeRequests(1, "join")).toBe(before + 1);
});

test("a node says whether the publisher of its name was heard of in the last 2 s", () => {
  const show = new Show();
  const { relays } = show;
  show.write(0, true);
  relays.child.relay.askOwner(1, "a", 2_000, relays.now);
  relays.run(30_000);
  relays.run(2_500_000);
  relays.child.relay.askOwner(2, "a", 2_000, relays.now);
  relays.child.relay.askOwner(3, "nobody's", 2_000, relays.now);
  relays.run(30_000);
  expect(relays.child.answers).toEqual([true, false, false]);
});

test("ended, the parent's ring is wanted no more, and the child's is written no more", () => {
  const show = new Show();
  const { relays } = show;
  show.readers[0]!.want(true);
  relays.run(50_000, () => show.write(0));
  relays.child.relay.endPull(1, relays.now);
  relays.run(30_000);
  expect(relays.parent.children).toBe(0);
  expect(show.writers[0]!.wantedBy(0)).toBeFalse();
  const before = show.readers[0]!.describe().packets;
  relays.run(50_000, () => show.write(0));
  expect(show.readers[0]!.describe().packets).toBe(before);
});

test("a question reaches the other end of a link, and its answer comes back, however long", () => {
  const relays = new Relays();
  const { parent, child } = relays;
  relays.run(50_000);
  expect(child.relay.asks.ask(1, null, Buffer.from("?"))).toEqual([idOf(parent.number)]);
  relays.run(30_000);
  expect(Buffer.concat(child.parts).toString()).toBe("?");
  parent.relay.asks.ask(2, null, Buffer.from("x".repeat(1_000)));
  relays.run(60_000);
  expect(Buffer.concat(parent.parts).toString()).toBe("x".repeat(1_000));
});
