/**
 * Makes the pictures of README.md from a real run: `bun run screenshots`. Starts dist/spillway demo
 * on loopback, opens its pages in Chromium and writes scripts/screenshots/*.png. Needs chromium and
 * ffmpeg, which reduces the pictures to a palette. `bun run screenshots FOLDER` writes all pages there
 * instead, whole, wide and narrow, light and dark: to be looked at.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const ROOT = resolve(import.meta.dir, "..");
const OUT = join(ROOT, "scripts/screenshots");
const SIZE = { width: 1280, height: 800 };
/** Charts and figures have something to show by then. */
const SETTLE_MS = 12_000;
const BYTES_MAX = 200_000;
/** To be looked at. */
const SIZES = [1440, 390];
const SCHEMES = ["light", "dark"] as const;
const CONFIG = '[[streams]]\nmatch = "**"\nchat = true\n';
const SAID = ["Good evening from Lisbon!", "Sound and picture are fine here.", "Is it recorded?"];

const lookedAt = process.argv[2];
const folder = await mkdtemp(join(tmpdir(), "spillway-screenshots-"));
await Bun.write(join(folder, "spillway.toml"), CONFIG);
const server = Bun.spawn(
  [
    ...[join(ROOT, "dist/spillway"), "demo", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"],
    ...["--log-format", "json", "--drain-seconds", "0", "--no-warm-up"],
    ...["--config", "spillway.toml"],
  ],
  { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  const base = await address();
  await (lookedAt === undefined ? takeAll(browser, base) : lookAtAll(browser, base, lookedAt));
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await server.exited;
  await rm(folder, { recursive: true, force: true });
}

async function takeAll(shown: Browser, base: string): Promise<void> {
  const publish = await open(
    shown,
    `${base}/publish/stage/left?source=pattern&audio=tone&codec=vp8&layers=simulcast-2&width=640&height=360&fps=30&auto=1`,
  );
  await state(publish, "live");
  await talk(base);
  const watch = await open(shown, `${base}/watch/demo`);
  await state(watch, "live");
  const dashboard = await open(shown, `${base}/dashboard`);
  const home = await open(shown, base);
  await Bun.sleep(SETTLE_MS);
  await save(watch, "watch");
  await save(publish, "publish");
  await save(home, "home");
  await save(dashboard, "dashboard");
}

/** Every page, with what can be opened opened. */
async function lookAtAll(shown: Browser, base: string, out: string): Promise<void> {
  const publish = `${base}/publish/stage/left?source=pattern&audio=tone&codec=vp8`;
  await state(await open(shown, `${publish}&auto=1`), "live");
  await talk(base);
  const pages = {
    home: base,
    watch: `${base}/watch/demo`,
    publish: `${base}/publish/next?source=pattern&audio=tone&auto=1`,
    idle: `${base}/publish/idle`,
    dashboard: `${base}/dashboard`,
  };
  for (const [name, url] of Object.entries(pages)) {
    const page = await open(shown, url);
    await Bun.sleep(SETTLE_MS / 2);
    for (const summary of await page.locator("summary").all()) await summary.click();
    for (const width of SIZES) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        await Bun.sleep(500);
        const path = join(out, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
    }
    await page.context().close();
  }
}

/** Viewers say something. */
async function talk(base: string): Promise<void> {
  for (const text of SAID) {
    const body = JSON.stringify({ type: "chat", data: { text } });
    const headers = { "Content-Type": "application/json" };
    const { status } = await fetch(`${base}/events/demo`, { method: "POST", headers, body });
    if (status !== 201) throw new Error(`/events/demo: ${status}`);
  }
}

async function open(shown: Browser, url: string): Promise<Page> {
  const context = await shown.newContext({ viewport: SIZE });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function state(page: Page, wanted: string): Promise<void> {
  const deadline = Bun.nanoseconds() + 15e9;
  // Not waitForFunction: the pages' content security policy forbids what it does.
  while ((await page.evaluate("window.spillway?.state")) !== wanted) {
    if (Bun.nanoseconds() > deadline) throw new Error(`${page.url()} is not ${wanted}`);
    await Bun.sleep(100);
  }
}

/** A PNG with a palette of 256 colours: a third of the size, and nobody sees it. */
async function save(page: Page, name: string): Promise<void> {
  const raw = join(folder, `${name}.png`);
  const path = join(OUT, `${name}.png`);
  await page.bringToFront();
  await page.screenshot({ path: raw });
  const filter =
    "split[a][b];[a]palettegen=max_colors=256[p];[b][p]paletteuse=dither=bayer:bayer_scale=4";
  await Bun.$`ffmpeg -loglevel error -y -i ${raw} -vf ${filter} -compression_level 9 ${path}`;
  const { size } = await stat(path);
  if (size > BYTES_MAX) throw new Error(`${path}: ${size} bytes, ${BYTES_MAX} at most`);
  console.log(`${path}: ${(size / 1000).toFixed(0)} kB`);
}

/** The kernel chose the port; the log names it. */
async function address(): Promise<string> {
  let logs = "";
  for await (const text of server.stderr.pipeThrough(new TextDecoderStream())) {
    logs += text;
    const port = /"message":"Serving".*?"http":"127\.0\.0\.1:(\d+)"/.exec(logs)?.[1];
    if (port === undefined) continue;
    await Bun.sleep(1000);
    return `http://127.0.0.1:${port}`;
  }
  throw new Error(`dist/spillway ended:\n${logs}`);
}
