/**
 * Plays a stream in real time (WHEP) in a video element of its own. Dispatches "statechange", "track"
 * (something is to be played), "picture" (the first one), "viewercount" and "layers".
 */
import type { PlayerStatus } from "./covertext.ts";
import type { Layer } from "./layers.ts";
import { Liveness } from "./liveness.ts";
import { PictureCounter } from "./pictures.ts";
import { Playhead } from "./playhead.ts";
import type { Figures, Latency, Report } from "./rates.ts";
import { estimateLatency, packetsOf, viewerFigures } from "./rates.ts";
import type { StreamEvent } from "./streamevent.ts";
import type { Sight } from "./tiers.ts";
import { Viewer } from "./whep.ts";
import { keyFor, type Wish } from "./wish.ts";

/** A stream whose picture has not come so long after its sound is taken for one without. */
const SOUND_ALONE_MS = 1_500;
/** Then the session is replaced: a publisher's short breaks end before, or are told. */
const REPLACED_AFTER_MS = 8_000;
/** While the publisher is away: its return is told, but an event may be lost. */
const REPLACED_AWAY_AFTER_MS = 60_000;
const LIMITS = { packetsMs: 2_000, picturesMs: 4_000 };

export class RealtimePlayback extends EventTarget {
  readonly viewer: Viewer;
  readonly #video: HTMLVideoElement;
  readonly #pictures: PictureCounter;
  readonly #playhead = new Playhead();
  readonly #liveness = new Liveness(LIMITS);
  #before: Report[] = [];
  #packets = 0;
  #askedAt: number | null = null;
  #connectedAt: number | null = null;
  #wish: Wish | null = null;
  #dryAt: number | null = null;
  figures: Figures | null = null;
  latency: Latency | null = null;
  /** Since the page began, in ms; null until the first picture of the newest session. */
  firstFrameMs: number | null = null;
  postToFirstFrameMs: number | null = null;
  /** Called with each picture that is shown. */
  shown: () => void = () => undefined;

  /** `endpoint`: the WHEP address. */
  constructor(video: HTMLVideoElement, endpoint: string, token: string | null, wish: Wish | null) {
    super();
    this.#video = video;
    this.#wish = wish;
    this.#pictures = new PictureCounter(video, (frame) => this.#seen(frame));
    const viewer = new Viewer(endpoint, token);
    this.viewer = viewer;
    // Not earlier: a video element with nothing to show would hold the page's load event back.
    viewer.addEventListener("track", () => this.#attach());
    for (const type of ["statechange", "active", "inactive"]) {
      viewer.addEventListener(type, () => this.#changed());
    }
    viewer.addEventListener("viewercount", () => this.dispatchEvent(new Event("viewercount")));
    viewer.layers.addEventListener("layers", () => this.#heardLayers());
  }

  start(): void {
    this.#pictures.start();
    this.viewer.connection.start();
  }

  stop(): void {
    this.#pictures.stop();
    this.viewer.stop();
    this.#video.srcObject = null;
  }

  get status(): PlayerStatus {
    const { state, message, status } = this.viewer.connection;
    if (state !== "live" || this.viewer.active) return { state, message, status };
    return { state: this.viewer.heardMedia ? "inactive" : "waiting", message, status };
  }

  get hasMedia(): boolean {
    return this.firstFrameMs !== null || this.#packets > 0;
  }

  get captureMs(): number | null {
    return this.#playhead.captureMs;
  }

  get layers(): readonly Layer[] {
    return this.viewer.layers.layers;
  }

  /** What is said of the stream goes there. */
  set hear(hear: (event: StreamEvent) => void) {
    this.viewer.hear = hear;
  }

  choose(wish: Wish | null): void {
    this.#wish = wish;
    this.viewer.layers.choose(keyFor(this.layers, wish));
  }

  look(nowMs: number, isWatched: boolean): Sight {
    const { connection, active } = this.viewer;
    const { flows, isSteady, isDoubtful } = this.#liveness.look({
      nowMs,
      packets: this.#packets,
      pictures: this.#pictures.count,
      hasPictures: this.#hasPictures(nowMs),
      isWatched: isWatched && active,
    });
    this.#replaceDry(nowMs, flows);
    if (connection.postedAt > 0) this.#askedAt ??= connection.postedAt;
    return {
      flows,
      isSteady,
      isDoubtful: isDoubtful && active,
      askedAt: this.#askedAt,
      refusal: connection.status === 409 ? 0 : connection.status,
      waits: !flows && (connection.status === 409 || !active),
      connected: this.#connectedAt !== null,
    };
  }

  /** Looks at the connection; `isFull`: for the figures of the last second, too. */
  async measure(isFull: boolean): Promise<void> {
    const { pc } = this.viewer.connection;
    if (pc === null || pc.connectionState === "closed") return;
    const reports: Report[] = [];
    for (const report of (await pc.getStats()).values()) reports.push(report);
    if (this.viewer.connection.pc !== pc) return;
    const now = Date.now();
    this.#playhead.polled(reports, now);
    this.#packets = packetsOf(reports);
    if (!isFull) return;
    this.figures = viewerFigures(this.#before, reports);
    this.latency = estimateLatency(this.#playhead.latencyMs(now), this.figures);
    this.#before = reports;
  }

  #replaceDry(nowMs: number, flows: boolean): void {
    const { connection, active } = this.viewer;
    if (flows || connection.state !== "live") {
      this.#dryAt = null;
      return;
    }
    this.#dryAt ??= nowMs;
    if (nowMs - this.#dryAt < (active ? REPLACED_AFTER_MS : REPLACED_AWAY_AFTER_MS)) return;
    this.#dryAt = null;
    connection.fail("No media is arriving.");
  }

  #hasPictures(nowMs: number): boolean {
    if (this.viewer.hasPicture || this.#connectedAt === null) return true;
    return nowMs - this.#connectedAt < SOUND_ALONE_MS;
  }

  #attach(): void {
    const { stream } = this.viewer;
    const isNew = this.#video.srcObject !== stream;
    if (isNew) this.#video.srcObject = stream;
    // Also for the second track: a play() that the first one's loading aborted decided nothing.
    if (isNew || !this.#video.paused) this.dispatchEvent(new Event("track"));
  }

  #changed(): void {
    const { state } = this.viewer.connection;
    // A publisher that comes back has its time to be heard again.
    this.#dryAt = null;
    if (state === "connecting") {
      this.firstFrameMs = null;
      this.postToFirstFrameMs = null;
      this.figures = null;
      this.#packets = 0;
      this.#before = [];
      this.#connectedAt = null;
      this.#liveness.reset();
    }
    if (state === "live") this.#connectedAt ??= performance.now();
    this.dispatchEvent(new Event("statechange"));
  }

  #seen(frame: VideoFrameCallbackMetadata): void {
    this.#playhead.shown(frame.rtpTimestamp);
    this.shown();
    if (this.firstFrameMs !== null || this.viewer.connection.state === "stopped") return;
    this.firstFrameMs = performance.now();
    this.postToFirstFrameMs = this.firstFrameMs - this.viewer.connection.postedAt;
    this.dispatchEvent(new Event("picture"));
  }

  #heardLayers(): void {
    const { layers } = this.viewer;
    const key = keyFor(layers.layers, this.#wish);
    if (layers.refusal !== "") this.#wish = null;
    else if (key !== null && key !== layers.wish) layers.choose(key);
    this.dispatchEvent(new Event("layers"));
  }
}
