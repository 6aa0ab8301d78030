/** The compiled executable as server and as load. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import type { LoadReport } from "../../src/load/report.ts";
import { binary } from "../support/binary.ts";
import { departure, pictureHashes } from "../support/pictures.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const DEMO = resolve(import.meta.dir, "../../src/cli/demo.mp4");

let server: TestServer;
beforeAll(async () => {
  server = await startServer("serve", { args: ["--egress-workers", "1"] });
}, SETUP_MS);
afterAll(() => server?.stop());

async function load(...args: string[]): Promise<{ code: number; report: LoadReport; err: string }> {
  const child = Bun.spawn([await binary(), "load", ...args, "--json"], {
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  return { code, err, report: (out === "" ? null : JSON.parse(out)) as LoadReport };
}

timed(
  "20 viewers for 3 s lose nothing, get nothing twice, and see whole frames",
  async () => {
    const { code, report, err } = await load(
      `${server.base}/whep/twenty`,
      ...["--publish", `${server.base}/whip/twenty`, "--bitrate", "600k", "--spread", "15"],
      ...["--viewers", "20", "--duration", "3", "--decode-check", "--capture-time"],
      ...["--server-pid", String(server.pid)],
    );
    expect(err).toBe("");
    expect(report.join).toMatchObject({ attempted: 20, connected: 20, failed: 0, failures: {} });
    expect(report.quality).toMatchObject({ lost: 0, duplicates: 0, authFailures: 0, malformed: 0 });
    expect(report.sample.framesBroken + report.sample.stampBreaks).toBe(0);
    // 30 pictures and 50 packets of sound a second, for all twenty.
    inTime(() => expect(report.sample.framesComplete).toBeGreaterThan(20 * 80 * 2.5));
    expect(report.join.firstKeyframeMs?.samples).toBe(20);
    inTime(() => expect(report.traffic.delayMs!.p50).toBeLessThan(100));
    // One packet of each picture, of which there are some.
    const { delayMs, frameDelayMs } = report.traffic;
    expect(frameDelayMs!.samples).toBeWithin(20 * 30 * 2.5, delayMs!.samples / 2);
    expect(report.traffic.captureDelayMs!.samples).toBeGreaterThan(0);
    // A frame each 33 ms.
    const { longestGapMs, longestFreezeMs } = report.traffic;
    expect([longestGapMs!.samples, longestFreezeMs!.samples]).toEqual([20, 20]);
    inTime(() => expect(longestFreezeMs!.max).toBeWithin(25, 500));
    expect(report.server!.cpuUsPerPacket!).toBeGreaterThan(0);
    expect(code).toBe(0);
  },
  60_000,
);

test("what simulated loss takes, NACKs bring back", async () => {
  const { report } = await load(
    `${server.base}/whep/lossy`,
    ...["--publish", `${server.base}/whip/lossy`, "--bitrate", "600k", "--loss", "2"],
    ...["--viewers", "5", "--duration", "3"],
  );
  expect(report.quality.simulatedLoss).toBeGreaterThan(10);
  expect(report.quality.nacksSent).toBeGreaterThan(0);
  expect(report.quality.recovered).toBeGreaterThan(report.quality.simulatedLoss / 2);
}, 240_000);

/** Widths of what a stream's publisher sends, by rid. */
async function layersOf(stream: string): Promise<string> {
  const { sessions } = (await server.api(`/streams/${stream}`)) as {
    sessions: { kind: string; tracks: { rid: string | null; width: number | null }[] }[];
  };
  const tracks = sessions.find(({ kind }) => kind === "publisher")?.tracks ?? [];
  const layers = tracks.flatMap(({ rid, width }) => (rid === null ? [] : [`${rid} ${width}`]));
  return layers.sort().join(", ");
}

test("three layers are a picture each, of which a viewer gets one", async () => {
  const watching = load(
    `${server.base}/whep/layered`,
    ...["--publish", `${server.base}/whip/layered`, "--bitrate", "600k", "--layers", "3"],
    ...["--viewers", "2", "--duration", "3"],
  );
  const layers = async (): Promise<string> => await layersOf("layered").catch(() => "");
  const all = async () => (await layers()) === "f 1280, h 640, q 320";
  await until("all layers are there", 15_000, all, layers);
  const { code, report, err } = await watching;
  expect([code, err]).toEqual([0, ""]);
  expect(report.quality).toMatchObject({ lost: 0, duplicates: 0, malformed: 0 });
  expect(report.sample.framesBroken).toBe(0);
  // Not all three.
  expect(report.traffic.viewerKbps!.max).toBeLessThan(500);
}, 60_000);

async function isLive(stream: string): Promise<boolean> {
  const { sessions } = (await server.api("/sessions")) as {
    sessions: { stream: string; role: string; state: string }[];
  };
  return sessions.some((each) => each.stream === stream && each.state === "connected");
}

test("what is recorded of a real clip is that clip, picture by picture", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-record-"));
  const vp8 = join(folder, "clip.webm");
  const made = Bun.spawnSync([
    ...["ffmpeg", "-v", "error", "-f", "lavfi"],
    ...["-i", "testsrc2=size=320x180:rate=30:duration=2"],
    ...["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "400k", "-g", "30", vp8],
  ]);
  expect(made.stderr.toString()).toBe("");
  const record = async (clip: string, file: string, name: string) => {
    const publisher = Bun.spawn(
      [await binary(), "publish", clip, `${server.base}/whip/${name}`, "--loop", "--no-audio"],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    try {
      await until("it is live", 10_000, () => isLive(name));
      const { code, report } = await load(
        ...[`${server.base}/whep/${name}`, "--viewers", "4", "--sample", "2", "--no-audio"],
        ...["--duration", "2", "--decode-check", "--record", join(folder, name)],
      );
      expect(code).toBe(0);
      expect(report.recordings.map((each) => extname(each.file))).toEqual([file, file]);
      const pictures = await pictureHashes(clip === "demo:" ? DEMO : clip);
      for (const each of report.recordings) {
        const seen = await pictureHashes(each.file);
        expect(seen.length).toBe(each.frames);
        expect(seen.length).toBeGreaterThan(60);
        expect(departure(seen, pictures)).toBe(-1);
      }
    } finally {
      publisher.kill();
      await publisher.exited;
    }
  };
  try {
    await Promise.all([record("demo:", ".h264", "clip-h264"), record(vp8, ".ivf", "clip-vp8")]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 240_000);

test("viewers of no stream are told so, and the exit code says it", async () => {
  const { code, report } = await load(
    `${server.base}/whep/nobody`,
    "--viewers",
    "3",
    "--duration",
    "1",
  );
  expect(code).toBe(1);
  expect(report.join).toMatchObject({ attempted: 3, connected: 0, failed: 3 });
  expect(Object.keys(report.join.failures)[0]).toContain("answered 4");
}, 240_000);

test("a refused publisher ends the load with one line", async () => {
  const { code, err } = await load("--publish", `${server.base}/nowhere/x`, "--duration", "1");
  expect(code).toBe(1);
  expect(err).toStartWith("spillway: publishing failed: ");
  expect(err.trim().split("\n").length).toBe(1);
}, 240_000);
