/**
 * The two video elements of a player, one a tier: one is shown and heard, the other waits behind it,
 * silent. Controls, volume, media events and picture-in-picture go with the one that is shown.
 * Dispatches its media events, and "autoplay" when `needsPress` or the sound changed.
 */
import type { MediaController } from "media-chrome/dist/media-controller.js";
import { make } from "./dom.ts";
import type { Tier } from "./tiers.ts";

export const MEDIA_EVENTS = [
  ...["play", "playing", "pause", "waiting", "stalled", "ended", "timeupdate", "volumechange"],
  ...["loadedmetadata", "loadeddata", "canplay", "resize", "ratechange", "error"],
  ...["enterpictureinpicture", "leavepictureinpicture"],
];
/** Browsers that pause what plays without sound do so at once (Safari, now and then). */
const STARTING_MS = 3_000;

export class Stage extends EventTarget {
  readonly videos: Readonly<Record<Tier, HTMLVideoElement>>;
  readonly #controller: MediaController;
  shown: Tier = "realtime";
  /** The browser lets nothing play before somebody presses a button. */
  needsPress = false;
  #pausedByPerson = false;
  #playedAt = Number.NEGATIVE_INFINITY;
  #hasRetried = false;

  constructor(controller: MediaController) {
    super();
    this.#controller = controller;
    this.videos = { realtime: makeVideo(), tail: makeVideo() };
    // The tail is played when it has enough to go on.
    this.videos.tail.autoplay = false;
    this.videos.tail.muted = true;
    // By itself it takes the first video that it has.
    Object.defineProperty(controller, "media", { get: () => this.video });
    controller.append(this.videos.realtime, this.videos.tail);
    controller.addEventListener("mediapauserequest", () => {
      this.#pausedByPerson = true;
    });
    for (const video of Object.values(this.videos)) this.#listen(video);
    this.#mark();
  }

  get video(): HTMLVideoElement {
    return this.videos[this.shown];
  }

  /** Somebody sees what is played. */
  get isWatched(): boolean {
    return document.visibilityState === "visible" && !this.video.paused;
  }

  /** Nothing plays because a person wants it so, or has to press first. */
  get isHeld(): boolean {
    return this.needsPress || (this.#pausedByPerson && this.video.paused);
  }

  /** Shows the other tier, which has pictures. */
  show(tier: Tier): void {
    if (tier === this.shown) return;
    const before = this.video;
    const inPicture = pictureInPictureOf(before) === before;
    this.#controller.mediaUnsetCallback(before);
    this.shown = tier;
    const { video } = this;
    video.volume = before.volume;
    video.muted = before.muted;
    before.muted = true;
    this.#mark();
    this.#controller.mediaSetCallback(video);
    // A browser that lets only silent videos play has paused it now.
    if (video.paused && video.readyState > 0) void this.play(tier);
    // Where one is open already, another video may take it over without a press.
    if (inPicture) video.requestPictureInPicture().catch(() => undefined);
    this.dispatchEvent(new Event("autoplay"));
  }

  /** Browsers refuse sound before a click: then it plays without. */
  async play(tier: Tier, isRetry = false): Promise<void> {
    const video = this.videos[tier];
    if (tier !== this.shown) video.muted = true;
    else this.#playedAt = performance.now();
    try {
      await video.play();
      if (tier === this.shown) this.needsPress = false;
    } catch (error) {
      if (!(error instanceof DOMException)) return;
      // Interrupted by the loading of a track that was added meanwhile: ask again, once.
      if (error.name === "AbortError" && !isRetry) return this.play(tier, true);
      if (error.name !== "NotAllowedError" || tier !== this.shown) return;
      this.needsPress = video.muted && isRetry;
      if (this.needsPress) return this.#changed();
      video.muted = true;
      return this.play(tier, true);
    }
    this.#changed();
  }

  /** Somebody pressed a button: play, with sound. */
  press(): void {
    const { video } = this;
    this.needsPress = false;
    this.#pausedByPerson = false;
    video.muted = false;
    if (video.volume === 0) video.volume = 1;
    void this.play(this.shown);
    this.#changed();
  }

  #listen(video: HTMLVideoElement): void {
    for (const type of MEDIA_EVENTS) {
      video.addEventListener(type, () => {
        if (video === this.video) this.dispatchEvent(new Event(type));
      });
    }
    video.addEventListener("volumechange", () => this.#changed());
    video.addEventListener("play", () => {
      if (video === this.video) this.#pausedByPerson = false;
    });
    video.addEventListener("pause", () => {
      if (video === this.video) this.#paused(video);
    });
  }

  /** A start without sound that was paused by the browser: one more try, then a button. */
  #paused(video: HTMLVideoElement): void {
    const isStarting = performance.now() - this.#playedAt < STARTING_MS;
    if (this.#pausedByPerson || !video.muted || !isStarting || video.ended) return;
    if (this.#hasRetried) {
      this.needsPress = true;
      this.#changed();
      return;
    }
    this.#hasRetried = true;
    void this.play(this.shown);
  }

  #mark(): void {
    for (const [tier, video] of Object.entries(this.videos)) {
      video.classList.toggle("behind", tier !== this.shown);
      video.ariaHidden = tier === this.shown ? null : "true";
    }
  }

  #changed(): void {
    this.dispatchEvent(new Event("autoplay"));
  }
}

function makeVideo(): HTMLVideoElement {
  const video = make("video");
  video.slot = "media";
  video.autoplay = true;
  video.playsInline = true;
  video.setAttribute("part", "video");
  return video;
}

function pictureInPictureOf(video: HTMLVideoElement): Element | null {
  const root = video.getRootNode();
  return root instanceof ShadowRoot
    ? root.pictureInPictureElement
    : document.pictureInPictureElement;
}
