/** One picture of a stream, with and without a tail, in virtual time. */
import { expect, test } from "bun:test";
import type { TailStill } from "../../src/contract/tail.ts";
import { sourceOf, Track } from "../egress/harness.ts";
import { readByMediabunny, readByMp4box } from "../support/mp4-readers.ts";
import { Broadcast, READER, RingPublisher, STREAM } from "./broadcast.ts";
import { expectWell } from "./film.ts";

/** A stream that goes on, whose packager has its source. */
function shown(options: ConstructorParameters<typeof Broadcast>[0] = {}): Broadcast {
  const show = new Broadcast(options);
  show.command({ type: "source", stream: STREAM, source: show.publisher.source });
  return show;
}

const ask = (show: Broadcast) => show.command({ type: "tail-still", stream: STREAM });

const stills = ({ events }: Broadcast) =>
  events.filter((event): event is TailStill => event.type === "tail-still");

test("ST2 of a stream without a tail it is there at once, and its rings are let go", async () => {
  const show = shown({ keyframeEveryUs: 2_000_000 }).run(5);
  ask(show);
  ask(show);
  show.run(0.02);
  const [still, ...others] = stills(show);
  expect(others).toEqual([]);
  expect(still).toMatchObject({ stream: STREAM, reason: null });
  expect(show.publisher.wishes("segment")).toBe(0);
  expect(show.wants()).toEqual([false, false]);
  expect(show.packager.nextLook()).toBe(Number.POSITIVE_INFINITY);
  const { tracks } = readByMp4box(still!.file!);
  expect(tracks.map(({ samples }) => samples)).toMatchObject([[{ key: true, duration: 90_000 }]]);
  const [read] = await readByMediabunny(still!.file!);
  expect(read!.samples.map(({ key, md5 }) => ({ key, md5 }))).toEqual([
    { key: true, md5: tracks[0]!.samples[0]!.md5 },
  ]);
  expect(show.failures).toEqual([]);
});

test("a tail goes on beside it", () => {
  const show = new Broadcast().open().run(4);
  for (let i = 0; i < 5; i += 1) {
    ask(show);
    show.run(1);
    expect(show.wants()).toEqual([true, true]);
  }
  expect(stills(show).map(({ file }) => file !== null)).toEqual(Array(5).fill(true));
  expectWell(show);
  show.close();
  expect(show.wants()).toEqual([false, false]);
});

test("ST1 of the smallest layer that sends a keyframe is asked for, where none is cached", () => {
  const show = shown({ layers: 3, alone: true });
  const [top, middle, low] = show.publisher.video;
  top!.writer.setSize(1280, 720);
  middle!.writer.setSize(640, 360);
  low!.writer.setSize(320, 180);
  show.publisher.silent.add(low!);
  // Those of the beginning are too old to build on.
  show.run(25);
  ask(show);
  show.run(0.1);
  expect(stills(show)).toEqual([]);
  const wished = () =>
    show.publisher.video.map(({ writer }) => writer.keyframeRequests(READER + 1, "segment"));
  expect(wished()).toEqual([0, 0, 0]);
  show.run(0.6);
  expect(wished()).toEqual([0, 1, 0]);
  expect(stills(show)).toHaveLength(1);
  expect(stills(show)[0]!.file).not.toBeNull();
});

test("there is none where no keyframe comes, and that is told in time", () => {
  const show = shown({ answerUs: null }).run(25);
  ask(show);
  show.run(5.9);
  expect(stills(show)).toEqual([]);
  expect(show.publisher.wishes("segment")).toBe(6);
  show.run(0.2);
  expect(stills(show)).toMatchObject([{ file: null, reason: null }]);
  expect(show.wants()).toEqual([false, false]);
});

test("a source that can have none is told by its reason", () => {
  const show = shown();
  const tell = (video: Track[]) => {
    const source = sourceOf({ video });
    show.command({ type: "source", stream: STREAM, source });
    ask(show);
    show.run(0.1);
    return stills(show).at(-1)!.reason;
  };
  expect(tell([new Track("video")])).toBe("its video is VP8");
  expect(tell([])).toBe("it has no video");
});

test("what is sought is found in the source that comes, and the rings of the one before are let go", () => {
  const show = new Broadcast();
  ask(show);
  show.run(1);
  const deaf = new RingPublisher(show.now, { answerUs: null });
  deaf.pass(show.now + 100_000);
  show.command({ type: "source", stream: STREAM, source: deaf.source });
  show.publisher = new RingPublisher(show.now);
  show.command({ type: "source", stream: STREAM, source: show.publisher.source });
  show.run(0.2);
  expect(deaf.video[0]!.writer.wantedBy(READER)).toBeFalse();
  expect(stills(show)).toHaveLength(1);
  expect(stills(show)[0]!.file).not.toBeNull();
});
