/**
 * The watching end (draft-ietf-wish-whep) with its events extension. Dispatches, beside the
 * connection's "statechange": "inactive", "active" and "viewercount"; `layers` has events of its own,
 * and what is said of the stream goes to `hear`.
 */
import { Connection } from "./connection.ts";
import { LayerControl } from "./layercontrol.ts";
import type { Selection } from "./layers.ts";
import { findLink, REL_EVENTS, REL_LAYER, type WebLink } from "./link.ts";
import { hearStreamEvents } from "./listener.ts";
import { withStereoOpus } from "./sdp.ts";
import type { Session } from "./session.ts";
import { authorization, refusalOf } from "./session.ts";
import { STREAM_EVENT_TYPES, type StreamEvent } from "./streamevent.ts";

const EVENT_NAMES = ["active", "inactive", "layers", "viewercount", "reconnect"];
const WANTED = [...EVENT_NAMES, ...STREAM_EVENT_TYPES];

export class Viewer extends EventTarget {
  readonly connection: Connection;
  readonly layers: LayerControl;
  readonly #token: string | null;
  #events: EventSource | null = null;
  /** Tracks of the newest session, put in as they come, each announced by a "track" event. */
  stream = new MediaStream();
  /** False between the server's "inactive" and "active" events. */
  active = true;
  viewers: number | null = null;
  /** To the stream's tail, as the newest session's answer tells it; null where it has none. */
  tailLink: WebLink | null = null;
  hear: (event: StreamEvent) => void = () => undefined;

  constructor(endpoint: string, token: string | null) {
    super();
    this.#token = token;
    this.layers = new LayerControl((url, selection) => postSelection(url, token, selection));
    this.connection = new Connection({
      endpoint,
      token,
      conflictWaits: true,
      prepare: (pc) => this.#prepare(pc),
      mungeOffer: withStereoOpus,
      opened: (session) => {
        this.tailLink = findLink(session.links, "alternate");
        const link = findLink(session.links, REL_LAYER);
        this.layers.begin(link === null ? null : session.resolve(link.target));
        void this.#listen(session);
      },
    });
    this.connection.addEventListener("statechange", () => {
      if (this.connection.state !== "live") this.#forgetEvents();
      this.dispatchEvent(new Event("statechange"));
    });
  }

  stop(): void {
    this.connection.stop();
  }

  /** Whether this session has brought any packet: tracks are added with their first one. */
  get heardMedia(): boolean {
    return this.stream.getTracks().length > 0;
  }

  get hasPicture(): boolean {
    return this.stream.getVideoTracks().length > 0;
  }

  #prepare(pc: RTCPeerConnection): void {
    // A stream of its own: what shows the old one keeps its last picture until a new one comes.
    this.stream = new MediaStream();
    this.active = true;
    offerDescriptors(pc.addTransceiver("video", { direction: "recvonly" }));
    pc.addTransceiver("audio", { direction: "recvonly" });
    pc.addEventListener("track", ({ track }) => {
      // Muted until its first packet. A track without media would keep a media element from
      // playing the other one: the answer has audio and video also where the stream has not.
      if (!track.muted) this.#addTrack(pc, track);
      else track.addEventListener("unmute", () => this.#addTrack(pc, track), { once: true });
    });
  }

  #addTrack(pc: RTCPeerConnection, track: MediaStreamTrack): void {
    if (this.connection.pc !== pc) return;
    this.stream.addTrack(track);
    this.dispatchEvent(new Event("track"));
  }

  async #listen(session: Session): Promise<void> {
    const { pc } = this.connection;
    const link = findLink(session.links, REL_EVENTS);
    if (link === null) return;
    const offered = link.parameters.events?.split(",").map((name) => name.trim());
    const wanted = WANTED.filter((name) => offered === undefined || offered.includes(name));
    try {
      const response = await fetch(session.resolve(link.target), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...authorization(this.#token) },
        body: JSON.stringify(wanted),
      });
      const location = response.headers.get("Location");
      if (response.status !== 201 || location === null || this.connection.pc !== pc) return;
      this.#forgetEvents();
      this.#subscribe(new EventSource(new URL(location, response.url).href));
    } catch {
      // The events are an extra: without them the stream plays all the same.
    }
  }

  #subscribe(events: EventSource): void {
    this.#events = events;
    let told = false;
    const tell = (active: boolean) => {
      told = true;
      this.#setActive(active);
    };
    events.addEventListener("active", () => tell(true));
    events.addEventListener("inactive", () => tell(false));
    events.addEventListener("layers", (event) => this.layers.heard(readJson(event.data)));
    events.addEventListener("viewercount", (event) => {
      // At the start "active" comes first if the stream is live, and "inactive" never does.
      if (!told && !this.heardMedia) tell(false);
      const count = readJson(event.data).viewercount;
      if (typeof count !== "number") return;
      this.viewers = count;
      this.dispatchEvent(new Event("viewercount"));
    });
    hearStreamEvents(events, (event) => this.hear(event));
    events.addEventListener("reconnect", (event) => {
      const url = readJson(event.data).url;
      this.connection.reconnect(typeof url === "string" ? url : null);
    });
  }

  #setActive(active: boolean): void {
    this.active = active;
    this.dispatchEvent(new Event(active ? "active" : "inactive"));
  }

  #forgetEvents(): void {
    this.#events?.close();
    this.#events = null;
  }
}

async function postSelection(url: string, token: string | null, selection: Selection) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(token) },
    body: JSON.stringify(selection),
  });
  return response.ok ? "" : (await refusalOf(response)).message;
}

function readJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Not in every browser, nor in TypeScript's types. */
interface NegotiatesExtensions {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: string }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

/** Chromium knows AV1's spatial layers by them, but does not offer to receive them by itself. */
function offerDescriptors(transceiver: RTCRtpTransceiver & NegotiatesExtensions): void {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  for (const extension of extensions) {
    if (extension.uri.includes("dependency-descriptor")) extension.direction = "sendrecv";
  }
  transceiver.setHeaderExtensionsToNegotiate?.(extensions);
}
