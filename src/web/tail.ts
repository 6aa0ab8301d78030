/**
 * Plays the tail of a stream (LL-HLS) in a video element, by hls.js, which is fetched when the first
 * tail is. Begins again by itself until it is stopped or the server refuses for good. Dispatches
 * "statechange" and "track" (something is to be played).
 */
import type Hls from "hls.js";
import type { ErrorData, HlsConfig } from "hls.js";
import { backoffMs } from "./backoff.ts";
import type { ConnectionState } from "./connection.ts";

/** Beside this file, whatever it was bundled into. */
const LIBRARY = new URL("hls.js", import.meta.url).href;

const NOT_LIVE_MS = 2_000;

const CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // Its worker is for transmuxing; these files need none.
  enableWorker: false,
  backBufferLength: 30,
  maxLiveSyncPlaybackRate: 1.05,
  liveSyncOnStallIncrease: 0.25,
  // Below half of the shortest part: a part at a segment's end is not skipped (hls.js #5028).
  maxFragLookUpTolerance: 0.08,
};

type Library = typeof Hls;

export class TailPlayback extends EventTarget {
  state: ConnectionState = "idle";
  /** One sentence for the person in front of the page; "" when all is well. */
  message = "";
  /** HTTP status of the last refusal, or 0. */
  status = 0;
  readonly #video: HTMLVideoElement;
  readonly #source: string;
  #hls: Hls | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The server's clock less ours, ms; null before the first answer. */
  #clockAheadMs: number | null = null;

  /** `address`: of index.m3u8. */
  constructor(video: HTMLVideoElement, address: string, token: string | null) {
    super();
    this.#video = video;
    const url = new URL(address);
    if (token !== null) url.searchParams.set("token", token);
    this.#source = url.href;
  }

  start(): void {
    void this.#open();
  }

  stop(): void {
    this.#close();
    this.#set("stopped", "");
  }

  /** How far what is shown lies behind its capture, by the server's clock; null while not known. */
  get latencyMs(): number | null {
    const shown = this.#hls?.playingDate;
    if (!shown || this.#clockAheadMs === null) return null;
    return Date.now() + this.#clockAheadMs - shown.getTime();
  }

  /** What hls.js thinks, for tests and the curious. */
  get hls(): Hls | null {
    return this.#hls;
  }

  async #open(): Promise<void> {
    this.#set("connecting", "");
    let library: Library;
    try {
      ({ default: library } = (await import(LIBRARY)) as { default: Library });
    } catch {
      this.#again("The player's second half cannot be loaded.");
      return;
    }
    if (this.state !== "connecting") return;
    if (library.isSupported()) this.#play(library);
    else this.#playNatively();
  }

  #play(library: Library): void {
    const hls = new library({ ...CONFIG, xhrSetup: (xhr) => this.#readClock(xhr) });
    this.#hls = hls;
    hls.on(library.Events.ERROR, (_, data) => this.#hearError(data));
    hls.on(library.Events.FRAG_BUFFERED, () => this.#live());
    hls.attachMedia(this.#video);
    hls.loadSource(this.#source);
    this.dispatchEvent(new Event("track"));
  }

  /** Where there is no Media Source at all, the browser may know HLS itself: some seconds later. */
  #playNatively(): void {
    if (this.#video.canPlayType("application/vnd.apple.mpegurl") === "") {
      this.#set("refused", "This browser cannot play the stream.");
      return;
    }
    this.#video.src = this.#source;
    this.dispatchEvent(new Event("track"));
    this.#live();
  }

  #live(): void {
    this.#attempt = 0;
    if (this.state !== "live") this.#set("live", "");
  }

  /** hls.js mends what it can; what it calls fatal ends it. */
  #hearError({ fatal, response, details }: ErrorData): void {
    if (!fatal) return;
    const status = response?.code ?? 0;
    this.status = status;
    if (status === 401 || status === 403) this.#refuse("The server asks for a token.");
    else if (status === 422) this.#refuse("This stream cannot be served over HLS.");
    else if (status === 404) {
      this.#close();
      this.#set("waiting", "");
      this.#timer = setTimeout(() => void this.#open(), NOT_LIVE_MS);
    } else this.#again(`Playback broke off (${details}).`);
  }

  #refuse(message: string): void {
    this.#close();
    this.#set("refused", message);
  }

  #again(message: string): void {
    this.#close();
    this.#set("retrying", message);
    const ms = backoffMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => void this.#open(), ms);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
    this.#video.removeAttribute("src");
  }

  /** Each playlist tells the server's time: the answer that took least has it best. */
  #readClock(xhr: XMLHttpRequest): void {
    xhr.addEventListener("readystatechange", () => {
      if (xhr.readyState !== xhr.HEADERS_RECEIVED) return;
      const told = Number(xhr.getResponseHeader("Spillway-Time") ?? Number.NaN);
      if (Number.isNaN(told)) return;
      // Every answer comes late, so what was ahead most is nearest.
      this.#clockAheadMs = Math.max(this.#clockAheadMs ?? -Infinity, told - Date.now());
    });
  }

  #set(state: ConnectionState, message: string): void {
    this.state = state;
    this.message = message;
    if (state !== "refused" && state !== "waiting") this.status = 0;
    this.dispatchEvent(new Event("statechange"));
  }
}
