/**
 * <spillway-player src="/whep/NAME">: a player with controls, for the watch page and for other sites
 * (served as /assets/player.js, with tail.js and hls.js beside it for the tail).
 *
 * Attributes: `src` (WHEP address), `tier` ("auto": in real time by WHEP, and where that does not
 * come through, by the tail over HLS, some seconds later; "realtime" or "tail": that one), `hls-src`
 * (address of the tail where it is not src's), `token` (Bearer token), `muted`, `poster`, `controls`
 * ("none": the page has its own), `stats` (shows the overlay), `captions` (shows them), `chat` (hears
 * all that is said of the stream on the tail as well, over one connection more).
 * Events: "streamevent" (what is said of the stream, when the picture that it is about is shown: its
 * `detail` is the event as the server has it), "statechange", "tierchange", "figures" (each second), "viewercount", "layers" (what there
 * is to choose from changed, or flows), and those of media elements, of the video that is shown.
 * It starts when it enters the document and stops when it leaves.
 */
import type { MediaController } from "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-volume-range.js";
import "media-chrome/dist/media-fullscreen-button.js";
import "media-chrome/dist/media-pip-button.js";
import { besideOf } from "./addresses.ts";
import { Captions } from "./captions.ts";
import { coverText, type PlayerStatus } from "./covertext.ts";
import { Director } from "./director.ts";
import { make } from "./dom.ts";
import { type FigureLine, figureLines } from "./figures.ts";
import type { Layer } from "./layers.ts";
import { layerLabel, qualityMenu } from "./layers.ts";
import { LiveBadge } from "./livebadge.ts";
import { Cover, chip, controlBar, Overlay, PressButton } from "./playerparts.ts";
import { PLAYER_STYLE } from "./playerstyle.ts";
import { QualityButton } from "./qualitymenu.ts";
import type { Figures, Latency } from "./rates.ts";
import type { Reach } from "./reach.ts";
import { SeekSlot } from "./seekslot.ts";
import { sendStreamEvent } from "./sendevent.ts";
import { MEDIA_EVENTS, Stage } from "./stage.ts";
import type { StreamEvent } from "./streamevent.ts";
import type { TailPlayback } from "./tail.ts";
import { type Tier, tierWish } from "./tiers.ts";

const DIRECTOR_EVENTS = ["statechange", "tierchange", "figures", "viewercount", "layers"];

export class SpillwayPlayer extends HTMLElement {
  static readonly observedAttributes = [
    ...["src", "tier", "hls-src", "token", "muted", "stats", "poster", "controls"],
    ...["captions", "chat"],
  ];

