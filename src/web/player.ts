/**
 * <spillway-player src="/whep/NAME">: a player with controls, for the watch page and for other sites
 * (served as /assets/player.js, with /assets/hls.js beside it for the tail).
 *
 * Attributes: `src` (WHEP address), `tier` ("realtime": by WHEP, or "tail": over HLS, some seconds
 * later), `hls-src` (address of the tail where it is not src's), `token` (Bearer token), `muted`,
 * `stats` (shows the overlay).
 * Events: "statechange", "figures" (each second), "viewercount", "layers" (what there is to
 * choose from changed, or flows). It starts when it enters the
 * document and stops when it leaves.
 */
import type { MediaController } from "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-volume-range.js";
import "media-chrome/dist/media-fullscreen-button.js";
import "media-chrome/dist/media-pip-button.js";
import { coverText, type PlayerStatus } from "./covertext.ts";
import { make, setText } from "./dom.ts";
import { figureLines } from "./figures.ts";
import type { Layer } from "./layers.ts";
import { layerLabel, qualityMenu } from "./layers.ts";
import { PLAYER_STYLE } from "./playerstyle.ts";
import { QualityButton } from "./qualitymenu.ts";
import type { Figures, Latency, Report } from "./rates.ts";
import { estimateLatency, viewerFigures } from "./rates.ts";
import { TailPlayback } from "./tail.ts";
import { Viewer } from "./whep.ts";

const FIGURES_INTERVAL_MS = 1_000;

export class SpillwayPlayer extends HTMLElement {
  static readonly observedAttributes = ["src", "tier", "hls-src", "token", "muted", "stats"];

