/**
 * Runs the playbacks that the rules of the tiers want, and shows the one that they say. Dispatches
 * "statechange", "tierchange", "figures" (each second), "viewercount" and "layers". What is said of the
 * stream goes to `hear` when the picture that it is about is shown.
 */
import { Agenda } from "./agenda.ts";
import { isBlocked, rememberBlocked } from "./blocked.ts";
import type { PlayerStatus } from "./covertext.ts";
import type { Listener } from "./listener.ts";
import { BEHIND_MS_MIN, type Reach, toldReach } from "./reach.ts";
import { RealtimePlayback } from "./realtime.ts";
import { SecondHalfLoader } from "./secondhalf.ts";
import type { Stage } from "./stage.ts";
import type { StreamEvent } from "./streamevent.ts";
import type { TailPlayback } from "./tail.ts";
import { NO_SIGHT, type Tier, TierRules, type TierWish } from "./tiers.ts";
import { keyFor, type Wish, wishOf } from "./wish.ts";

const LOOK_INTERVAL_MS = 250;
const LOOKS_PER_MEASURE = 2;
const LOOKS_PER_FIGURES = 4;
/** A first picture that takes so long may never come: what plays the tail is fetched meanwhile. */
const SLOW_MS = 1_000;

export interface Programme {
  readonly wish: TierWish;
  /** The WHEP address; null where there is the tail alone. */
  readonly whep: string | null;
  /** Of index.m3u8. */
  readonly hls: string;
  /** Of /events/NAME, to be listened to while the tail plays: its playlists tell cues and captions alone. */
  readonly events: string | null;
  readonly token: string | null;
}

export class Director extends EventTarget {
  readonly #stage: Stage;
  #programme: Programme | null = null;
  #rules: TierRules | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looks = 0;
  #wish: Wish | null = null;
  #told: Tier | null = null;
  readonly #loader = new SecondHalfLoader();
  #agenda = new Agenda();
  #listener: Listener | null = null;
  /** Where a tail that is to begin behind does so: capture time. */
  #backMs: number | null = null;
  realtime: RealtimePlayback | null = null;
  tail: TailPlayback | null = null;
  hear: (event: StreamEvent) => void = () => undefined;

  constructor(stage: Stage) {
    super();
    this.#stage = stage;
  }

