/** A writer that is no RTP session fills a ring: frames in, slots that any reader reads back. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import type { Subscriber } from "../../src/feed/feed.ts";
import { Feeds } from "../../src/feed/feeds.ts";
import type { Staging } from "../../src/feed/staging.ts";
import { Incoming, SlotFiller } from "../../src/intake/slot-filler.ts";
import { Wishes } from "../../src/intake/wishes.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { createRing, SlotFlag } from "../../src/ring/layout.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { EXTENSION_TABLE_LENGTH } from "../../src/wire/extensions.ts";
import { Packetizer } from "../../src/wire/packetize.ts";
import { FencedMemory } from "../support/fenced.ts";
import { fromHex } from "../support/hex.ts";

const READER = 1;
const PACKET_BYTES = 200;
const SETS = ["6742c01e11", "68ce3c80"].map(fromHex);

/** Pushes encoded frames with times in ms, as RTMP does: no RTP numbers, no losses, no feedback. */
class FakeSource {
  readonly grant: RingGrant;
  readonly writer: RingWriter;
  readonly filler: SlotFiller;
  readonly keyframes = new KeyframeRequests();
  readonly left = false;
  readonly wishes: Wishes;
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  /** Payloads as they were cut. */
  readonly sent: string[] = [];
  next = 5_000;
  readonly #packetizer: Packetizer;
  readonly #packet = new Incoming();

  constructor(
    index: number,
    private readonly codec: CodecId,
    private readonly clockRate: number,
    fmtp: string,
  ) {
    this.grant = { index, buffer: createRing(this.video ? "video" : "audio"), writer: 0 };
    this.writer = new RingWriter(this.grant.buffer);
    const none = new Uint8Array(EXTENSION_TABLE_LENGTH);
    this.filler = new SlotFiller(this.writer, this.video, none, this.counters);
    this.filler.describe(codec, clockRate, fmtp, "");
    this.wishes = new Wishes([this], READER + 1);
    this.#packetizer = new Packetizer(codec, PACKET_BYTES, 0);
  }

  get video(): boolean {
    return this.codec !== Codec.opus;
  }

  push(atMs: number, frame: Uint8Array): void {
    const { header } = this.#packet;
    header.timestamp = (atMs * this.clockRate) / 1000;
    this.#packetizer.packetize(frame, (payload, length, last) => {
      header.marker = last;
      header.payloadLength = length;
      this.sent.push(Buffer.from(payload.subarray(0, length)).toString("hex"));
      this.fill(atMs * 1000, payload);
    });
  }

  fill(now: number, payload: Uint8Array): number {
    const packet = this.#packet;
    packet.origin = this.next;
    packet.bytes = payload;
    packet.arrival = now;
    packet.codec = this.codec;
    this.next += 1;
    return this.filler.fill(now, packet);
  }
}

interface Got {
  readonly sequence: number;
  readonly timestamp: number;
  readonly flags: number;
  readonly payload: string;
}

/** Reads all that the sources' rings have, and keeps what came by ring. */
class FakeReader implements Subscriber {
  readonly session = 1;
  readonly spatialId = -1;
  readonly got = new Map<number, Got[]>();
  readonly memory = new FencedMemory();
  readonly feeds = new Feeds({
    reader: READER,
    allocate: this.memory.allocate,
    wish: () => {},
    lapped: () => {},
    counters: new Float64Array(COUNTER_NAMES.length),
  });

  constructor(audio: FakeSource | null, video: FakeSource | null) {
    const source = {
      epoch: 1,
      audio: audio?.grant ?? null,
      video: video === null ? [] : [video.grant],
    };
    for (const feed of this.feeds.open(source, 0).feeds) feed.attach(this);
  }

  read(now: number, source: FakeSource): readonly Got[] {
    this.feeds.mark(source.grant.index);
    let feed = this.feeds.next(now, 0);
    for (; feed !== null; feed = this.feeds.next(now, 0)) this.forward(feed, this.feeds.batch);
    return this.got.get(source.grant.index) ?? [];
  }

  forward({ index }: { readonly index: number }, batch: Staging): boolean {
    const got = this.got.get(index) ?? [];
    this.got.set(index, got);
    for (let i = 0; i < batch.count; i += 1) {
      const from = batch.payloadOffset(i);
      const payload = batch.region.bytes.subarray(from, from + batch.payloadLengths[i]!);
      got.push({
        sequence: batch.sequences[i]!,
        timestamp: batch.timestamps[i]!,
        flags: batch.flags[i]!,
        payload: Buffer.from(payload).toString("hex"),
      });
    }
    return true;
  }

  lapped(): void {
    throw new Error("a reader that reads everything is never overtaken");
  }
}

