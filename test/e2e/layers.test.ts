/** A viewer's layer changes at random while Chromium decodes: it never has to ask for a keyframe. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, type Report, TestBrowser, type Watcher } from "../support/browser.ts";
import { chooseLayer, videoOf, watchLayers } from "../support/layer-choice.ts";
import { LONG } from "../support/long.ts";
import { readMetrics } from "../support/metrics.ts";
import { seeded } from "../support/random.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const WALK_MS = LONG ? 20_000 : 8_000;
/** The first of one for each case, with which each size is chosen for a second in that time. */
const SEED = 1798;
/** Between two choices of the driver. */
const STAY_MIN_MS = 500;
const STAY_MAX_MS = 1_500;
/** A keyframe may take as long: the publisher is asked, and asked again after half a second. */
const GAP_MAX_MS = 1_500;
const PLIS = "worker_plis_received_total";
const EGRESS = `worker="egress`;

const CASES = [
  { codec: "VP8", layers: "simulcast-3", sizes: 3 },
  { codec: "H264", layers: "simulcast-3", sizes: 3 },
  { codec: "VP9", layers: "L3T3", sizes: 3 },
  { codec: "VP9", layers: "L3T3_KEY", sizes: 3 },
  { codec: "AV1", layers: "L3T3", sizes: 3 },
] as const;

describe.skipIf(lacksChromium("layers in Chromium"))("layers in Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  for (const { codec, layers, sizes } of CASES) {
    timed(
      `${codec} ${layers}`,
      async () => {
        const seed = CASES.findIndex((one) => one.codec === codec && one.layers === layers) + SEED;
        const name = `layers/${codec}/${layers}`;
        const publisher = await browser.publish(server.base, name, {
          ...{ codec, layers, width: 1280, height: 720, fps: 25, audio: "none" },
        });
        await publisher.live();
        const { watcher, layerUrl } = await watchLayers(browser, server.base, name);
        const first = await watcher.receives("pictures", ({ frames }) => frames > 30, 30_000);
        expect(first.codec).toBe(codec);
        const before = await videoOf(watcher);
        const metrics = await readMetrics(server.base);
        const walked = await walk(watcher, layerUrl, seed, layers.startsWith("L"));
        const after = await videoOf(watcher);
        const grown = (key: string) => Number(after[key] ?? 0) - Number(before[key] ?? 0);
        const told = {
          ...walked,
          frames: grown("framesDecoded"),
          keyframes: grown("keyFramesDecoded"),
          plis: grown("pliCount") + grown("firCount"),
          freezes: grown("freezeCount"),
          freezeMs: Math.round(grown("totalFreezesDuration") * 1000),
          dropped: grown("framesDropped"),
          lost: grown("packetsLost"),
          nacks: grown("nackCount"),
        };
        console.log(`${codec} ${layers}, seed ${seed}: ${JSON.stringify(told)}`);
        expect(told.plis).toBe(0);
        const received = await readMetrics(server.base);
        expect(received.sum(PLIS, EGRESS) - metrics.sum(PLIS, EGRESS)).toBe(0);
        inTime(() => {
          expect(told.sizes).toBeGreaterThanOrEqual(sizes);
          expect(told.longestGapMs).toBeLessThan(GAP_MAX_MS);
          expect(told.frames).toBeGreaterThan((WALK_MS / 1000) * 6);
        });
        expect(browser.pageErrors).toEqual([]);
      },
      90_000,
    );
  }

  test("AV1 L3T3 to a client that offers no dependency descriptor: the smallest picture plays", async () => {
    const options = { codec: "AV1", layers: "L3T3", width: 1280, height: 720, fps: 25 };
    await (await browser.publish(server.base, "flat", { ...options, audio: "none" })).live();
    const page = await browser.open(`${server.base}/readyz`);
    await page.evaluate(PLAIN_CLIENT);
    const seen = async (): Promise<Report> =>
      (await page.evaluate("plainVideo()")) as unknown as Report;
    const many = async () => Number((await seen()).framesDecoded ?? 0) > 100;
    await until("pictures", 20_000, many, seen);
    expect(await seen()).toMatchObject({ frameWidth: 320, frameHeight: 180, pliCount: 0 });
    expect(browser.pageErrors).toEqual([]);
  }, 240_000);
});

/** A WHEP client as short as can be, which offers what the browser offers by itself. */
const PLAIN_CLIENT = `(async () => {
  const pc = new RTCPeerConnection();
  pc.addTransceiver("video", { direction: "recvonly" });
  pc.ontrack = ({ track }) => {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
    document.body.append(video);
  };
  await pc.setLocalDescription();
  const headers = { "Content-Type": "application/sdp" };
  const body = pc.localDescription.sdp;
  const answer = await fetch("/whep/flat", { method: "POST", headers, body });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  window.plainVideo = async () =>
    [...(await pc.getStats()).values()].find(({ type }) => type === "inbound-rtp") ?? {};
})()`;

interface Walked {
  readonly choices: number;
  /** Widths of pictures that were decoded. */
  readonly sizes: number;
  /** Longest time in which no frame was decoded, as seen every 50 ms. */
  readonly longestGapMs: number;
}

/** Chooses layers at random for a while and looks on. */
async function walk(
  watcher: Watcher,
  layerUrl: string,
  seed: number,
  scalable: boolean,
): Promise<Walked> {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  const widths = new Set<unknown>();
  const started = performance.now();
  let choices = 0;
  let nextAt = 0;
  let frames = -1;
  let frameAt = started;
  let longestGapMs = 0;
  while (performance.now() - started < WALK_MS) {
    if (performance.now() >= nextAt) {
      nextAt = performance.now() + STAY_MIN_MS + random() * (STAY_MAX_MS - STAY_MIN_MS);
      choices += 1;
      await chooseLayer(layerUrl, choiceOf(pick, scalable));
    }
    const video = await videoOf(watcher);
    const now = performance.now();
    if (video.framesDecoded !== frames) {
      frames = Number(video.framesDecoded);
      frameAt = now;
      widths.add(video.frameWidth);
    }
    longestGapMs = Math.max(longestGapMs, Math.round(now - frameAt));
    await Bun.sleep(50);
  }
  return { choices, sizes: widths.size, longestGapMs };
}

function choiceOf(pick: (limit: number) => number, scalable: boolean): object {
  if (pick(6) === 0) return {};
  if (scalable) return { spatialLayerId: pick(3), temporalLayerId: pick(3) };
  // A rid holds whatever the network is believed to carry.
  return { rid: ["q", "h", "f"][pick(3)] };
}
