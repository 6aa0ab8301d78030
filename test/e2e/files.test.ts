/** Files of several containers and codecs, published by the executable, as Chromium shows them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { Clips, lacksFfmpeg } from "../support/clips.ts";
import { PLAYING } from "../support/file-matrix.ts";
import { FILE_VIEWER, show, WAITING } from "../support/file-show.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";

/** The rest is shown by `bun scripts/files.ts`. */
const SHOWN = ["low.mp4", "headerless.mkv", "large.mp4", "invisible.webm", "super.webm", "two.mp4"];
const skip = lacksChromium("files in Chromium") || lacksFfmpeg("files in Chromium");

describe.skipIf(skip)("files in Chromium", () => {
  let server: TestServer;
  let browser: TestBrowser;
  const clips = new Clips();
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer("serve", WAITING), TestBrowser.open()]);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
    clips.remove();
  });

  test("F1, F2, F5: pictures, their order, colours and both channels are those of the file", async () => {
    const cases = PLAYING.filter(({ file }) => SHOWN.includes(file));
    const page = await browser.open(server.base);
    await page.evaluate(FILE_VIEWER);
    const shown = await Promise.all(
      cases.map(async (file) => show(server, page, file, await file.make(clips, file.file))),
    );
    expect(shown).toEqual(cases.map(({ name }) => ({ name, faults: [], code: 0, lines: 1 })));
    expect(browser.pageErrors).toEqual([]);
  }, 240_000);
});
