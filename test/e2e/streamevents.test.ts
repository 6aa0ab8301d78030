/** A caption and a line of chat in Chromium: on both tiers at the same picture, seconds apart. */
import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { BAR_MS, TRAVEL_MS } from "../support/bar.ts";
import { lacksChromium, TestBrowser, type Watcher } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

/** Between the picture that it is about and the one that is shown when it comes. */
const APART_MAX_MS = 100;

/** Notes what comes, with the capture time of what is shown then, and where the bar stands in it. */
const WITNESS = `(() => {
  const player = document.querySelector("spillway-player");
  const barMs = ${BAR_MS};
  window.came = [];
  player.addEventListener("streamevent", ({ detail }) => {
    const { video, captureTime, tier } = player;
    const cues = [...video.textTracks].flatMap((track) =>
      track.mode === "showing" ? [...(track.activeCues ?? []), ...track.cues] : []);
    const texts = [...new Set(cues.map(({ text }) => text))];
    window.came.push({ ...detail, tier, offMs: captureTime - detail.at, barMs: barMs(video), texts });
  });
})()`;

interface Came {
  readonly type: string;
  readonly tier: string;
  readonly at: number;
  readonly data: { readonly text?: string };
  readonly offMs: number;
  readonly barMs: number;
  readonly texts: readonly string[];
}

const WHAT = "events of streams in Chromium";

describe.skipIf(lacksChromium(WHAT) || isShort(WHAT))(WHAT, () => {
  let server: TestServer;
  let browser: TestBrowser;
  /** One a run: what was said in the run before is kept. */
  let name = "";
  let runs = 0;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve"), TestBrowser.open()]);
  }, SETUP_MS);
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  async function watch(query: string, chat: boolean): Promise<Watcher> {
    const watcher = await browser.watch(server.base, name, query);
    const player = `document.querySelector("spillway-player")`;
    await watcher.page.evaluate(`(() => {
      for (const name of ["captions"${chat ? ', "chat"' : ""}]) {
        ${player}.setAttribute(name, "");
      }
    })()`);
    await watcher.page.evaluate(WITNESS);
    const state = () =>
      watcher.page.evaluate<string>(
        `[${player}.tier, ${player}.captureTime, ${player}.video.currentTime].join()`,
      );
    const plays = async () =>
      watcher.page.evaluate<boolean>(
        `${player}.captureTime !== null && ${player}.latency?.basis === "capture" && ${player}.video.currentTime > 1`,
      );
    await until(`it plays ${query}`, 20_000, plays, state);
    return watcher;
  }

  const came = ({ page }: Watcher, type: string) =>
    page.evaluate<Came[]>(`window.came.filter(({ type }) => type === "${type}")`);

  /** Says something of a picture that comes soon, when the bar is in the middle. */
  async function say(type: string, text: string): Promise<number> {
    const from = Date.now() + 1_200;
    const at = from + ((TRAVEL_MS / 2 - (from % TRAVEL_MS) + TRAVEL_MS) % TRAVEL_MS);
    const response = await fetch(`${server.base}/events/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ type, at, data: { text } }),
    });
    expect(response.status).toBe(201);
    return at;
  }

  timed(
    "a caption and a line of chat come at the same picture on both tiers, and captions stand in it",
    async () => {
      runs += 1;
      name = `talk-${runs}`;
      await (await browser.publish(server.base, name, { codec: "H264", fps: 30 })).live();
      const [realtime, tail, crowd] = await Promise.all([
        watch("?tier=realtime", false),
        watch("?tier=tail", true),
        watch("?tier=tail", false),
      ]);
      const text = "one & <b>two</b>";
      const lines: [string, readonly Watcher[]][] = [
        ["caption", [realtime, tail, crowd]],
        ["chat", [realtime, tail]],
      ];
      for (const [type, watchers] of lines) {
        const at = await say(type, text);
        for (const watcher of watchers) {
          const shown = async () => (await came(watcher, type)).length > 0;
          await until(`a ${type} comes`, 15_000, shown, () => came(watcher, type));
        }
        const all = await Promise.all(watchers.map((watcher) => came(watcher, type)));
        const seen = all.map(([first]) => first!);
        for (const each of all) expect(each.length).toBe(1);
        for (const { tier, offMs, barMs } of seen) {
          const bar = Math.round(barMs - (at % TRAVEL_MS));
          console.log(
            `${type} on ${tier}: ${Math.round(offMs)} ms by its clock, ${bar} ms by the bar`,
          );
        }
        inTime(() => {
          for (const { offMs } of seen) expect(Math.abs(offMs)).toBeLessThanOrEqual(APART_MAX_MS);
          const bars = seen.map(({ barMs }) => barMs);
          expect(Math.max(...bars) - Math.min(...bars)).toBeLessThanOrEqual(APART_MAX_MS);
        });
        for (const { data, texts } of seen) {
          expect(data.text).toBe(text);
          if (type === "caption") expect(texts).toEqual(["one &amp; &lt;b&gt;two&lt;/b&gt;"]);
        }
      }
      expect(await came(crowd, "chat")).toEqual([]);
      // Whoever watches answers what he sees.
      await tail.page.evaluate(
        `document.querySelector("spillway-player").send("chat", { text: "I see" })`,
      );
      const heard = async () => (await came(realtime, "chat")).at(-1)?.data.text === "I see";
      await until("the answer comes", 5_000, heard, () => came(realtime, "chat"));
      const [, answer] = await came(realtime, "chat");
      expect(answer!.offMs).toBeGreaterThan(500);
      expect(browser.pageErrors).toEqual([]);
    },
    60_000,
  );
});
