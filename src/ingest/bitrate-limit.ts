import { BitratePolice, type PoliceStage } from "../media/bitrate-police.ts";
import { VirtualLink } from "../media/virtual-link.ts";
import { Header, Inactive } from "../ring/layout.ts";
import type { Track } from "./track.ts";

/** A target that a sender misses is lowered by as much, but not below this share of the limit. */
const ASKED_MIN = 0.5;

/** Holds one publisher to its bit rate: asks, then takes its top layer no more, then ends it. */
export class BitrateLimit {
  /** The stage has changed since this was cleared: it is to be told. */
  changed = false;
  readonly #police: BitratePolice;
  readonly #link: VirtualLink;
  #dropped: Track | null = null;
  #told: PoliceStage = "within";

  constructor(
    /** Bits a second. */
    readonly limit: number,
    private readonly tracks: readonly Track[],
  ) {
    this.#police = new BitratePolice(limit, tracks.length);
    this.#link = new VirtualLink(limit);
  }

  get stage(): PoliceStage {
    return this.#police.stage;
  }

  /** Bits a second that came in lately. */
  get rate(): number {
    return this.#police.rate;
  }

  /** What to ask for by REMB. */
  get asked(): number {
    if (this.stage === "within") return this.limit;
    return this.limit * Math.min(1, Math.max(ASKED_MIN, this.limit / this.rate));
  }

  /** An RTP packet of a track came in. False when it is not to be taken. */
  takes(now: number, bytes: number, track: Track): boolean {
    this.#police.note(now, bytes, this.tracks.indexOf(track));
    return track !== this.#dropped;
  }

  /** What transport-cc says of the arrival of a packet; -1 when it says that it was lost. */
  arrival(arrival: number, bytes: number): number {
    return this.#link.pass(arrival, bytes, this.stage !== "within");
  }

  /** Some ten times a second. */
  update(now: number): void {
    this.#police.update(now);
    const drops = this.stage === "dropped" || this.stage === "ended";
    if (drops && this.#dropped === null) this.#drop();
    else if (!drops && this.#dropped !== null) this.#dropped = null;
    if (this.#told === this.stage) return;
    this.#told = this.stage;
    this.changed = true;
  }

  /** The largest layer of several; audio, and the only layer, have nothing below them. */
  #drop(): void {
    const flowing = this.tracks.filter((track) => track.video && this.#rateOf(track) > 0);
    if (flowing.length < 2) return;
    const top = flowing.reduce((a, b) => (this.#rateOf(b) > this.#rateOf(a) ? b : a));
    this.#dropped = top;
    // As after a BYE; its next packet that is taken begins a new numbering (Track.bind).
    top.ssrc = -1;
    top.left = true;
    top.writer.setWord(Header.inactive, Inactive.left);
    top.missing.clear();
    top.keyframes.rest();
  }

  #rateOf(track: Track): number {
    return this.#police.rateOf(this.tracks.indexOf(track));
  }
}
