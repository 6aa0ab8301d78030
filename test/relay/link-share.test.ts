import { expect, test } from "bun:test";
import { LinkShare } from "../../src/relay/link-share.ts";
import { Offers } from "../../src/relay/offers.ts";
import { noteLayers } from "../../src/ring/layer-totals.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Neighbour } from "../cascade/neighbour.ts";
import { Relays } from "./relays.ts";
import { allocate, counters, grantOf, KEYFRAME, writePacket } from "./slots.ts";

const TRACK: NamedTrack = { kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 };
const NO_LAYERS = new PacketLayers();
const VIEWER = 1;

/** A stream of one ring at the parent, wanted at the child. */
class Show {
  readonly #writer: RingWriter;
  #next = 0;

  constructor(
    readonly relays: Relays,
    readonly name: string,
    stream: number,
  ) {
    const { parent, child } = relays;
    const from = grantOf("video", 10 * stream);
    this.#writer = new RingWriter(from.buffer);
    this.#writer.describe(Codec.vp8, 90_000, "", "");
    parent.own.add(from.index);
    parent.relay.setSource(stream, { epoch: stream, audio: null, video: [from] });
    parent.relay.publish(name, stream, [TRACK], relays.now);
    relays.run(30_000);
    const to = grantOf("video", 10 * stream);
    child.relay.pull(name, stream, [to], relays.now);
    new RingReader(to.buffer, VIEWER, () => child.relay.mark(to.index, relays.now)).want(true);
    relays.run(30_000);
  }

  /** 100 bytes each 2 ms: 400 kb/s. */
  write(): void {
    const { now } = this.relays;
    if (now % 2_000 !== 0) return;
    writePacket(this.#writer, this.#next, now, this.#next === 0 ? KEYFRAME : 0);
    noteLayers(this.#writer.views, NO_LAYERS, 100, now);
    this.#next += 1;
  }

  get isGiven(): boolean {
    const { parents } = this.relays.child.relay.node.pulls.get(this.name)!;
    return parents.some(({ state, mode }) => state === "accepted" && mode === "live");
  }
}

test("link-rate: a stream is taken for what most are until it is measured; then there is room for others", () => {
  const relays = new Relays(3_500_000);
  const first = new Show(relays, "first", 1);
  expect(first.isGiven).toBeTrue();
  const second = new Show(relays, "second", 2);
  expect(second.isGiven).toBeFalse();
  relays.run(3_000_000, () => first.write());
  expect(second.isGiven).toBeTrue();
  // 0.4 + 2.5 Mb/s: a third one is too much as long as nothing is known of the second.
  const third = new Show(relays, "third", 3);
  relays.run(1_000_000, () => first.write());
  expect(third.isGiven).toBeFalse();
});

test("link-rate: without a limit nothing is looked at", () => {
  const ground = { reader: 0, counters: counters(), allocate, wish: () => {} };
  const rest = { writer: () => null, counted: () => {}, rootAgeUs: () => 0 };
  const share = new LinkShare(null, new Offers({ ground, ...rest }));
  expect(share.fits(new Neighbour(2).link, null, 0)).toBeTrue();
  const limited = new LinkShare(2_000_000, new Offers({ ground, ...rest }));
  expect(limited.fits(new Neighbour(2).link, null, 0)).toBeFalse();
});
