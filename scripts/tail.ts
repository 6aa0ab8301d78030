/**
 * `bun run tail [--minutes N] [--layers 1|3]`: watches a tail in Chromium as long as that (10 minutes)
 * and prints how far behind it was (by the server's clock, and by the bar that the test picture shows),
 * how often it stalled, what changes of level cost, and how it came back from a publisher's absence, as
 * JSON; exit code 1 where a target is missed.
 */
import { parseArgs } from "node:util";
import { BAR_MS, TRAVEL_MS } from "../test/support/bar.ts";
import {
  lacksChromium,
  type Publisher,
  TestBrowser,
  type Watcher,
} from "../test/support/browser.ts";
import { told, watchOthers } from "../test/support/others.ts";
import { startServer } from "../test/support/server.ts";
import { until } from "../test/support/until.ts";

const SAMPLE_MS = 500;
/** A level is stayed on for so long. */
const LEVEL_MS = 20_000;
const ABSENCES_S = [3, 10, 25];
/** The bar goes round in four seconds: what is shown is less than so far behind. */
const BAR_MAX_MS = 3_500;
const TARGETS = { clockP50: 1_600, clockP95: 1_900, barP95: 2_000, stalls: 0, levelGap: 300 };

const PLAYER = `document.querySelector("spillway-player")`;
const WITNESS = `(() => {
  const { video } = ${PLAYER};
  window.seen = { stalls: 0, gaps: [] };
  video.addEventListener("waiting", () => { window.seen.stalls += 1; });
  let last = null;
  const note = (now, { width, presentedFrames }) => {
    if (last !== null && width !== last.width) {
      window.seen.gaps.push(Math.round((now - last.now) / (presentedFrames - last.number)));
    }
    last = { now, width, number: presentedFrames };
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
})()`;
const SAMPLE = `(() => {
  const { video, tail } = ${PLAYER};
  const behind = (Date.now() % ${TRAVEL_MS}) - ${BAR_MS}(video);
  return {
    clock: tail?.latencyMs ?? null,
    bar: ((behind % ${TRAVEL_MS}) + ${TRAVEL_MS}) % ${TRAVEL_MS},
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    soundBytes: video.webkitAudioDecodedByteCount,
    levels: (tail?.hls?.levels ?? []).map(({ height }) => height),
  };
})()`;

interface Sample {
  readonly clock: number | null;
  readonly bar: number;
  readonly time: number;
  readonly frames: number;
  readonly soundBytes: number;
  readonly levels: readonly number[];
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    layers: { type: "string", default: "3" },
  },
});
if (lacksChromium("tail")) process.exit(1);
const minutes = Number(values.minutes);
const layers = Number(values.layers);
if (!(minutes > 0) || ![1, 3].includes(layers)) {
  console.error("usage: bun run tail [--minutes N] [--layers 1|3]");
  process.exit(2);
}

const [server, browser] = await Promise.all([
  startServer("serve", { warmUp: true }),
  TestBrowser.open(),
]);
try {
  let publisher = await publish();
  const watcher = await browser.watch(server.base, "tail", "?tier=tail");
  await until("it plays", 20_000, async () => (await sample(watcher)).time > 2);
  // It finds its place by playing a little faster.
  await Bun.sleep(10_000);
  const others = watchOthers();
  const watched = await watch(watcher, minutes * 60_000);
  const machine = told(others());
  const returns: { readonly goneS: number; readonly backMs: number }[] = [];
  for (const goneS of ABSENCES_S) {
    await publisher.page.close();
    await Bun.sleep(goneS * 1000);
    publisher = await publish();
    returns.push({ goneS, backMs: await comesBack(watcher) });
  }
  const missed = missedBy(watched);
  console.log(JSON.stringify({ minutes, layers, ...watched, returns, missed, machine }, null, 2));
  if (missed.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await server.stop();
}

async function publish(): Promise<Publisher> {
  const simulcast = layers === 3 ? { layers: "simulcast-3" } : {};
  const options = { codec: "H264", width: 1280, height: 720, fps: 25, ...simulcast };
  const published = await browser.publish(server.base, "tail", options);
  await published.live(20_000);
  return published;
}

function sample({ page }: Watcher): Promise<Sample> {
  return page.evaluate<Sample>(SAMPLE);
}

async function watch(watcher: Watcher, ms: number) {
  await watcher.page.evaluate(WITNESS);
  const first = await sample(watcher);
  const clock: number[] = [];
  const bar: number[] = [];
  let chosen = 0;
  let chosenAt = performance.now();
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await Bun.sleep(SAMPLE_MS);
    const now = await sample(watcher);
    if (now.clock !== null) clock.push(now.clock);
    if (now.bar < BAR_MAX_MS) bar.push(now.bar);
    if (now.levels.length < 2 || performance.now() < chosenAt + LEVEL_MS) continue;
    chosenAt = performance.now();
    chosen += 1;
    const level = chosen % now.levels.length;
    const choice = `{ key: "${level}", shortSide: ${now.levels[level]} }`;
    await watcher.page.evaluate(`${PLAYER}.tail.choose(${choice})`);
  }
  const last = await sample(watcher);
  const seen = await watcher.page.evaluate<{ stalls: number; gaps: number[] }>("window.seen");
  return {
    clockMs: quantiles(clock),
    barMs: quantiles(bar),
    stalls: seen.stalls,
    chosen,
    levelGapsMs: seen.gaps,
    playedS: Math.round(last.time - first.time),
    pictures: last.frames - first.frames,
    soundBytes: last.soundBytes - first.soundBytes,
  };
}

/** Until a second of new pictures has come, ms. */
async function comesBack(watcher: Watcher): Promise<number> {
  const { frames } = await sample(watcher);
  const began = performance.now();
  await until("pictures come again", 30_000, async () => {
    return (await sample(watcher)).frames > frames + 25;
  });
  return Math.round(performance.now() - began);
}

function missedBy({ clockMs, barMs, stalls, levelGapsMs }: Awaited<ReturnType<typeof watch>>) {
  const missed: string[] = [];
  if (!(clockMs.p50 <= TARGETS.clockP50)) missed.push("clock p50");
  if (!(clockMs.p95 <= TARGETS.clockP95)) missed.push("clock p95");
  if (!(barMs.p95 <= TARGETS.barP95)) missed.push("bar p95");
  if (stalls > TARGETS.stalls) missed.push("stalls");
  if (Math.max(0, ...levelGapsMs) > TARGETS.levelGap) missed.push("level gap");
  // Levels that are never changed show nothing of what that costs.
  if (layers > 1 && levelGapsMs.length === 0) missed.push("no change of level");
  return missed;
}

function quantiles(values: readonly number[]) {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
  return { p50: at(0.5), p95: at(0.95), samples: sorted.length };
}
