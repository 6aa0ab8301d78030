/** How soon a picture stands after the WHEP POST, and whether lips and sound agree. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { measureJoins, summary } from "../support/joins.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";

/** `bun run bench:join` takes more. */
const JOINS = 5;

describe.skipIf(lacksChromium("joins in Chromium"))("joins in Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("demo"), TestBrowser.open()]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  timed(
    "a cached keyframe gives a picture at once, in time with the sound",
    async () => {
      const joins = await inTime(() => measureJoins(browser, server.base, "demo", JOINS));
      const figures = summary(joins);
      console.log(JSON.stringify({ bench: "join", ...figures }));
      // The target is 150 ms (scripts/bench/join.ts); this bound holds on a machine that is shared.
      inTime(() => {
        expect(figures.firstFrameMs.median).toBeLessThan(1_000);
        expect(Math.abs(figures.videoAheadMs.median)).toBeLessThan(100);
      });
      expect(browser.pageErrors).toEqual([]);
    },
    150_000,
  );
});
