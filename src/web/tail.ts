/**
 * Plays the tail of a stream (LL-HLS) in a video element of its own, by hls.js, which is fetched when
 * the first tail is. Begins again by itself until it is stopped or the server refuses for good.
 * Dispatches "statechange", "track" (something is to be played), "picture" (the first one) and "layers".
 */
import type Hls from "hls.js";
import type { ErrorData } from "hls.js";
import { withToken } from "./addresses.ts";
import { backoffMs } from "./backoff.ts";
import type { ConnectionState } from "./connection.ts";
import type { PlayerStatus } from "./covertext.ts";
import type { FigureLine } from "./figures.ts";
import { GoneBack } from "./goneback.ts";
import type { Layer } from "./layers.ts";
import { followLevels } from "./levels.ts";
import { reachOf } from "./listed.ts";
import { Liveness } from "./liveness.ts";
import { PictureCounter } from "./pictures.ts";
import type { Latency } from "./rates.ts";
import type { Reach } from "./reach.ts";
import { changingBetweenSegments } from "./segmentchange.ts";
import { ServerClock } from "./serverclock.ts";
import { captureMsOf, isStale } from "./staleness.ts";
import { Standstill } from "./standstill.ts";
import type { StreamEvent } from "./streamevent.ts";
import { careFor } from "./tailcare.ts";
import { eventsIn } from "./tailevents.ts";
import { startLookOf, type TailFigures, tailFigures, tailLines } from "./tailfigures.ts";
import { TailKeeper } from "./tailkeeper.ts";
import { tailLayers } from "./taillayers.ts";
import { loadLibrary, TAIL_CONFIG, type TailLibrary } from "./taillibrary.ts";
import { tailRefusal } from "./tailrefusal.ts";
import { beginAt, type StartLook, TailStart } from "./tailstart.ts";
import type { Sight } from "./tiers.ts";
import { keyFor, type Wish } from "./wish.ts";

// Beside a tail alone somebody listens over a connection of its own.
export { Listener } from "./listener.ts";

const NOT_LIVE_MS = 2_000;
const LIMITS = { packetsMs: Number.POSITIVE_INFINITY, picturesMs: 6_000 };

export class TailPlayback extends EventTarget {
  state: ConnectionState = "idle";
  /** One sentence for the person in front of the page; "" when all is well. */
  message = "";
  /** HTTP status of the last refusal, or 0. */
  refusal = 0;
  readonly #video: HTMLVideoElement;
  readonly #source: string;
  readonly #pictures: PictureCounter;
  readonly #liveness = new Liveness(LIMITS);
  readonly #start = new TailStart();
  /** Who goes back. */
  readonly back: GoneBack;
  readonly #keeper = new TailKeeper();
  readonly #clock = new ServerClock();
  #wish: Wish | null;
  /** The level that the wish comes to; null for automatic. */
  #level: number | null = null;
  #hls: Hls | null = null;
  #attempt = 0;
  #stalls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #standstill = new Standstill();
  /** Since the page began, in ms; null until the first picture. */
  firstFrameMs: number | null = null;
  /** Called with each picture that is shown. */
  shown: () => void = () => undefined;
  /** What is said of the stream goes there, as far as its playlists tell. */
  hear: (event: StreamEvent) => void = () => undefined;

