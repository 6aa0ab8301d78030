/** Chromium inside a namespace of the emulator, with one page that has `window.net` of page.js. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Report } from "../support/browser.ts";

const ARGUMENTS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  "--autoplay-policy=no-user-gesture-required",
  // Nothing but the tested traffic is to cross the path.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 10.231.0.1",
];

/** One encoding of RTCPeerConnection.addTransceiver, as far as these tests use it. */
export interface Encoding {
  readonly rid?: string;
  readonly maxBitrate: number;
  readonly scaleResolutionDownBy?: number;
  readonly scalabilityMode?: string;
}

export interface PublishPlan {
  /** Lower case: "vp8". */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly encodings: readonly Encoding[];
}

/** When a frame left the decoder (ms of the page), its width, and its RTP time in us. */
export type Frame = readonly [at: number, width: number, timestamp: number];

export class NetworkBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly folder: string,
    private readonly page: Page,
  ) {}

  /** `enter` makes a command run inside the namespace. The page is at `url`. */
  static async open(
    enter: (command: readonly string[]) => readonly string[],
    url: string,
  ): Promise<NetworkBrowser> {
    const folder = mkdtempSync(join(tmpdir(), "spillway-chromium-"));
    // Playwright speaks with it by pipes, which pass through `ip netns exec`.
    const wrapper = join(folder, "chromium");
    const command = enter(["/usr/bin/chromium"]).join(" ");
    writeFileSync(wrapper, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    const browser = await chromium.launch({ executablePath: wrapper, args: ARGUMENTS });
    try {
      const page = await browser.newPage();
      await page.addInitScript({ path: resolve(import.meta.dir, "page.js") });
      await page.goto(url);
      return new NetworkBrowser(browser, folder, page);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async publish(url: string, plan: PublishPlan): Promise<void> {
    await this.page.evaluate(`net.publish(${JSON.stringify(url)}, ${JSON.stringify(plan)})`);
  }

  async watch(url: string): Promise<void> {
    await this.page.evaluate(`net.watch(${JSON.stringify(url)})`);
  }

  offer(plan: PublishPlan): Promise<string> {
    return this.page.evaluate(`net.offer(${JSON.stringify(plan)})`);
  }

  answer(sdp: string): Promise<string> {
    return this.page.evaluate(`net.answer(${JSON.stringify(sdp)})`);
  }

  async accept(sdp: string): Promise<void> {
    await this.page.evaluate(`net.accept(${JSON.stringify(sdp)})`);
  }

  /** The frames decoded since the last call, and the page's time. */
  frames(): Promise<{ readonly now: number; readonly frames: Frame[] }> {
    return this.page.evaluate("net.frames()");
  }

  stats(): Promise<Report[]> {
    return this.page.evaluate("net.stats()");
  }

  /** JSON from the page's own server. */
  async fetch(path: string): Promise<unknown> {
    return this.page.evaluate(`fetch(${JSON.stringify(path)}).then((response) => response.json())`);
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
