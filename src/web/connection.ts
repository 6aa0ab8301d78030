/**
 * Keeps one WHIP or WHEP session alive: connects, watches, and connects anew with backoff until
 * it is stopped or the server refuses for good. Dispatches "statechange".
 */
import { messageOf } from "../errors.ts";
import { backoffMs } from "./backoff.ts";
import type { WebLink } from "./link.ts";
import { iceServersOf } from "./link.ts";
import { ServerRefusal, Session } from "./session.ts";

const CONNECT_TIMEOUT_MS = 12_000;
/** ICE often mends itself; a session that has not after this time is replaced. */
const DISCONNECTED_GRACE_MS = 4_000;
/** A connection that lasted this long starts the backoff from its first step again. */
const STABLE_MS = 10_000;

/**
 * connecting, live: as they say. waiting: the stream is not live yet, asked again later. retrying:
 * something failed, asked again later. refused: the server said no, ask a person. stopped: by us.
 */
export type ConnectionState =
  | "idle"
  | "connecting"
  | "live"
  | "waiting"
  | "retrying"
  | "refused"
  | "stopped";

export interface ConnectionOptions {
  /** The WHIP or WHEP address. */
  readonly endpoint: string;
  readonly token: string | null;
  /** Adds tracks or transceivers before the offer is made. */
  readonly prepare: (pc: RTCPeerConnection) => void | Promise<void>;
  readonly mungeOffer?: (sdp: string) => string;
  readonly mungeAnswer?: (sdp: string) => string;
  /** Called with each session the server accepted. */
  readonly opened?: (session: Session) => void;
  /** 409 means "not live yet, wait" for a viewer and "name taken" for a publisher. */
  readonly conflictWaits: boolean;
}

