import { expect, test } from "bun:test";
import { EncodedPacket, type EncodedPacketSink } from "mediabunny";
import { OUT_OF_ORDER, type PlaybackItem } from "../../src/client/file-pass.ts";
import type { FrameForm } from "../../src/client/frame-form.ts";
import { Playback } from "../../src/client/playback.ts";
import type { SendableTrack } from "../../src/client/sendable-track.ts";
import type { MediaKind } from "../../src/wire/codecs.ts";

/** Time in ms, and what the form makes of it: a key, a delta, or broken. */
type Frame = readonly [ms: number, kind: "key" | "delta" | "broken"];

const KINDS = ["key", "delta", "broken"];

/** Looks at the first byte. */
const form: FrameForm = {
  form: (frame) => (frame[0] === 2 ? "it is broken" : { data: frame, key: frame[0] === 0 }),
  reset: () => {},
};

/** A track of frames that last `stepMs`, without a file. */
function track(kind: MediaKind, frames: readonly Frame[], stepMs: number): SendableTrack {
  const packets = frames.map(
    ([ms, what], index) =>
      new EncodedPacket(
        Uint8Array.of(kind === "audio" ? 0xfc : KINDS.indexOf(what), 1, 2),
        what === "key" ? "key" : "delta",
        ms / 1000,
        stepMs / 1000,
        index,
      ),
  );
  const before = (seconds: number, keys: boolean) =>
    packets.findLast((packet) => packet.timestamp <= seconds && (!keys || packet.type === "key")) ??
    null;
  const sink = {
    async *packets(start?: EncodedPacket) {
      yield* packets.slice(start === undefined ? 0 : packets.indexOf(start));
    },
    getPacket: async (seconds: number) => before(seconds, false),
    getKeyPacket: async (seconds: number) => before(seconds, true),
  };
  return {
    kind,
    track: { codec: kind === "audio" ? "opus" : "vp8", clockRate: 90_000, channels: 1, fmtp: "" },
    sink: sink as unknown as EncodedPacketSink,
    form: kind === "audio" ? null : form,
    firstUs: Math.round(frames[0]![0] * 1000),
  };
}

const run = (count: number, stepMs: number, startMs = 0, keys = 10): Frame[] =>
  Array.from({ length: count }, (_, i) => [startMs + i * stepMs, i % keys === 0 ? "key" : "delta"]);

async function take(playback: Playback, count = 10_000): Promise<PlaybackItem[]> {
  const items: PlaybackItem[] = [];
  while (items.length < count) {
    const item = await playback.next();
    if (item === null) break;
    items.push(item);
  }
  return items;
}

const times = (items: readonly PlaybackItem[], kind: MediaKind) =>
  items.filter((item) => item.kind === kind).map((item) => item.timeUs / 1000);

test("sound and picture keep their distance, whichever begins first and wherever the clock begins", async () => {
  for (const [videoMs, audioMs, firstVideo, firstAudio] of [
    [0, -6.5, 0, -6.5],
    [10_000, 10_500, 0, 500],
    [-1_500, 0, 0, 1_500],
    [2_000, 0, 2_000, 0],
  ] as const) {
    const video = track("video", run(30, 40, videoMs), 40);
    const audio = track("audio", run(60, 20, audioMs), 20);
    const items = await take(new Playback([video, audio], false));
    expect([times(items, "video")[0], times(items, "audio")[0]]).toEqual([firstVideo, firstAudio]);
    expect(items.map((item) => item.timeUs)).toEqual(
      items.map((item) => item.timeUs).sort((a, b) => a - b),
    );
  }
});

test("a loop has no step in the picture, and none in sound that ends with it", async () => {
  const video = track("video", run(25, 40), 40);
  // Sound ends in the middle of its last packet.
  const audio = track("audio", run(51, 20, -6.5), 20);
  const items = await take(new Playback([video, audio], true), 400);
  for (const [kind, step] of [
    ["video", 40],
    ["audio", 20],
  ] as const) {
    const all = times(items, kind);
    for (let i = 1; i < all.length; i += 1) expect(all[i]! - all[i - 1]!).toBeCloseTo(step, 6);
  }
});