  readonly #controller = document.createElement("media-controller") as MediaController;
  readonly #stage = new Stage(this.#controller);
  readonly #director = new Director(this.#stage);
  readonly #cover = new Cover();
  readonly #overlay = new Overlay();
  readonly #captions = new Captions(this.#stage);
  readonly #press = new PressButton(() => this.#stage.press());
  readonly #live = new LiveBadge(() => this.goLive());
  readonly #seek = new SeekSlot();
  readonly #quality = new QualityButton(
    (key) => this.#director.choose(key),
    // Controls that fade away would take the button of an open menu along.
    (isOpen) => this.#controller.toggleAttribute("noautohide", isOpen),
  );
  readonly #cc = chip("CC", "Captions", () => this.toggleAttribute("captions"));
  #restart = false;

  constructor() {
    super();
    this.#build(this.attachShadow({ mode: "open" }));
    for (const type of DIRECTOR_EVENTS) {
      this.#director.addEventListener(type, () => this.#changed(type));
    }
    for (const type of MEDIA_EVENTS) {
      this.#stage.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    }
    this.#stage.addEventListener("autoplay", () => this.#showPress());
    this.#director.hear = (event) => {
      this.#captions.hear(event, this.captureTime);
      this.#cc.hidden = !this.#captions.available;
      this.dispatchEvent(new CustomEvent("streamevent", { detail: event }));
    };
  }

  /** The video element that is shown: another one after a "tierchange". */
  get video(): HTMLVideoElement {
    return this.#stage.video;
  }

  /** The tier whose pictures are shown; null before the first. */
  get tier(): Tier | null {
    return this.#director.tier;
  }

  /** From capture to screen, or what is known of it; null while nothing is. */
  get latency(): Latency | null {
    return this.#director.playing?.latency ?? null;
  }

  /** When what is shown was captured, ms since 1970 by the server's clock; null while not known. */
  get captureTime(): number | null {
    return this.#director.playing?.captureMs ?? null;
  }

  /** What can be gone back to (see `seek`); null where that is hardly more than what is live. */
  get reach(): Reach | null {
    return this.#director.reach;
  }

  /** Somebody went back: what is shown is old on purpose, and comes by the tail. */
  get behind(): boolean {
    return this.#director.isBehind;
  }

  get status(): PlayerStatus {
    return this.#director.status;
  }

  get pc(): RTCPeerConnection | null {
    return this.#director.realtime?.viewer.connection.pc ?? null;
  }

  get viewers(): number | null {
    return this.#director.realtime?.viewer.viewers ?? null;
  }

  get figures(): Figures | null {
    return this.tail === null ? (this.#director.realtime?.figures ?? null) : null;
  }

  /** What is known of playback, in words; empty while nothing is. */
  get lines(): readonly FigureLine[] {
    const { figures, tail } = this;
    if (tail !== null) return tail.lines(this.layer);
    return figures === null ? [] : figureLines(figures, this.latency, this.layer);
  }

  /** Since the page began, in ms; null until the first picture of the newest session. */
  get firstFrameMs(): number | null {
    return this.#director.playing?.firstFrameMs ?? null;
  }

  /** From the start of the WHEP POST to the first picture, in ms. */
  get postToFirstFrameMs(): number | null {
    return this.#director.realtime?.postToFirstFrameMs ?? null;
  }

  /** Layers of the stream in the tier that plays, highest first; empty while unknown. */
  get layers(): readonly Layer[] {
    return this.#director.playing?.layers ?? [];
  }

  /** Label of the layer that flows, "" while unknown. */
  get layer(): string {
    const current = this.layers.find((layer) => layer.current);
    return current === undefined ? "" : layerLabel(current, this.layers);
  }

  /** @internal The tail that is played; null in real time. */
  get tail(): TailPlayback | null {
    const { playing, tail } = this.#director;
    return playing === tail ? tail : null;
  }

  /** What is known of playback, as figures that JSON can hold. */
  get statistics(): object {
    const { tier, status, latency, layer, figures, tail } = this;
    return { tier, state: status.state, latency, ...(tail?.figures(layer) ?? figures), layer };
  }

  /** Real time is wanted now, for instance to take part; with tier="tail", for `ms` (120 s). */
  promote(ms?: number): void {
    this.#director.promote(ms);
  }

  /**
   * Says something of the picture that is shown; rejects with an Error that says why it cannot be. Who
   * may say what is the server's to know. Whoever takes part is not left seconds behind: see `promote`.
   */
  send(type: string, data: object): Promise<StreamEvent> {
    const address = this.#address("events");
    if (address === null) return Promise.reject(new Error("This stream has no events."));
    // Said of old pictures it would not be heard: then it is of the moment.
    const at = this.behind ? null : this.captureTime;
    if (tierWish(this.getAttribute("tier")) === "tail") this.promote();
    return sendStreamEvent(address, this.getAttribute("token"), type, at, data);
  }

  /** To what was captured then (ms since 1970 by the server's clock, within `reach`), and on from there. */
  seek(captureMs: number): void {
    this.#director.seek(captureMs);
    void this.#stage.play(this.#stage.shown);
  }

  /** To the newest picture, in the tier that it was before, and on with playing. */
  goLive(): void {
    this.#director.goLive();
    void this.#stage.play(this.#stage.shown);
  }

  connectedCallback(): void {
    this.#start();
  }

  disconnectedCallback(): void {
    this.#director.stop();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "stats") this.#overlay.element.hidden = after === null;
    else if (name === "muted") this.video.muted = after !== null;
    else if (name === "poster") this.#showPoster();
    else if (name === "controls") this.#showControls();
    else if (name === "captions") {
      this.#captions.show(after !== null);
      this.#cc.setAttribute("aria-pressed", String(after !== null));
    } else if (this.isConnected && !this.#restart) this.#startSoon();
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
    this.#director.stop();
    this.#captions.clear();
    this.#showPoster();
    this.#show();
    const hls = this.#address("hls");
    if (hls === null) return;
    this.#director.start({
      wish: tierWish(this.getAttribute("tier")),
      whep: this.#address("whep"),
      hls,
      events: this.hasAttribute("chat") ? this.#address("events") : null,
      token: this.getAttribute("token"),
    });
  }

  #address(what: "whep" | "hls" | "events"): string | null {
    const [source, tail] = [this.getAttribute("src"), this.getAttribute("hls-src")];
    let address = { whep: source, hls: tail, events: null }[what];
    if (what !== "whep") {
      address ??= source === null ? besideOf(tail, "hls", what) : besideOf(source, "whep", what);
    }
    return address && new URL(address, document.baseURI).href;
  }

  #changed(type: string): void {
    if (type === "layers") this.#showLayers();
    else if (type === "figures") this.#showFigures();
    else if (type !== "viewercount") this.#show();
    if (type === "tierchange") {
      this.#showPoster();
      this.#captions.move();
    }
    this.dispatchEvent(new Event(type));
  }

  #show(): void {
    const { state, message } = this.status;
    const hasMedia = this.#director.playing?.hasMedia === true;
    const text = state === "live" && hasMedia ? "" : coverText(state, message);
    this.#cover.show(text, state !== "refused" && state !== "stopped");
    this.#showPress();
    this.#showLive();
  }

  #showLayers(): void {
    const { realtime, chosen } = this.#director;
    const control = this.tail === null ? realtime?.viewer.layers : undefined;
    const canChoose = control?.canChoose ?? this.tail !== null;
    this.#quality.show(canChoose ? qualityMenu(this.layers, control?.wish ?? chosen) : null);
    this.#quality.button.title = control?.refusal ?? "";
  }

  #showPress(): void {
    const isLive = this.status.state === "live";
    const word = this.#stage.needsPress ? "Play" : "Unmute";
    this.#press.show(isLive && (this.#stage.needsPress || this.video.muted) ? word : null);
  }

  #showLive(): void {
    const isLive = this.status.state === "live" && !this.#cover.isShown;
    const kind = this.behind ? "behind" : this.tail?.isNative === true ? "native" : null;
    this.#live.show(isLive ? this.tier : null, this.latency?.ms ?? null, kind);
    this.#seek.fill(this);
  }

  #showFigures(): void {
    this.#show();
    if (!this.#overlay.element.hidden) this.#overlay.fill(this.lines);
  }

  #showPoster(): void {
    // Not any more once there was a picture: the video that is behind would show it beside the other.
    const poster = this.tier === null ? this.getAttribute("poster") : null;
    for (const video of Object.values(this.#stage.videos)) {
      if (poster === null) video.removeAttribute("poster");
      else video.poster = new URL(poster, document.baseURI).href;
    }
  }

  #showControls(): void {
    const isNone = this.getAttribute("controls") === "none";
    this.#controller.toggleAttribute("gesturesdisabled", isNone);
    this.#controller.toggleAttribute("nohotkeys", isNone);
  }

  #build(root: ShadowRoot): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PLAYER_STYLE);
    root.adoptedStyleSheets = [sheet];
    const stats = chip("Stats", "Figures over the picture", () => {
      this.#overlay.fill(this.lines);
      return this.toggleAttribute("stats");
    });
    this.#cc.hidden = true;
    const controller = this.#controller;
    controller.setAttribute("defaultstreamtype", "live");
    controller.setAttribute("hotkeys", "noarrowleft noarrowright");
    controller.append(
      this.#seek.element,
      controlBar(this.#live.button, this.#quality.button, this.#cc, stats),
    );
    const frame = make("div", "frame", controller, this.#cover.element, this.#overlay.element);
    frame.append(this.#press.element, this.#quality.menu);
    frame.part = "frame";
    controller.fullscreenElement = frame;
    root.append(frame);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "spillway-player": SpillwayPlayer;
  }
}

if (!customElements.get("spillway-player"))
  customElements.define("spillway-player", SpillwayPlayer);
