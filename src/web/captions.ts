/** Captions over the picture, in whichever video is shown: as text tracks, which the page may read. */
import type { Stage } from "./stage.ts";
import { RETRACT, type StreamEvent } from "./streamevent.ts";

/** What is not followed by another is shown for so long: some time, and that of its letters. */
const SHOWN_MS = 2_000;
const SHOWN_LETTER_MS = 60;
/** Older ones were about pictures that are over. */
const OLD_MS = 10_000;
/** Lines from the bottom, where the controls are. */
const LINE = -3;

interface Caption {
  readonly id: number;
  readonly text: string;
  readonly untilMs: number;
}

export class Captions {
  readonly #stage: Stage;
  readonly #tracks = new WeakMap<HTMLVideoElement, TextTrack>();
  #isShown = false;
  #newest: Caption | null = null;
  #cue: { readonly cue: VTTCue; readonly video: HTMLVideoElement } | null = null;
  /** There are some to be shown. */
  available = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  show(isShown: boolean): void {
    this.#isShown = isShown;
    this.#mark();
  }

  /** The picture that this is about is shown now. `captureMs`: its capture; null while not known. */
  hear({ type, id, at, data }: StreamEvent, captureMs: number | null): void {
    if (type === RETRACT && data.id === this.#newest?.id) this.clear();
    const { text } = data;
    if (type !== "caption" || typeof text !== "string") return;
    this.available = true;
    if (at < (captureMs ?? at) - OLD_MS) return;
    const shownMs = SHOWN_MS + text.length * SHOWN_LETTER_MS;
    this.#newest = { id, text, untilMs: performance.now() + shownMs };
    this.#put();
  }

  /** Another video is shown: the caption goes along. */
  move(): void {
    this.#put();
    this.#mark();
  }

  clear(): void {
    this.#newest = null;
    this.#end();
  }

  #put(): void {
    this.#end();
    const leftMs = (this.#newest?.untilMs ?? 0) - performance.now();
    if (this.#newest === null || leftMs <= 0) return;
    const { video } = this.#stage;
    const { currentTime } = video;
    const cue = new VTTCue(currentTime, currentTime + leftMs / 1_000, escaped(this.#newest.text));
    cue.line = LINE;
    this.#trackOf(video).addCue(cue);
    this.#cue = { cue, video };
  }

  #end(): void {
    if (this.#cue === null) return;
    const { cue, video } = this.#cue;
    this.#cue = null;
    cue.endTime = Math.max(cue.startTime, Math.min(cue.endTime, video.currentTime));
  }

  #mark(): void {
    for (const video of Object.values(this.#stage.videos)) {
      const track = this.#tracks.get(video);
      if (track) track.mode = this.#isShown && video === this.#stage.video ? "showing" : "hidden";
    }
  }

  #trackOf(video: HTMLVideoElement): TextTrack {
    const track = this.#tracks.get(video) ?? video.addTextTrack("captions", "Captions");
    this.#tracks.set(video, track);
    this.#mark();
    return track;
  }
}

/** Cues have markup of their own (WebVTT); what somebody wrote has none. */
function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
