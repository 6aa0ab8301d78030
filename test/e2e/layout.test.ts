/** All pages, wide and narrow, light and dark: nothing covers text, and every control has a name. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { layoutProblems } from "../support/layout.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";

const LONG_NAME = "conference/the-great-hall-on-the-second-floor/camera-two";
const CONFIG = '[[streams]]\nmatch = "conference/**"\nchat = true\n';
const SAID = [
  { type: "chat", data: { text: "Hello from the first row" } },
  { type: "chat", data: { text: `A word that is ${"very".repeat(30)} long` } },
  { type: "hand", data: { up: true } },
];

describe.skipIf(lacksChromium("layout"))("layout", () => {
  let server: TestServer;
  let browser: TestBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([
      startServer("demo", { config: CONFIG }),
      TestBrowser.open(),
    ]);
    const options = { codec: "VP8", width: 320, height: 180, fps: 15 };
    await (await browser.publish(server.base, LONG_NAME, options)).live();
  }, SETUP_MS);
  afterEach(() => {
    expect(browser.pageErrors).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
  });

  async function open(path: string): Promise<Page> {
    return browser.open(`${server.base}${path}`);
  }

  test("home, with a picture and without", async () => {
    const page = await open("/");
    await page.locator(".still canvas:visible").waitFor();
    expect(await layoutProblems(page)).toEqual([]);
  }, 60_000);

  test("watch, with a chat and all that can be opened", async () => {
    for (const event of SAID) {
      const { status } = await fetch(`${server.base}/events/${LONG_NAME}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(event),
      });
      expect(status).toBe(201);
    }
    const page = await open(`/watch/${LONG_NAME}`);
    await page.getByText("live", { exact: true }).first().waitFor();
    await page.locator("#hands li").waitFor();
    for (const summary of await page.locator("summary").all()) await summary.click();
    expect(await layoutProblems(page)).toEqual([]);
  }, 60_000);

  test("publish, before and while it is live", async () => {
    const page = await open(`/publish/${LONG_NAME}-2?source=pattern&audio=tone`);
    const start = page.getByRole("button", { name: "Start" });
    await start.waitFor();
    expect(await layoutProblems(page)).toEqual([]);
    await start.click();
    await page.locator("#chat").waitFor();
    expect(await layoutProblems(page)).toEqual([]);
  }, 60_000);

  test("dashboard", async () => {
    const page = await open("/dashboard");
    await page.locator("#sessions tr").first().waitFor();
    expect(await layoutProblems(page)).toEqual([]);
  }, 60_000);
});
