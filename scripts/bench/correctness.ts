/**
 * `correctness`: a thousand viewers of a real clip lose nothing, get nothing twice, and what a
 * sample of them got decodes to the very pictures of the clip. Fails otherwise.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadReport } from "../../src/load/report.ts";
import { readMetrics } from "../../test/support/metrics.ts";
import { departure, pictureHashes } from "../../test/support/pictures.ts";
import {
  type Bench,
  EXECUTABLE,
  type RunningServer,
  runLoad,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";
import { LOAD_CORE, pinned } from "./pin.ts";

const CLIP_SECONDS = 10;
const FPS = 30;
const DECODED = 10;
const PUBLISH_TIMEOUT_MS = 10_000;

export const correctness: Bench = {
  name: "correctness",
  summary: "1,000 viewers for 60 s: nothing lost, nothing doubled, a sample decodes exactly.",
  conditions: {
    source: "H.264 clip of 640x360 at 30 fps, 0.6 Mb/s, and Opus, by spillway publish --loop",
    warmUp: WARMED_UP,
    decoded: `${DECODED} viewers' streams by ffmpeg -xerror; each picture's hash is the clip's`,
  },
  async run({ quick }, row) {
    const folder = mkdtempSync(join(tmpdir(), "spillway-correctness-"));
    const server = await startSpillway();
    try {
      const clip = join(folder, "clip.mp4");
      makeClip(clip);
      await warmUp(server, 600_000, false, quick);
      const publisher = await publish(server, clip);
      let report: LoadReport;
      try {
        report = await watch(server, folder, quick ? 100 : 1000, quick ? 4 : 60);
      } finally {
        publisher.kill();
        await publisher.exited;
      }
      const faults = [...faultsOf(report), ...(await decodeFaults(report, clip))];
      row({
        viewers: report.viewers,
        joined: report.join.connected,
        seconds: report.traffic.seconds,
        packets: report.traffic.packets,
        lost: report.quality.lost,
        duplicates: report.quality.duplicates,
        "cpu %": report.server?.cpuPercent ?? null,
        decoded: report.recordings.length,
        pictures: report.recordings.reduce((sum, { frames }) => sum + frames, 0),
        faults: faults.length,
      });
      for (const fault of faults) console.error(`correctness: ${fault}`);
      if (faults.length > 0) process.exitCode = 1;
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  },
};

/** Its pictures are all different, so that each place in it is known by its hash. */
function makeClip(path: string): void {
  const seconds = String(CLIP_SECONDS);
  const made = Bun.spawnSync([
    ...["ffmpeg", "-v", "error", "-f", "lavfi", "-i", `testsrc2=size=640x360:rate=${FPS}`],
    ...["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", seconds],
    ...["-c:v", "libx264", "-preset", "fast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"],
    ...["-b:v", "600k", "-maxrate", "600k", "-bufsize", "600k", "-g", "60", "-bf", "0"],
    ...["-c:a", "libopus", "-b:a", "32k", path],
  ]);
  if (!made.success) throw new Error(`ffmpeg makes no clip: ${made.stderr.toString().trim()}`);
}

async function publish(server: RunningServer, clip: string): Promise<Bun.Subprocess> {
  const command = [EXECUTABLE, "publish", clip, server.whip("clip"), "--loop"];
  const publisher = Bun.spawn(pinned(LOAD_CORE, command), { stdio: ["ignore", "ignore", "pipe"] });
  const end = performance.now() + PUBLISH_TIMEOUT_MS;
  const { origin } = new URL(server.whep("clip"));
  const keyframes = async () => (await readMetrics(origin)).sum("worker_keyframes_in_total");
  const before = await keyframes();
  while ((await keyframes()) === before) {
    if (publisher.exitCode !== null || performance.now() > end) {
      publisher.kill();
      throw new Error(`publishing failed: ${await new Response(publisher.stderr).text()}`);
    }
    await Bun.sleep(100);
  }
  return publisher;
}

function watch(server: RunningServer, folder: string, viewers: number, seconds: number) {
  return runLoad(server, [
    server.whep("clip"),
    ...["--viewers", String(viewers), "--rate", "50", "--duration", String(seconds)],
    ...["--sample", String(viewers / DECODED), "--record", join(folder, "recorded")],
  ]);
}

/** What is wrong with what all viewers got, by their packets' numbers. */
function faultsOf({ viewers, join, quality, sample }: LoadReport): string[] {
  const faults = {
    "viewers did not join": viewers - join.connected,
    "packets lost": quality.lost,
    "packets doubled": quality.duplicates,
    "packets forged": quality.authFailures,
    "packets malformed": quality.malformed,
    "frames broken": sample.framesBroken,
  };
  return Object.entries(faults)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${count} ${what}`);
}

/** What is wrong with the pictures of the sample. */
async function decodeFaults(report: LoadReport, clip: string): Promise<string[]> {
  const faults: string[] = [];
  if (report.recordings.length !== DECODED) {
    faults.push(`${report.recordings.length} viewers recorded instead of ${DECODED}`);
  }
  const pictures = await pictureHashes(clip);
  if (new Set(pictures).size !== CLIP_SECONDS * FPS) faults.push("the clip repeats itself");
  // The frame that the end cuts off is not in the file.
  const least = Math.floor(FPS * report.traffic.seconds) - 1;
  for (const { file, frames } of report.recordings) {
    try {
      const seen = await pictureHashes(file);
      const at = departure(seen, pictures);
      if (at >= 0) faults.push(`${file}: picture ${at} is not the one that follows in the clip`);
      if (seen.length !== frames) faults.push(`${file}: ${seen.length} of ${frames} decode`);
      if (frames < least) faults.push(`${file}: ${frames} pictures, ${least} expected`);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return faults;
}