/** An access unit with a length in front of each unit. */
function unit(...units: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    units.flatMap((each) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(each.length);
      return [length, each];
    }),
  );
}

/** A slice of so many bytes: of an IDR (5), or of another picture (1). */
function slice(type: 1 | 5, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x5a);
  bytes[0] = 0x60 | type;
  bytes[1] = 0x88;
  return bytes;
}

function h264(fmtp = "packetization-mode=1"): FakeSource {
  return new FakeSource(8, Codec.h264, 90_000, fmtp);
}

test("frames of H.264 and Opus come out of their rings as they were cut into packets", () => {
  const video = h264();
  const audio = new FakeSource(9, Codec.opus, 48_000, "");
  const reader = new FakeReader(audio, video);
  video.push(1_000, unit(...SETS, slice(5, 900)));
  for (let i = 1; i <= 20; i += 1) {
    video.push(1_000 + i * 40, unit(slice(1, 50 + 30 * i)));
    audio.push(1_000 + i * 20, Uint8Array.of(0xfc, i, i));
  }
  expect(reader.read(2e6, video).map(({ payload }) => payload)).toEqual(video.sent);
  expect(reader.read(2e6, audio).map(({ payload }) => payload)).toEqual(audio.sent);
  expect(video.sent.length).toBeGreaterThan(40);
  const numbers = video.sent.map((_, i) => 5_000 + i);
  const got = reader.read(2e6, video);
  expect(got.map(({ sequence }) => sequence)).toEqual(numbers);
  expect([got[0]!.timestamp, got.at(-1)!.timestamp]).toEqual([90_000, 1_800 * 90]);
  expect(got.filter(({ flags }) => (flags & SlotFlag.marker) !== 0).length).toBe(21);
  const starts = got.filter(({ flags }) => (flags & SlotFlag.frameStart) !== 0);
  expect(new Set(starts.map(({ timestamp }) => timestamp)).size).toBe(21);
  expect([video.filler.touched, audio.filler.touched]).toEqual([true, true]);
  expect(video.counters[Counter.packetsIn!]).toBe(video.sent.length);
  expect(video.counters[Counter.malformed!]).toBe(0);
  reader.memory.check();
});

test("a keyframe is where a reader may begin, and counts once", () => {
  const video = h264();
  const reader = new FakeReader(null, video);
  video.push(1_000, unit(slice(1, 300)));
  video.push(1_040, unit(...SETS, slice(5, 900)));
  video.push(1_080, unit(slice(1, 300)));
  const keyframe = reader
    .read(1.1e6, video)
    .find(({ flags }) => (flags & SlotFlag.keyframeStart) !== 0)!;
  expect(keyframe.timestamp).toBe(1_040 * 90);
  expect(reader.feeds.all.get(8)!.joinableKeyframe(1.1e6)).toBe(keyframe.sequence);
  expect(video.counters[Counter.keyframesIn!]).toBe(1);
});

test("parameter sets of a source that tells them apart from its frames stand by for its keyframes", () => {
  const sets = SETS.map((set) => Buffer.from(set).toString("base64")).join(",");
  const video = h264(`packetization-mode=1;sprop-parameter-sets=${sets}`);
  const reader = new FakeReader(null, video);
  video.push(1_000, unit(slice(5, 100)));
  const [idr] = reader.read(1e6, video);
  expect(idr!.flags & SlotFlag.needsParameterSets).not.toBe(0);
  const payload = Buffer.from(reader.feeds.all.get(8)!.reader.parameterSets()!).toString("hex");
  for (const set of SETS) expect(payload).toContain(Buffer.from(set).toString("hex"));
});

test("what means nothing takes its number, and a number is taken once", () => {
  const video = h264();
  const reader = new FakeReader(null, video);
  video.push(1_000, unit(...SETS, slice(5, 100)));
  // An aggregate that is cut off behind its head.
  expect(video.fill(1.01e6, Uint8Array.of(24, 0)) & SlotFlag.skip).not.toBe(0);
  video.next -= 1;
  expect(video.fill(1.01e6, Uint8Array.of(24, 0))).toBe(NO_SLOT);
  expect(reader.read(1.1e6, video).at(-1)!.payload).toBe("");
  expect([Counter.malformed!, Counter.packetsDuplicate!].map((at) => video.counters[at])).toEqual([
    1, 1,
  ]);
});

test("a reader's wish for a keyframe reaches the writer", () => {
  const video = h264();
  const reader = new FakeReader(null, video);
  video.push(1_000, unit(...SETS, slice(5, 100)));
  video.wishes.read(1e6);
  expect(video.keyframes.standing).toBe(0);
  reader.feeds.all.get(8)!.reader.requestKeyframe("failure");
  video.wishes.read(1.2e6);
  expect(video.keyframes.standing).toBeGreaterThan(0);
});
