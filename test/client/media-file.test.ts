import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEMO_CLIP_PATH } from "../../src/cli/demo-clip.ts";
import type { MediaFrame } from "../../src/client/media.ts";
import { openMediaFile } from "../../src/client/media-file.ts";
import type { Playback } from "../../src/client/playback.ts";

const BOTH = { audio: true, video: true };
const open = (path: string, selection = BOTH) => openMediaFile(Bun.file(path), path, selection);

async function take(playback: Playback, count: number): Promise<MediaFrame[]> {
  const taken: MediaFrame[] = [];
  while (taken.length < count) {
    const item = await playback.next();
    if (item === null) break;
    if ("refused" in item) throw new Error(item.refused);
    taken.push(item);
  }
  return taken;
}

test("the demo clip: constrained baseline, a keyframe each second, sound without a gap", async () => {
  const file = await open(DEMO_CLIP_PATH);
  expect(file.track("video")).toMatchObject({ codec: "h264", clockRate: 90_000 });
  expect(file.track("video")?.fmtp).toContain("profile-level-id=42c01f");
  expect(file.track("audio")).toMatchObject({ codec: "opus", clockRate: 48_000, channels: 2 });
  expect(file.durationUs).toBe(12_000_000);
  const frames = await take(file.play(false), 10_000);
  file.close();
  const video = frames.filter((frame) => frame.kind === "video");
  const keys = video.filter((frame) => frame.key).map((frame) => frame.timeUs);
  expect(keys).toEqual(Array.from({ length: 12 }, (_, second) => second * 1_000_000));
  expect(video).toHaveLength(360);
  expect(frames.filter((frame) => frame.kind === "audio")).toHaveLength(600);
  expect(frames.map((frame) => frame.timeUs)).toEqual(
    frames.map((frame) => frame.timeUs).sort((a, b) => a - b),
  );
});

test("a loop goes on at the same pace: no step in either track", async () => {
  const file = await open(DEMO_CLIP_PATH);
  const frames = await take(file.play(true), 2500);
  file.close();
  for (const [kind, step] of [
    ["audio", 20_000],
    ["video", 33_333],
  ] as const) {
    const times = frames.filter((frame) => frame.kind === kind).map((frame) => frame.timeUs);
    expect(times.at(-1)).toBeGreaterThan(24_000_000);
    for (let i = 1; i < times.length; i += 1) {
      expect(Math.abs(times[i]! - times[i - 1]! - step)).toBeLessThanOrEqual(2);
    }
  }
});

test("one track alone", async () => {
  const file = await open(DEMO_CLIP_PATH, { audio: false, video: true });
  expect(file.track("audio")).toBeNull();
  expect((await take(file.play(false), 50)).every((frame) => frame.kind === "video")).toBe(true);
  file.close();
});

const ffmpeg = Bun.which("ffmpeg");
if (ffmpeg === null) console.log("skipped: files of other kinds (needs ffmpeg)");

test.skipIf(ffmpeg === null)(
  "what cannot be sent is refused with a command that helps",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-media-"));
    const make = (name: string, ...args: string[]): string => {
      const source = ["-f", "lavfi", "-i", "testsrc=s=160x90:d=1", "-f", "lavfi", "-i", "sine=d=1"];
      const format = ["-pix_fmt", "yuv420p", ...args, join(folder, name)];
      const command = [ffmpeg!, "-loglevel", "error", "-y", ...source, ...format];
      expect(Bun.spawnSync(command).stderr.toString()).toBe("");
      return join(folder, name);
    };
    try {
      const aac = make("aac.mp4", "-c:v", "libx264", "-bf", "0", "-c:a", "aac");
      await expect(open(aac)).rejects.toThrow(/audio is aac.*ffmpeg -i .*libopus/);
      const reordered = make(
        "b.mp4",
        "-c:v",
        "libx264",
        "-bf",
        "3",
        "-x264-params",
        "b-adapt=0",
        "-an",
      );
      await expect(open(reordered)).rejects.toThrow(/B-frames.*ffmpeg -i .*-bf 0/);
      const vp8 = await open(make("vp8.webm", "-c:v", "libvpx", "-c:a", "libopus"));
      expect(vp8.track("video")?.codec).toBe("vp8");
      expect((await take(vp8.play(false), 500)).length).toBeGreaterThan(60);
      vp8.close();
      await Bun.write(join(folder, "text.mp4"), "no media here");
      await expect(open(join(folder, "text.mp4"))).rejects.toThrow(
        /not a readable MP4 or WebM file/,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