test("sound that goes on for longer than the picture is not cut", async () => {
  const video = track("video", run(25, 40), 40);
  const audio = track("audio", run(100, 20), 20);
  const items = await take(new Playback([video, audio], true), 260);
  expect(times(items, "audio").slice(0, 101).at(-1)).toBe(2_000);
  expect(times(items, "video")[25]).toBe(2_000);
});

test("what comes before the first keyframe is left out without a word", async () => {
  const frames: Frame[] = [[0, "delta"], [40, "delta"], ...run(5, 40, 80)];
  expect(times(await take(new Playback([track("video", frames, 40)], false)), "video")).toEqual([
    80, 120, 160, 200, 240,
  ]);
});

test("F5: a frame that cannot be sent is told, and the picture goes on at the next keyframe", async () => {
  const frames = run(30, 40);
  frames[12] = [480, "broken"];
  const items = await take(new Playback([track("video", frames, 40)], false));
  const refused = items.flatMap((item) =>
    "refused" in item ? [`${item.timeUs / 1000} ${item.refused}`] : [],
  );
  expect(refused[0]).toBe("480 it is broken");
  expect(refused.slice(1)).toEqual(
    [520, 560, 600, 640, 680, 720, 760].map((ms) => `${ms} it builds on a frame that was left out`),
  );
  expect(items.length - refused.length).toBe(22);
});

test("a clock that goes back is told; two frames of one millisecond are none", async () => {
  const frames: Frame[] = [
    [0, "key"],
    [33, "delta"],
    [33, "delta"],
    [10, "delta"],
    [66, "key"],
  ];
  const items = await take(new Playback([track("video", frames, 33)], false));
  expect(items.map((item) => ("refused" in item ? item.refused : item.timeUs))).toEqual([
    0,
    33_000,
    33_100,
    OUT_OF_ORDER,
    66_000,
  ]);
});

test("a pause of up to a minute is kept, a longer gap of all tracks is closed", async () => {
  const pause: Frame[] = [
    [0, "key"],
    [59_000, "key"],
    [59_040, "delta"],
  ];
  const kept = new Playback([track("video", pause, 40)], false);
  expect(times(await take(kept), "video")).toEqual([0, 59_000, 59_040]);
  expect(kept.gapsClosed).toBe(0);
  const jump: Frame[] = [
    [0, "key"],
    [3_600_000, "key"],
    [3_600_040, "delta"],
  ];
  const closed = new Playback([track("video", jump, 40)], false);
  expect(times(await take(closed), "video")).toEqual([0, 40, 80]);
  expect(closed.gapsClosed).toBe(1);
  const sound = track("audio", run(5_000, 20), 20);
  const over = new Playback(
    [
      track(
        "video",
        [
          [0, "key"],
          [90_000, "key"],
        ],
        40,
      ),
      sound,
    ],
    false,
  );
  expect(times(await take(over), "video")).toEqual([0, 90_000]);
});

test("F6: a place is taken up at the keyframe before it, in the pass where it lies", async () => {
  const tracks = [track("video", run(25, 40), 40), track("audio", run(50, 20), 20)];
  const playback = new Playback(tracks, true);
  await take(playback, 30);
  await playback.seek(520_000);
  const again = await take(playback, 4);
  expect(times(again, "video")[0]).toBe(400);
  expect("key" in again[0]! && again.find((item) => item.kind === "video")).toMatchObject({
    key: true,
  });
  expect(times(again, "audio")[0]).toBe(400);
  // Into the second pass, which begins at 1 s.
  await take(playback, 75);
  await playback.seek(1_100_000);
  expect(times(await take(playback, 4), "video")[0]).toBe(1_000);
  await playback.seek(1_850_000);
  expect(times(await take(playback, 4), "video")[0]).toBe(1_800);
});

test("a time that no clock has is an error", async () => {
  const broken = track(
    "video",
    [
      [0, "key"],
      [1e300, "delta"],
    ],
    40,
  );
  await expect(take(new Playback([broken], false))).rejects.toThrow("a frame without a time");
});
