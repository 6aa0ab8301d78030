/** Debian's Chromium with pages of Spillway in it, each in a context of its own. */
import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Frame,
  type Page,
} from "playwright-core";
import { until } from "./until.ts";

const EXECUTABLE = "/usr/bin/chromium";

/** True, after saying so once a file, where there is no Chromium to test with. */
export function lacksChromium(what: string): boolean {
  if (existsSync(EXECUTABLE)) return false;
  console.log(`skipped: ${what} (needs ${EXECUTABLE}: apt-get install chromium)`);
  return true;
}

/** One entry of RTCPeerConnection.getStats(). */
export type Report = Readonly<Record<string, unknown>> & { readonly type: string };

export class TestBrowser {
  readonly #browser: Browser;
  readonly #contexts = new Set<BrowserContext>();
  /** Exceptions that no page caught; a test ends by expecting none. */
  readonly pageErrors: string[] = [];

  /** Sound plays without a click unless `autoplay` is false. */
  static async open(autoplay = true): Promise<TestBrowser> {
    const args = [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ...(autoplay ? ["--autoplay-policy=no-user-gesture-required"] : []),
    ];
    return new TestBrowser(await chromium.launch({ executablePath: EXECUTABLE, args }));
  }

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  get version(): string {
    return this.#browser.version();
  }

  /** A page in a fresh context: no cache, no storage, a window of its own. */
  async open(url: string): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 800, height: 600 } });
    this.#contexts.add(context);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.pageErrors.push(`${page.url()}: ${error.message}`));
    await page.goto(url);
    return page;
  }

  async publish(base: string, name: string, options: PublishOptions = {}): Promise<Publisher> {
    return new Publisher(await this.open(publishUrl(base, name, options)));
  }

  async watch(base: string, name: string, query = ""): Promise<Watcher> {
    const page = await this.open("about:blank");
    const watcher = new Watcher(page);
    await page.goto(`${base}/watch/${name}${query}`);
    return watcher;
  }

  /** Closes all pages; what they had open at servers ends with them. */
  async closePages(): Promise<void> {
    const contexts = [...this.#contexts];
    this.#contexts.clear();
    await Promise.all(contexts.map((context) => context.close()));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

export interface PublishOptions {
  readonly source?: "pattern" | "none";
  readonly audio?: "tone" | "none";
  readonly codec?: string;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** "single", "simulcast-3", "L3T3", …; by default what the page does by itself. */
  readonly layers?: string;
  readonly token?: string;
}

/** The address of a publish page that starts by itself. */
export function publishUrl(base: string, name: string, options: PublishOptions): string {
  const { source = "pattern", audio = "tone", width = 640, height = 360 } = options;
  const query = new URLSearchParams({ source, audio, auto: "1" });
  query.set("width", String(width));
  query.set("height", String(height));
  if (options.codec !== undefined) query.set("codec", options.codec);
  if (options.fps !== undefined) query.set("fps", String(options.fps));
  if (options.layers !== undefined) query.set("layers", options.layers);
  if (options.token !== undefined) query.set("token", options.token);
  return `${base}/publish/${name}?${query}`;
}

/** A page of Spillway with a peer connection, as `window.spillway` shows it. */
export class MediaPage {
  constructor(readonly page: Page) {}

  state(): Promise<string> {
    return this.page.evaluate("window.spillway?.state ?? 'loading'");
  }

  stats(): Promise<Report[]> {
    return this.page.evaluate("window.spillway?.stats() ?? []");
  }

  /** Resolves when the badge would say "live". */
  async live(timeoutMs = 10_000): Promise<void> {
    const state = () => this.state();
    await until("page is live", timeoutMs, async () => (await state()) === "live", state);
  }
}

export class Publisher extends MediaPage {
  async outbound(kind: "audio" | "video"): Promise<Report | undefined> {
    const reports = await this.stats();
    return reports.find((report) => report.type === "outbound-rtp" && report.kind === kind);
  }

  /** Kills the page's process: no DELETE, no DTLS close_notify, as when a laptop dies. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    this.page.goto("chrome://crash").catch(() => undefined);
    await crashed;
  }
}

/** What a viewer has received, from one getStats(). */
export interface Received {
  readonly frames: number;
  readonly keyframes: number;
  readonly size: string;
  /** "VP8", "H264", …, or "" before the first packet. */
  readonly codec: string;
  readonly energy: number;
  readonly audioPackets: number;
  readonly lost: number;
  readonly freezes: number;
  readonly srtpCipher: string;
  /** How far the picture is ahead of the sound, in ms; null until both are known. */
  readonly videoAheadMs: number | null;
}

export class Watcher extends MediaPage {
  /** WHEP POSTs of this page since it was opened. */
  posts = 0;

  constructor(page: Page) {
    super(page);
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (request.method() === "POST" && pathname.startsWith("/whep/")) this.posts += 1;
    });
  }

  async received(): Promise<Received> {
    const reports = await this.stats();
    const inbound = (kind: string): Report | undefined =>
      reports.find((report) => report.type === "inbound-rtp" && report.kind === kind);
    const [video, audio] = [inbound("video"), inbound("audio")];
    const codec = reports.find((report) => report.id === (video ?? audio)?.codecId);
    const transport = reports.find((report) => report.type === "transport");
    const shown = [video, audio].map((report) => report?.estimatedPlayoutTimestamp);
    const known = typeof shown[0] === "number" && typeof shown[1] === "number";
    return {
      frames: count(video?.framesDecoded),
      keyframes: count(video?.keyFramesDecoded),
      size: `${count(video?.frameWidth)}x${count(video?.frameHeight)}`,
      codec: String(codec?.mimeType ?? "").replace(/^\w+\//, ""),
      energy: count(audio?.totalAudioEnergy),
      audioPackets: count(audio?.packetsReceived),
      lost: count(video?.packetsLost) + count(audio?.packetsLost),
      freezes: count(video?.freezeCount),
      srtpCipher: String(transport?.srtpCipher ?? ""),
      videoAheadMs: known ? Number(shown[0]) - Number(shown[1]) : null,
    };
  }

  /** Polls until `condition` holds of what was received, and returns that. */
  receives(
    what: string,
    condition: (received: Received) => boolean,
    timeoutMs = 10_000,
  ): Promise<Received> {
    const look = () => this.received();
    const probe = async () => {
      const received = await look();
      return condition(received) ? received : null;
    };
    return until(what, timeoutMs, probe, look);
  }

  /** Remembers the peer connection; `keptConnection` tells whether the page still has the same. */
  async markConnection(): Promise<void> {
    await this.page.evaluate("window.markedConnection = window.spillway.pc, null");
  }

  keptConnection(): Promise<boolean> {
    return this.page.evaluate(
      "window.markedConnection !== null && window.markedConnection === window.spillway.pc",
    );
  }
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Pictures that the player within a page of another site, or a frame in it, has shown, wherever its video element is. */
export function framesShown(page: Page | Frame): Promise<number> {
  return page.evaluate<number>(`(() => {
    const roots = [document];
    let frames = 0;
    for (const root of roots) {
      for (const element of root.querySelectorAll("*")) {
        if (element.shadowRoot) roots.push(element.shadowRoot);
        if (element.tagName !== "VIDEO") continue;
        frames += element.getVideoPlaybackQuality().totalVideoFrames;
      }
    }
    return frames;
  })()`);
}