export class Connection extends EventTarget {
  readonly #options: ConnectionOptions;
  #endpoint: string;
  #token: string | null;
  #session: Session | null = null;
  #attempt = 0;
  #iceServers: RTCIceServer[] = [];
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #openedAt = 0;
  pc: RTCPeerConnection | null = null;
  state: ConnectionState = "idle";
  /** One sentence for the person in front of the page; "" when all is well. */
  message = "";
  /** HTTP status of the last refusal, or 0. */
  status = 0;
  /** performance.now() when the last POST began. */
  postedAt = 0;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#token = options.token;
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#hurry);
  }

  start(token: string | null = this.#token): void {
    this.#token = token;
    this.#attempt = 0;
    void this.#connect();
  }

  /** Ends for good: DELETE, close, no more retries. */
  stop(): void {
    this.#drop();
    removeEventListener("pagehide", this.#leave);
    removeEventListener("online", this.#hurry);
    this.#set("stopped", "");
  }

  /** Replaces the session now, elsewhere if the server said where. */
  reconnect(url: string | null = null): void {
    if (url !== null) this.#endpoint = new URL(url, this.#endpoint).href;
    this.#attempt = 0;
    void this.#connect();
  }

  /** Replaces a session that went wrong, after a backoff. */
  fail(message: string): void {
    if (this.state === "stopped") return;
    if (this.#openedAt > 0 && performance.now() - this.#openedAt > STABLE_MS) this.#attempt = 0;
    this.#retry("retrying", message, backoffMs(this.#attempt, Math.random()));
  }

  async #connect(): Promise<void> {
    this.#drop();
    this.#set("connecting", "");
    const pc = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceServers: this.#iceServers,
    });
    this.pc = pc;
    pc.addEventListener("connectionstatechange", () => this.#watch(pc));
    try {
      await this.#options.prepare(pc);
      this.postedAt = performance.now();
      const same = (sdp: string) => sdp;
      const { mungeOffer: offer = same, mungeAnswer: answer = same } = this.#options;
      const session = await Session.open(pc, this.#endpoint, this.#token, { offer, answer });
      if (this.pc !== pc) return session.close();
      this.#accept(pc, session);
    } catch (error) {
      if (this.pc === pc) this.#refuse(error);
    }
  }

  #accept(pc: RTCPeerConnection, session: Session): void {
    this.#session = session;
    this.status = 0;
    this.#useIceServers(pc, session.links);
    this.#later(CONNECT_TIMEOUT_MS, () => {
      if (pc.connectionState !== "connected") this.fail(UNREACHABLE);
    });
    this.#options.opened?.(session);
  }

  /** Link ice-server headers only come with the answer; ICE can still take them up then. */
  #useIceServers(pc: RTCPeerConnection, links: readonly WebLink[]): void {
    const servers = iceServersOf(links);
    if (servers.length === 0 || this.#iceServers.length > 0) return;
    this.#iceServers = servers;
    try {
      pc.setConfiguration({ ...pc.getConfiguration(), iceServers: servers });
    } catch {
      // An address this browser cannot read: connect without it, and do not offer it again.
      this.#iceServers = [];
    }
  }

  #watch(pc: RTCPeerConnection): void {
    if (this.pc !== pc) return;
    if (pc.connectionState === "connected") {
      this.#openedAt = performance.now();
      this.#set("live", "");
    } else if (pc.connectionState === "failed") {
      void this.#broke(pc, "The connection broke.");
    } else if (pc.connectionState === "disconnected") {
      this.#later(DISCONNECTED_GRACE_MS, () => {
        if (pc.connectionState === "disconnected") void this.#broke(pc, "The connection was lost.");
      });
    }
  }

  /** A publisher that was sent away must not fight for the name; a viewer may always come back. */
  async #broke(pc: RTCPeerConnection, message: string): Promise<void> {
    const end = this.#options.conflictWaits ? null : await this.#session?.finalEnd();
    if (this.pc !== pc) return;
    if (end) this.#refuse(end);
    else this.fail(message);
  }

  #refuse(error: unknown): void {
    if (!(error instanceof ServerRefusal)) {
      const local = error instanceof DOMException && error.name !== "TimeoutError";
      const said = messageOf(error);
      this.fail(local ? said : "The server cannot be reached.");
      return;
    }
    this.status = error.status;
    const wait = error.retryAfterMs;
    if (error.status === 409 && this.#options.conflictWaits) {
      // Spread by up to a quarter, so that a waiting crowd does not ask in one instant.
      const ms = (wait ?? 2_000) * (1 + Math.random() / 4);
      this.#retry("waiting", "", Math.max(500, ms));
    } else if (PASSING.has(error.status)) {
      const ms = Math.max(wait ?? 0, backoffMs(this.#attempt, Math.random()));
      this.#retry("retrying", error.message, ms);
    } else {
      this.#drop();
      this.#set("refused", error.message);
    }
  }

  #retry(state: ConnectionState, message: string, ms: number): void {
    this.#drop();
    this.#attempt += 1;
    this.#later(ms, () => void this.#connect());
    this.#set(state, message);
  }

  #drop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#session?.close();
    this.#session = null;
    this.#openedAt = 0;
    const pc = this.pc;
    this.pc = null;
    pc?.close();
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #set(state: ConnectionState, message: string): void {
    this.state = state;
    this.message = message;
    if (state === "live") this.status = 0;
    this.dispatchEvent(new Event("statechange"));
  }

  #leave = (event: PageTransitionEvent): void => {
    // A page kept in the back/forward cache comes back and must connect again.
    this.#drop();
    if (event.persisted && this.state !== "stopped" && this.state !== "refused") {
      addEventListener("pageshow", () => this.reconnect(), { once: true });
    }
  };

  #hurry = (): void => {
    if (this.state === "retrying") this.reconnect();
  };
}

/** Statuses that pass by themselves; 409 for a publisher: the old session may still be ending. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
const UNREACHABLE =
  "No media connection: a firewall may be blocking UDP between here and the server.";
