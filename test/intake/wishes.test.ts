/** What a reader of the test's own wishes, and how often it rings the writer's bell for it. */
import { describe, expect, test } from "bun:test";
import { Wishes } from "../../src/intake/wishes.ts";
import { SLEEP_MAX_US } from "../../src/limits.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { ascii, build, isPli, RID_ID, Session, section, VP8_TYPE, vp8 } from "../ingest/harness.ts";

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

  test("segment-wish: is rung for a segment once, whatever viewers wait for", () => {
    const ring = new Ring();
    ring.readers[0]!.requestKeyframe("failure");
    ring.wishes.read(0);
    expect(ring.rings((_, b) => b.requestKeyframe("segment"))).toBe(1);
    ring.wishes.read(0);
    expect(ring.rings((_, b) => b.requestKeyframe("segment"))).toBe(0);
    ring.track.keyframes.keyframe(1);
    ring.readers[0]!.requestKeyframe("segment");
    ring.wishes.read(1);
    expect(ring.rings((a) => a.requestKeyframe("join"))).toBe(1);
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

test("segment-wish: a packager's wish on all layers is asked in one turn, and again a second later", () => {
  const rids = ["h", "m", "l"];
  const session = new Session([section({ rids })]);
  const [layers] = session.readers;
  const pictures = (now: number, sequence: number, keyframe: boolean): void => {
    rids.forEach((rid, i) => {
      const extensions = [[RID_ID, ascii(rid)] as const];
      const payload = vp8(keyframe);
      const timestamp = sequence * 3_000;
      session.rtp(
        now,
        build({ type: VP8_TYPE, ssrc: 9 + i, sequence, timestamp, payload, extensions }),
      );
    });
  };
  /** What a reader that cuts segments does: all of the stream's rings at once. */
  const cut = (now: number): number => {
    for (const reader of layers!) reader.requestKeyframe("segment");
    session.publisher.heed();
    return session.turn(now).filter(isPli).length;
  };
  pictures(0, 1, true);
  session.turn(0);
  // A viewer of one layer has just asked, and been answered.
  session.runTo(0, 3 * SECOND);
  layers![1]!.requestKeyframe("join");
  session.publisher.heed();
  expect(session.turn(3 * SECOND).filter(isPli).length).toBe(1);
  pictures(3.1 * SECOND, 2, true);
  expect(cut(3.2 * SECOND)).toBe(3);
  pictures(3.3 * SECOND, 3, true);
  expect(cut(3.4 * SECOND)).toBe(0);
  expect(session.turn(4.2 * SECOND).filter(isPli).length).toBe(3);
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