  /** `address`: of index.m3u8. */
  constructor(video: HTMLVideoElement, address: string, token: string | null, wish: Wish | null) {
    super();
    this.#video = video;
    this.#wish = wish;
    this.back = new GoneBack(video, () => this.#hls);
    this.#pictures = new PictureCounter(video, () => this.#seen());
    this.#source = withToken(address, token);
  }

  start(): void {
    this.#pictures.start();
    this.#video.addEventListener("ended", this.#ended);
    void this.#open();
  }

  stop(): void {
    this.#pictures.stop();
    this.#video.removeEventListener("ended", this.#ended);
    this.#close();
    this.#set("stopped", "");
  }

  get status(): PlayerStatus {
    return { state: this.state, message: this.message, status: this.refusal };
  }

  /** The browser plays it, without hls.js. */
  get isNative(): boolean {
    return this.#hls === null && this.#video.hasAttribute("src");
  }

  get hasMedia(): boolean {
    return this.firstFrameMs !== null || this.#video.currentTime > 0;
  }

  /** Capture time of what is shown, ms since 1970 by the server's clock; null while not known. */
  get captureMs(): number | null {
    return captureMsOf(this.#hls, this.#video);
  }

  /** How far what is shown lies behind its capture, by the server's clock; null while not known. */
  get latencyMs(): number | null {
    const { captureMs } = this;
    const nowMs = this.#clock.nowMs;
    return captureMs === null || nowMs === null ? null : nowMs - captureMs;
  }

  get latency(): Latency | null {
    const ms = this.latencyMs;
    return ms === null ? null : { ms, basis: "capture" };
  }

  /** What can be gone back to; null where that is hardly more than what is live. */
  get reach(): Reach | null {
    const details = this.#hls?.latestLevelDetails ?? null;
    return details === null ? null : reachOf(details);
  }

  /** What hls.js thinks, for tests and the curious. */
  get hls(): Hls | null {
    return this.#hls;
  }

  /** Variants of the tail, highest first, as the quality menu wants them. */
  get layers(): readonly Layer[] {
    return this.#hls === null ? [] : tailLayers(this.#hls, this.#video);
  }

  /** `layer`: the label of the one that flows. */
  figures(layer: string): TailFigures {
    const bitrate = this.layers.find(({ current }) => current)?.bitrate ?? null;
    const told = { latencyMs: this.latencyMs, layer, bitrate, stalls: this.#stalls };
    return tailFigures(told, this.#hls, this.#video);
  }

  lines(layer: string): FigureLine[] {
    return tailLines(this.figures(layer));
  }

  choose(wish: Wish | null): void {
    this.#wish = wish;
    this.#chooseLevel();
    this.dispatchEvent(new Event("layers"));
  }

  goLive(): void {
    this.back.end();
    const at = this.#hls?.liveSyncPosition ?? null;
    if (at !== null) this.#video.currentTime = at;
  }

  /** The network is back. */
  hurry(): void {
    if (this.state !== "retrying") return;
    clearTimeout(this.#timer);
    void this.#open();
  }

  look(nowMs: number, isWatched: boolean): Sight {
    const { flows, isSteady } = this.#liveness.look({
      nowMs,
      packets: null,
      pictures: this.#pictures.count,
      hasPictures: true,
      isWatched,
    });
    this.#beginIfFilled(nowMs);
    this.#tend(nowMs, isWatched);
    const isDry = !flows && this.state === "live" && this.firstFrameMs !== null;
    if (this.#standstill.look(nowMs, isDry)) this.#again("The picture stands still.");
    const isOld = isWatched && isStale(this);
    const goesOn = this.#start.isSteady(this.#startLook(nowMs));
    return {
      flows: flows && !isOld,
      isSteady: goesOn && isSteady && !isOld,
      isDoubtful: false,
      askedAt: null,
      refusal: this.refusal,
      waits: this.state === "waiting",
      connected: this.state === "live",
    };
  }

  /** hls.js fills the buffer of a video that does not play yet. */
  #beginIfFilled(nowMs: number): void {
    const look = this.#startLook(nowMs);
    if (this.#hls === null || !this.#start.begins(look)) return;
    const at = this.back.isBehind ? null : beginAt(look, this.#hls.liveSyncPosition);
    if (at !== null) this.#video.currentTime = at;
    this.dispatchEvent(new Event("track"));
  }

  #startLook(nowMs: number): StartLook {
    return startLookOf(this.#hls, this.#video, nowMs);
  }

  #tend(nowMs: number, isWatched: boolean): void {
    const hls = this.#hls;
    if (hls === null || this.firstFrameMs === null) return;
    if (this.back.isBehind) this.back.tend(hls, isWatched);
    else if (careFor(hls, this.#keeper, this.#startLook(nowMs), isWatched)) this.goLive();
  }

  async #open(): Promise<void> {
    this.#set("connecting", "");
    this.firstFrameMs = null;
    this.#liveness.reset();
    this.#start.reset();
    const library = await loadLibrary();
    if (this.state !== "connecting") return;
    if (library === null) this.#again("The player's second half cannot be loaded.");
    else if (library.isSupported()) this.#play(library);
    else this.#playNatively();
  }

  #play(library: TailLibrary): void {
    const hls = new library({
      ...TAIL_CONFIG,
      abrController: changingBetweenSegments(library, () => this.#level, this.back),
      xhrSetup: (xhr) => this.#clock.read(xhr),
    });
    this.#hls = hls;
    hls.on(library.Events.ERROR, (_, data) => this.#hearError(data));
    hls.on(library.Events.FRAG_BUFFERED, () => {
      this.#live();
      this.#beginIfFilled(performance.now());
    });
    hls.on(library.Events.MANIFEST_PARSED, () => this.#begin(hls));
    // A playlist that has ended before anything was shown has only old pictures.
    hls.on(library.Events.LEVEL_LOADED, (_, { details }) => {
      const isLost = this.firstFrameMs === null && !this.back.isBehind;
      if (!details.live && isLost) this.#wait();
      for (const event of eventsIn(details)) this.hear(event);
    });
    hls.once(library.Events.LEVEL_UPDATED, () => this.back.place());
    // Not chosen anew: the video element has the size of the one before for a moment.
    hls.on(library.Events.LEVEL_SWITCHED, () => this.dispatchEvent(new Event("layers")));
    followLevels(library, hls, this.#source, () => this.choose(this.#wish));
    hls.attachMedia(this.#video);
    hls.loadSource(this.#source);
  }

  #begin(hls: Hls): void {
    this.#chooseLevel();
    // Without a wish it begins as index.m3u8 says.
    if (this.#level !== null) hls.startLevel = this.#level;
    this.dispatchEvent(new Event("layers"));
  }

  #chooseLevel(): void {
    const key = keyFor(this.layers, this.#wish);
    this.#level = key === null ? null : Number.parseInt(key, 10);
  }

  /** Where there is no Media Source at all, the browser may know HLS itself: some seconds later. */
  #playNatively(): void {
    if (this.#video.canPlayType("application/vnd.apple.mpegurl") === "") {
      this.#set("refused", "This browser cannot play the stream.");
      return;
    }
    this.#video.onerror = () => this.#again("Playback broke off.");
    this.#video.src = this.#source;
    void this.#clock.ask(this.#source);
    this.dispatchEvent(new Event("track"));
    this.#live();
  }

  #live(): void {
    if (this.state !== "live") this.#set("live", "");
  }

  #seen(): void {
    this.#attempt = 0;
    this.shown();
    if (this.firstFrameMs !== null) return;
    this.firstFrameMs = performance.now();
    this.dispatchEvent(new Event("picture"));
  }

  /** hls.js mends what it can; what it calls fatal ends it, as does an edition that is no more. */
  #hearError({ fatal, response, details }: ErrorData): void {
    if (details === "bufferStalledError") {
      this.#stalls += 1;
      this.#keeper.stalled(performance.now(), this.#start.wasSteady);
    }
    const status = response?.code ?? 0;
    if (!fatal && (status !== 404 || details !== "levelLoadError")) return;
    this.refusal = status;
    if (status === 401 || status === 403) this.#refuse("The server asks for a token.");
    else if (status === 404 && details === "manifestLoadError") this.#wait();
    else this.#again(tailRefusal(details, status));
  }

  /** The playlist has said that the stream is over. */
  #ended = (): void => this.#wait();

  #wait(): void {
    this.back.end();
    this.#close();
    this.#set("waiting", "");
    this.#timer = setTimeout(() => void this.#open(), NOT_LIVE_MS);
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
    this.#video.onerror = null;
    this.#video.removeAttribute("src");
  }

  #set(state: ConnectionState, message: string): void {
    this.state = state;
    this.message = message;
    if (state === "live") this.refusal = 0;
    this.dispatchEvent(new Event("statechange"));
  }
}
