/** Somebody goes back in a stream that is kept, stays there, and comes to what is live again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const CONFIG = '[[streams]]\nmatch = "**"\ndvr = "2m"\n';
const BACK_MS = 30_000;
/** From a seek to what was asked for, and from "Go live" to real time. */
const SEEK_MAX_MS = 8_000;
/** Longer than any rule for viewers at the live edge would leave them alone. */
const STAYS_MS = 13_000;
const NEAR_MS = 2_500;

interface Shown {
  readonly tier: string | null;
  readonly behind: boolean;
  readonly latencyMs: number | null;
  readonly captureMs: number | null;
  readonly frames: number;
  /** What the seek bar says. */
  readonly told: string | null;
  readonly badge: string;
}

const SHOWN = `(() => {
  const player = document.querySelector("spillway-player");
  return {
    tier: player.tier,
    behind: player.behind,
    latencyMs: player.latency?.ms ?? null,
    captureMs: player.captureTime,
    frames: player.video.getVideoPlaybackQuality().totalVideoFrames,
    told: player.shadowRoot.querySelector(".seek input")?.getAttribute("aria-valuetext") ?? null,
    badge: player.shadowRoot.querySelector(".live").innerText,
  };
})()`;

const isOut = lacksChromium("going back in Chromium") || isShort("going back in Chromium");

describe.skipIf(isOut)("going back", () => {
  let server: TestServer;
  let browser: TestBrowser;
  let page: Page;
  let state = "";
  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), "state-"));
    const options = { args: ["--egress-workers", "1", "--state", state], config: CONFIG };
    [server, browser] = await Promise.all([startServer("serve", options), TestBrowser.open()]);
    const publisher = await browser.publish(server.base, "a", { codec: "H264" });
    await publisher.live();
    page = (await browser.watch(server.base, "a")).page;
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
    await rm(state, { recursive: true, force: true });
    expect(browser.pageErrors).toEqual([]);
  });

  const shown = () => page.evaluate<Shown>(SHOWN);
  const shows = (what: string, is: (now: Shown) => boolean) =>
    until(what, SEEK_MAX_MS, async () => is(await shown()), shown);

  async function isAt(captureMs: number): Promise<void> {
    await shows("the tail shows what was asked for", (now) => {
      const isNear = Math.abs((now.captureMs ?? 0) - captureMs) < NEAR_MS;
      return now.tier === "tail" && now.behind && isNear;
    });
  }

  test("from real time, by the tail, and back to real time", async () => {
    const hasReach = "document.querySelector('spillway-player').reach !== null";
    await until("there is something to go back to", 60_000, () => page.evaluate<boolean>(hasReach));
    expect(await shown()).toMatchObject({ tier: "realtime", behind: false });
    await shows("a seek bar", ({ told }) => told === "Live");

    const target = await page.evaluate<number>(`(() => {
      const player = document.querySelector("spillway-player");
      const target = player.reach.toMs - ${BACK_MS};
      player.seek(target);
      return target;
    })()`);
    await isAt(target);
    const first = await shown();
    expect(first.badge).toContain("Go live");
    expect(first.told).toContain("seconds behind live");
    await Bun.sleep(STAYS_MS);
    const later = await shown();
    expect(later).toMatchObject({ tier: "tail", behind: true });
    expect(Math.abs(later.latencyMs! - first.latencyMs!)).toBeLessThan(1_000);
    expect(later.frames - first.frames).toBeGreaterThan((STAYS_MS / 1_000) * 20);

    await page.evaluate("document.querySelector('spillway-player').video.pause()");
    await Bun.sleep(3_000);
    await page.evaluate("document.querySelector('spillway-player').video.play()");
    await shows("on from where it was paused", ({ behind, latencyMs }) => {
      return behind && latencyMs! > later.latencyMs! + 2_000;
    });

    await page.locator("spillway-player .seek input").press("ArrowLeft");
    await isAt((await shown()).captureMs!);
    await page.locator("spillway-player .live").press("Enter");
    await shows("real time again", ({ tier, behind, latencyMs }) => {
      return tier === "realtime" && !behind && latencyMs! < 2_000;
    });
  }, 240_000);

  test("who pauses the tail goes on from there, and its newest picture is a press away", async () => {
    page = (await browser.watch(server.base, "a", "?tier=tail")).page;
    await shows("the tail", ({ tier, latencyMs }) => tier === "tail" && latencyMs! < 3_000);
    await page.locator("spillway-player media-play-button").press("Space");
    await Bun.sleep(11_000);
    await page.locator("spillway-player media-play-button").press("Space");
    await Bun.sleep(2_000);
    const paused = await shown();
    expect(paused.behind).toBe(true);
    expect(paused.latencyMs).toBeGreaterThan(10_000);
    await page.locator("spillway-player .live").press("Enter");
    await shows("live", ({ behind, latencyMs }) => !behind && latencyMs! < 3_000);
  }, 120_000);

  test("controls=none: no bar, and no keys", async () => {
    const slider = page.locator("spillway-player .seek input");
    expect(await slider.isVisible()).toBe(true);
    const press = (controls: string) =>
      page.evaluate<boolean>(`(() => {
        const player = document.querySelector("spillway-player");
        player.setAttribute("controls", "${controls}");
        const key = new KeyboardEvent("keydown", { key: "ArrowLeft", cancelable: true });
        return player.dispatchEvent(key);
      })()`);
    expect(await press("none")).toBe(true);
    expect(await slider.isVisible()).toBe(false);
    expect((await shown()).behind).toBe(false);
    expect(await press("")).toBe(false);
    expect((await shown()).behind).toBe(true);
  });
});