  readonly video = make("video");
  readonly #cover = make("div", "cover");
  readonly #coverText = make("p");
  readonly #unmute = make("button", "unmute", "Unmute");
  readonly #overlay = make("dl", "overlay");
  readonly #controller = document.createElement("media-controller") as MediaController;
  readonly #quality = new QualityButton(
    (key) => this.#viewer?.layers.choose(key),
    // Controls that fade away would take the button of an open menu along.
    (isOpen) => this.#controller.toggleAttribute("noautohide", isOpen),
  );
  #viewer: Viewer | null = null;
  #tail: TailPlayback | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #before: Report[] = [];
  #captureToScreenMs: number | null = null;
  #restart = false;
  figures: Figures | null = null;
  latency: Latency | null = null;
  /** Since the page began, in ms; null until the first picture of the newest session. */
  firstFrameMs: number | null = null;
  /** From the start of the WHEP POST to the first picture, in ms. */
  postToFirstFrameMs: number | null = null;

  constructor() {
    super();
    this.#build(this.attachShadow({ mode: "open" }));
  }

  get pc(): RTCPeerConnection | null {
    return this.#viewer?.connection.pc ?? null;
  }

  get viewers(): number | null {
    return this.#viewer?.viewers ?? null;
  }

  /** Layers of the stream, highest first; empty while unknown. */
  get layers(): readonly Layer[] {
    return this.#viewer?.layers.layers ?? [];
  }

  /** Label of the layer that flows, "" while unknown. */
  get layer(): string {
    const current = this.layers.find((layer) => layer.current);
    return current === undefined ? "" : layerLabel(current, this.layers);
  }

  /** The tail that is played; null in real time. */
  get tail(): TailPlayback | null {
    return this.#tail;
  }

  get status(): PlayerStatus {
    if (this.#tail !== null) {
      const { state, message, status } = this.#tail;
      return { state, message, status };
    }
    const connection = this.#viewer?.connection;
    if (!connection) return { state: "idle", message: "", status: 0 };
    const { message, status } = connection;
    if (connection.state !== "live" || this.#viewer?.active) {
      return { state: connection.state, message, status };
    }
    return { state: this.#viewer?.heardMedia ? "inactive" : "waiting", message, status };
  }

  connectedCallback(): void {
    this.#start();
    this.#timer = setInterval(() => void this.#measure(), FIGURES_INTERVAL_MS);
    this.#watchFrames();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    this.#end();
  }

  #end(): void {
    this.#viewer?.stop();
    this.#viewer = null;
    this.#tail?.stop();
    this.#tail = null;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "stats") this.#overlay.hidden = after === null;
    else if (name === "muted") this.video.muted = after !== null;
    else if (this.isConnected && !this.#restart) this.#startSoon();
  }

  /** Starts anew, for instance with another token. */
  #startSoon(): void {
    this.#restart = true;
    queueMicrotask(() => {
      this.#restart = false;
      if (this.isConnected) this.#start();
    });
  }

  #start(): void {
    this.#end();
    const source = this.getAttribute("src");
    this.video.srcObject = null;
    if (this.getAttribute("tier") === "tail") {
      const address = this.getAttribute("hls-src") ?? (source && tailOf(source));
      if (address) this.#startTail(address);
    } else if (source) this.#startRealtime(source);
  }

  #startTail(address: string): void {
    const url = new URL(address, document.baseURI).href;
    const tail = new TailPlayback(this.video, url, this.getAttribute("token"));
    this.#tail = tail;
    this.figures = null;
    tail.addEventListener("track", () => void this.#play());
    tail.addEventListener("statechange", () => this.#show());
    tail.start();
  }

  #startRealtime(source: string): void {
    const stream = new MediaStream();
    const viewer = new Viewer(
      new URL(source, document.baseURI).href,
      this.getAttribute("token"),
      stream,
    );
    this.#viewer = viewer;
    // Not earlier: a video element with nothing to show would hold the page's load event back.
    viewer.addEventListener("track", () => this.#attach(stream));
    viewer.addEventListener("statechange", () => this.#show());
    viewer.addEventListener("active", () => this.#show());
    viewer.addEventListener("inactive", () => this.#show());
    viewer.addEventListener("viewercount", () => this.dispatchEvent(new Event("viewercount")));
    viewer.layers.addEventListener("layers", () => this.#showLayers());
    viewer.connection.start();
  }

  #attach(stream: MediaStream): void {
    // Also for the second track: a play() that the first one's loading aborted decided nothing.
    const isNew = this.video.srcObject !== stream;
    if (isNew) this.video.srcObject = stream;
    if (isNew || !this.video.paused) void this.#play();
  }

  /** Browsers refuse sound before a click: then play without, and offer the button. */
  async #play(isRetry = false): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException)) return;
      // Interrupted by the loading of a track that was added meanwhile: ask again, once.
      if (error.name === "AbortError" && !isRetry) return this.#play(true);
      if (error.name !== "NotAllowedError") return;
      this.video.muted = true;
      await this.video.play().catch(() => undefined);
    }
    this.#showUnmute();
  }

  #watchFrames(): void {
    const seen = (_now: number, frame: VideoFrameCallbackMetadata) => {
      if (!this.isConnected) return;
      const capture = frame.captureTime;
      const delay = capture === undefined ? null : frame.expectedDisplayTime - capture;
      this.#captureToScreenMs = delay;
      const connection = this.#viewer?.connection;
      if (this.firstFrameMs === null && this.status.state !== "stopped") {
        this.firstFrameMs = performance.now();
        if (connection) this.postToFirstFrameMs = this.firstFrameMs - connection.postedAt;
        this.#show();
      }
      this.video.requestVideoFrameCallback(seen);
    };
    this.video.requestVideoFrameCallback?.(seen);
  }

  #show(): void {
    const { state, message } = this.status;
    if (state === "connecting") {
      this.firstFrameMs = null;
      this.postToFirstFrameMs = null;
      this.#before = [];
    }
    if (state !== "live") this.#captureToScreenMs = null;
    const hasMedia = this.firstFrameMs !== null || (this.figures?.packets ?? 0) > 0;
    const shown = state === "live" && hasMedia ? "" : coverText(state, message);
    setText(this.#coverText, shown);
    this.#cover.hidden = shown === "";
    this.#cover.classList.toggle("busy", state !== "refused" && state !== "stopped");
    this.#showUnmute();
    this.dispatchEvent(new Event("statechange"));
  }

  #showLayers(): void {
    const control = this.#viewer?.layers;
    this.#quality.show(control?.canChoose ? qualityMenu(control.layers, control.wish) : null);
    this.#quality.button.title = control?.refusal ?? "";
    this.dispatchEvent(new Event("layers"));
  }

  #showUnmute(): void {
    this.#unmute.hidden = !this.video.muted || this.status.state !== "live";
  }

  async #measure(): Promise<void> {
    if (this.#tail !== null) {
      const ms = this.#tail.latencyMs;
      this.latency = ms === null ? null : { ms, basis: "capture" };
      this.dispatchEvent(new Event("figures"));
      return;
    }
    const pc = this.pc;
    if (pc === null || pc.connectionState === "closed") return;
    const reports: Report[] = [];
    for (const report of (await pc.getStats()).values()) reports.push(report);
    if (this.pc !== pc) return;
    this.figures = viewerFigures(this.#before, reports);
    this.latency = estimateLatency(this.#captureToScreenMs, this.figures);
    this.#before = reports;
    this.#viewer?.heard(this.figures.packets, performance.now());
    if (!this.#cover.hidden && this.status.state === "live") this.#show();
    if (!this.#overlay.hidden) this.#fillOverlay(this.figures);
    this.dispatchEvent(new Event("figures"));
  }

  #fillOverlay(figures: Figures): void {
    const rows = figureLines(figures, this.latency, this.layer).map((line) =>
      make("div", "", make("dt", "", line.label), make("dd", "", line.value)),
    );
    this.#overlay.replaceChildren(...rows);
  }

  #build(root: ShadowRoot): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PLAYER_STYLE);
    root.adoptedStyleSheets = [sheet];
    this.video.slot = "media";
    this.video.autoplay = true;
    this.video.playsInline = true;
    this.#cover.append(make("span", "spinner"), this.#coverText);
    this.#coverText.setAttribute("role", "status");
    this.#overlay.hidden = true;
    this.#unmute.type = "button";
    this.#unmute.hidden = true;
    this.#unmute.addEventListener("click", () => {
      this.video.muted = false;
      if (this.video.volume === 0) this.video.volume = 1;
      void this.video.play();
    });
    this.video.addEventListener("volumechange", () => this.#showUnmute());
    const controller = this.#controller;
    controller.setAttribute("defaultstreamtype", "live");
    controller.setAttribute("hotkeys", "noarrowleft noarrowright");
    controller.append(this.video, this.#controls());
    const frame = make("div", "frame", controller, this.#cover, this.#overlay, this.#unmute);
    frame.append(this.#quality.menu);
    controller.fullscreenElement = frame;
    root.append(frame);
  }

  #controls(): HTMLElement {
    const bar = document.createElement("media-control-bar");
    const stats = make("button", "chip", "Stats");
    stats.type = "button";
    // Keys that media-chrome would take for play.
    stats.setAttribute("keysused", "Space Enter");
    stats.setAttribute("aria-pressed", "false");
    stats.addEventListener("click", () => {
      stats.setAttribute("aria-pressed", String(this.toggleAttribute("stats")));
      if (this.figures) this.#fillOverlay(this.figures);
    });
    for (const name of ["play-button", "mute-button", "volume-range"]) {
      bar.append(document.createElement(`media-${name}`));
    }
    bar.append(make("span", "space"), this.#quality.button, stats);
    for (const name of ["pip-button", "fullscreen-button"]) {
      bar.append(document.createElement(`media-${name}`));
    }
    return bar;
  }
}

/** Where the tail of a stream stands beside its WHEP address. */
function tailOf(whep: string): string {
  const url = new URL(whep, document.baseURI);
  url.pathname = `${url.pathname.replace(/\/whep\//, "/hls/")}/index.m3u8`;
  return url.href;
}

if (!customElements.get("spillway-player"))
  customElements.define("spillway-player", SpillwayPlayer);