  start(programme: Programme): void {
    this.stop();
    const { whep } = programme;
    this.#programme = programme;
    const webrtc = whep !== null && typeof RTCPeerConnection !== "undefined";
    const blocked = whep !== null && isBlocked(whep, Date.now());
    const now = performance.now();
    this.#rules = new TierRules({ wish: programme.wish, webrtc, blocked }, now);
    this.#stage.show(this.#rules.runsRealtime ? "realtime" : "tail");
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    document.addEventListener("visibilitychange", this.#lookNow);
    addEventListener("online", this.#hurry);
    this.#apply(this.#rules);
  }

  stop(): void {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#lookNow);
    removeEventListener("online", this.#hurry);
    this.#rules = null;
    this.#told = null;
    this.#agenda = new Agenda();
    this.#stopRealtime();
    this.#stopTail();
  }

  /** The tier whose pictures are on the screen; null before the first. */
  get tier(): Tier | null {
    return this.#rules?.shown ?? null;
  }

  /** What is shown, or what a person waits for. */
  get playing(): RealtimePlayback | TailPlayback | null {
    const shown = this.tier === "tail" ? this.tail : this.realtime;
    return shown ?? this.realtime ?? this.tail;
  }

  get status(): PlayerStatus {
    const { playing } = this;
    if (playing !== null) return playing.status;
    if (this.#rules === null) return { state: "idle", message: "", status: 0 };
    if (!this.#loader.failed) return { state: "connecting", message: "", status: 0 };
    const message = "A part of the player cannot be loaded.";
    return { state: "retrying", message, status: 0 };
  }

  /** What can be gone back to; null where that is hardly more than what is live. */
  get reach(): Reach | null {
    const { realtime, tail } = this;
    if (this.#programme?.wish === "realtime") return null;
    if (tail !== null && this.tier === "tail") return tail.reach;
    return toldReach(realtime?.viewer.tailLink ?? null, realtime?.captureMs ?? Date.now());
  }

  /** What is shown, or will be soon, is old on purpose. */
  get isBehind(): boolean {
    return this.#rules?.isBehind === true;
  }

  /** To what was captured then. */
  seek(captureMs: number): void {
    const { reach } = this;
    if (this.#rules === null || reach === null) return;
    if (reach.toMs - captureMs < BEHIND_MS_MIN) {
      if (this.isBehind) this.goLive();
      return;
    }
    this.#rules.goBack();
    this.#backMs = captureMs;
    this.tail?.back.go(captureMs);
    this.#agenda.rewind(captureMs);
    this.#apply(this.#rules);
    this.#tell("statechange");
  }

  /** To the newest picture, in the tier that it was before. */
  goLive(): void {
    this.tail?.goLive();
    this.#rules?.goLive(performance.now());
    this.#look();
    this.#tell("statechange");
  }

  promote(ms?: number): void {
    this.#rules?.promote(performance.now(), ms);
    this.#look();
  }

  /** Key of the layer that a person chose, as the tier that plays names it; null for automatic. */
  get chosen(): string | null {
    return keyFor(this.playing?.layers ?? [], this.#wish);
  }

  choose(key: string | null): void {
    this.#wish = wishOf(this.playing?.layers ?? [], key);
    this.realtime?.choose(this.#wish);
    this.tail?.choose(this.#wish);
  }

  #look(): void {
    const rules = this.#rules;
    if (rules === null) return;
    this.#looks += 1;
    if (this.#looks % LOOKS_PER_MEASURE === 0) void this.#measure();
    const now = performance.now();
    const { isWatched, isHeld } = this.#stage;
    const realtime = this.realtime?.look(now, isWatched) ?? NO_SIGHT;
    const tail = this.tail?.look(now, isWatched) ?? NO_SIGHT;
    this.#tellDue((rules.shown === "tail" ? tail : realtime).flows);
    // Where a person paused, nothing flows, and nothing is to be changed.
    if (isHeld) {
      this.#stay(rules);
      return;
    }
    const { blocked } = rules;
    rules.look(now, realtime, tail);
    if (this.tail?.back.isBehind === true && !rules.isBehind) this.tail.goLive();
    this.#remember(blocked, rules.blocked);
    const { askedAt, flows, waits } = realtime;
    const isSlow = askedAt !== null && !flows && !waits && now - askedAt > SLOW_MS;
    if (isSlow && this.#programme?.wish === "auto") this.#loader.want(now, this.#lookNow);
    this.#apply(rules);
  }

  /** Who paused a tail that keeps what they missed goes on from there. */
  #stay(rules: TierRules): void {
    const { tail } = this;
    if (tail === null || rules.shown !== "tail" || rules.isBehind || tail.reach === null) return;
    if ((tail.latencyMs ?? 0) < BEHIND_MS_MIN) return;
    rules.goBack();
    tail.back.stay();
  }

  #lookNow = (): void => this.#look();

  #hurry = (): void => {
    this.#rules?.hurry(performance.now());
    this.tail?.hurry();
    this.#look();
  };

  /** `flows`: a picture is shown, and moves. */
  #tellDue(flows: boolean): void {
    const captureMs = flows ? (this.playing?.captureMs ?? null) : null;
    for (const event of this.#agenda.take(captureMs, performance.now(), this.isBehind))
      this.hear(event);
  }

  #remember(before: boolean | null, after: boolean | null): void {
    const whep = this.#programme?.whep ?? null;
    if (whep === null || after === null || after === before) return;
    rememberBlocked(whep, after, Date.now());
  }

  /** First what is shown, then what is no longer needed. */
  #apply(rules: TierRules): void {
    if (rules.runsRealtime) this.#startRealtime();
    if (rules.runsTail) this.#startTail();
    if (rules.shown !== null && rules.shown !== this.#told) {
      this.#told = rules.shown;
      this.#stage.show(rules.shown);
      this.#tell("tierchange");
      this.#tell("layers");
    }
    const wasBoth = this.realtime !== null && this.tail !== null;
    if (!rules.runsRealtime) this.#stopRealtime();
    if (!rules.runsTail) this.#stopTail();
    if (wasBoth && !(rules.runsRealtime && rules.runsTail)) this.#tell("statechange");
  }

  #startRealtime(): void {
    const { whep, token } = this.#programme ?? {};
    if (this.realtime !== null || !whep) return;
    const { realtime: video } = this.#stage.videos;
    const playback = new RealtimePlayback(video, whep, token ?? null, this.#wish);
    this.realtime = playback;
    playback.addEventListener("viewercount", () => this.#tell("viewercount"));
    this.#hear(playback, "realtime");
  }

  #startTail(): void {
    const { hls, token } = this.#programme ?? {};
    if (this.tail !== null || !hls) return;
    const { half } = this.#loader;
    if (half === null) {
      this.#loader.want(performance.now(), this.#lookNow);
      return;
    }
    this.tail = new half.TailPlayback(this.#stage.videos.tail, hls, token ?? null, this.#wish);
    if (this.isBehind && this.#backMs !== null) this.tail.back.go(this.#backMs);
    this.#hear(this.tail, "tail");
    const { events } = this.#programme ?? {};
    if (!events) return;
    this.#listener = new half.Listener(events, token ?? null, this.#note);
    this.#listener.start();
  }

  #note = (event: StreamEvent): void => this.#agenda.add(event, performance.now());

  #hear(playback: RealtimePlayback | TailPlayback, tier: Tier): void {
    playback.hear = this.#note;
    playback.shown = () => {
      if (tier === this.tier) this.#tellDue(true);
    };
    playback.addEventListener("track", () => void this.#stage.play(tier));
    playback.addEventListener("picture", () => {
      this.#look();
      // Also where the tier stays: what covers the picture has to go at once.
      this.#tell("statechange");
    });
    for (const type of ["statechange", "layers"]) {
      playback.addEventListener(type, () => this.#tell(type));
    }
    playback.start();
  }

  #stopRealtime(): void {
    const playback = this.realtime;
    this.realtime = null;
    playback?.stop();
  }

  #stopTail(): void {
    const playback = this.tail;
    this.tail = null;
    this.#listener?.stop();
    this.#listener = null;
    playback?.stop();
  }

  async #measure(): Promise<void> {
    const isFull = this.#looks % LOOKS_PER_FIGURES === 0;
    await this.realtime?.measure(isFull);
    if (isFull && this.#rules !== null) this.#tell("figures");
  }

  #tell(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}
