/** What a reader of the test's own wishes, and how often it rings the writer's bell for it. */
import { describe, expect, test } from "bun:test";
import { Wishes } from "../../src/intake/wishes.ts";
import { SLEEP_MAX_US } from "../../src/limits.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { build, isPli, Session, section, VP8_TYPE, vp8 } from "../ingest/harness.ts";

const SECOND = 1_000_000;

function frame(sequence: number, keyframe: boolean): Uint8Array {
  const payload = vp8(keyframe);
  return build({ type: VP8_TYPE, ssrc: 9, sequence, timestamp: sequence * 3_000, payload });
}

/** A ring that two readers wish of, and who writes it. */
class Ring {
  readonly track = {
    writer: new RingWriter(createRing("video")),
    keyframes: new KeyframeRequests(),
    video: true,
    left: false,
  };
  readonly wishes: Wishes;
  rung = 0;
  readonly readers: readonly RingReader[];

  constructor() {
    const { buffer } = this.track.writer;
    this.readers = [0, 1].map((reader) => {
      return new RingReader(buffer, reader, () => {
        this.rung += 1;
      });
    });
    this.wishes = new Wishes([this.track], 2);
  }

  /** How often the bell is rung meanwhile. */
  rings(act: (a: RingReader, b: RingReader) => void): number {
    const before = this.rung;
    act(this.readers[0]!, this.readers[1]!);
    return this.rung - before;
  }
}

describe("a bell", () => {
  test("is rung for demand that is new to its thread, and not for its end", () => {
    const ring = new Ring();
    expect(ring.rings((a) => a.want(true))).toBe(1);
    expect(ring.rings((a) => a.want(true))).toBe(0);
    expect(ring.rings((a) => a.want(false))).toBe(0);
    expect(ring.rings((a) => a.want(true))).toBe(1);
  });

  test("is not rung for a keyframe that somebody waits for already", () => {
    const ring = new Ring();
    expect(ring.rings((a) => a.requestKeyframe("join"))).toBe(1);
    ring.wishes.read(0);
    expect(ring.rings((a, b) => [a, b].map((one) => one.requestKeyframe("join")))).toBe(0);
    ring.wishes.read(SECOND);
    expect(ring.rings((_, b) => b.requestKeyframe("join"))).toBe(0);
  });

  test("is rung when the wish becomes more urgent, once", () => {
    const ring = new Ring();
    ring.readers[0]!.requestKeyframe("join");
    ring.wishes.read(0);
    expect(ring.rings((_, b) => b.requestKeyframe("failure"))).toBe(1);
    ring.wishes.read(0);
    expect(ring.rings((a) => a.requestKeyframe("failure"))).toBe(0);
    expect(ring.rings((a) => a.requestKeyframe("join"))).toBe(0);
  });

  test("is rung again once the wish was fulfilled", () => {
    const ring = new Ring();
    ring.readers[0]!.requestKeyframe("join");
    ring.wishes.read(0);
    ring.track.keyframes.take(0);
    ring.track.keyframes.keyframe(1);
    ring.wishes.read(1);
    expect(ring.rings((a) => a.requestKeyframe("join"))).toBe(1);
  });

  test("is not rung for a track that has left, which would not be heard", () => {
    const ring = new Ring();
    ring.track.left = true;
    ring.wishes.read(0);
    expect(ring.rings((a) => a.requestKeyframe("failure"))).toBe(0);
    ring.wishes.read(0);
    expect(ring.track.keyframes.standing).toBe(0);
    ring.track.left = false;
    ring.wishes.read(1);
    expect(ring.rings((a) => a.requestKeyframe("join"))).toBe(1);
  });
});

test("nobody rings for a keyframe of a publisher that is gone", () => {
  const ring = new Ring();
  ring.track.writer.close();
  expect(ring.rings((a) => a.requestKeyframe("failure"))).toBe(0);
});

describe("a publisher", () => {
  test("is asked at once when the bell was rung, and else when the words are looked at", () => {
    const session = new Session([section({})]);
    session.rtp(0, frame(1, true));
    session.turn(0);
    const now = 2 * SECOND + 1_000;
    session.runTo(0, now);
    session.readers[0]![0]!.requestKeyframe("join");
    expect(session.rung).toEqual([1]);
    expect(session.turn(now + 500).filter(isPli)).toEqual([]);
    session.publisher.heed();
    expect(session.publisher.nextTimeout()).toBeLessThanOrEqual(now + 500);
    expect(session.turn(now + 500).filter(isPli).length).toBe(1);
    // After that the words are looked at as often as before.
    expect(session.publisher.nextTimeout()).toBeGreaterThan(now + 500);
    expect(session.publisher.nextTimeout()).toBeLessThanOrEqual(now + 500 + SLEEP_MAX_US);
  });

  test("a keyframe ends the wish in the moment that it comes", () => {
    const session = new Session([section({})]);
    const reader = session.readers[0]![0]!;
    session.rtp(0, frame(1, true));
    session.turn(0);
    reader.requestKeyframe("failure");
    session.publisher.heed();
    session.turn(1_000);
    reader.requestKeyframe("failure");
    expect(session.rung).toEqual([1]);
    session.rtp(2_000, frame(2, true));
    reader.requestKeyframe("failure");
    expect(session.rung).toEqual([1, 1]);
  });
});

test("a crowd of wishes in one turn of the writer is one bell", () => {
  const block = WorkerBlock.create();
  const ring = createRing("video");
  let woken = 0;
  const bell = (): void => {
    if (block.mark(1)) woken += 1;
  };
  const readers = Array.from({ length: 8 }, (_, reader) => new RingReader(ring, reader, bell));
  block.fallAsleep();
  for (let i = 0; i < 1_000; i += 1) readers[i % 8]!.requestKeyframe("join");
  expect(woken).toBe(1);
});
