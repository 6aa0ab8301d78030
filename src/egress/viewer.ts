import { Counter, countUp } from "../contract/counters.ts";
import type { MediaSection } from "../contract/session.ts";
import type { SessionStats } from "../contract/statistics.ts";
import type { Feed } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import { pointOf, ringOf } from "../feed/layer-table.ts";
import type { LayerLimits } from "../media/layer-choice.ts";
import type { Peer } from "../peer/peer.ts";
import { Codec } from "../wire/codecs.ts";
import { Extension } from "../wire/extensions.ts";
import { formatPath } from "../wire/path.ts";
import type { EgressContext } from "./context.ts";
import type { PlayoutDelay } from "./playout-hint.ts";
import type { Queued } from "./queues.ts";
import { sendProbe } from "./repair.ts";
import { SenderReports } from "./sender-reports.ts";
import type { TrackOwner } from "./track.ts";
import { trackStats } from "./track-stats.ts";
import { type FeedbackOwner, ViewerFeedback } from "./viewer-feedback.ts";
import { ViewerLink } from "./viewer-link.ts";
import { ViewerTrack } from "./viewer-track.ts";

/** First indices are random below this (RFC 3711 3.3.1: below 2^15, see Segments). */
const RANDOM_INDEX_RANGE = 32768;
/** What left is in the books after so long, however little happens. */
const BOOKS_AGE_US = 250_000;

/** One WHEP session: the peer, a track a media section, and the feedback that comes back. */
export class Viewer implements FeedbackOwner, Queued, TrackOwner {
  readonly tracks: readonly ViewerTrack[];
  readonly link: ViewerLink;
  /** What its receiver sends back. */
  readonly feedback: ViewerFeedback;
  /** Its part of the worker's counter, bits a second. */
  estimateTold = 0;
  /** The layer that control believes it is sent; -1 while it has heard of none of this source. */
  layerTold = -1;
  source: Following | null = null;
  firstMediaTold = false;
  private readonly reports: SenderReports;
  /** It can tell AV1's layers apart. */
  private readonly readsDescriptors: boolean;
  /** ... and cannot do without now: it gets the smallest picture alone. */
  private flat = false;

  constructor(
    private readonly context: EgressContext,
    peer: Peer,
    readonly stream: number,
    media: readonly MediaSection[],
    cname: string,
    playoutDelay: PlayoutDelay | null,
    private limits: LayerLimits,
    readonly openedAt: number,
  ) {
    const index = () => Math.floor(context.random() * RANDOM_INDEX_RANGE);
    this.link = new ViewerLink(context, peer, media, playoutDelay, openedAt);
    this.link.adaptation.setLimits(limits);
    this.feedback = new ViewerFeedback(context, this);
    this.reports = new SenderReports(context, cname);
    this.readsDescriptors = media.some(
      ({ extensionIds }) => extensionIds[Extension.dependencyDescriptor] !== 0,
    );
    this.tracks = media.map((section) => new ViewerTrack(context, this, section, index(), index()));
  }

  get session(): number {
    return this.link.session;
  }

  /** The rings of the stream's present source; null while it has none. */
  follow(source: Following | null, now: number): void {
    this.link.ledger.settle();
    this.source = source;
    this.layerTold = -1;
    for (const track of this.tracks) {
      track.output.freezes?.reset();
      const feed = track.video ? (source?.video[this.firstRing(now)] ?? null) : source?.audio;
      track.follow(feed ?? null, now);
    }
    this.chooseLayer(now);
  }

  /** Where to begin: a layer that the path is believed to carry. */
  private firstRing(now: number): number {
    const { source } = this;
    if (source === null || source.video.length < 2) return 0;
    this.flatten();
    const id = this.link.adaptation.choose(now, source.table.layers);
    return id < 0 ? 0 : ringOf(id);
  }

  /**
   * The best ring for this viewer among those that `shows` says can be shown now; null for none.
   * `patient`: rather none than one beyond its limits.
   */
  bestOf(shows: (feed: Feed) => boolean, patient: boolean, now: number): Feed | null {
    const { source } = this;
    if (source === null) return null;
    source.table.update(now);
    const showsLayer = (layer: number) => shows(source.video[ringOf(layer)]!);
    const id = this.link.adaptation.bestOf(source.table.layers, showsLayer, patient);
    return id < 0 ? null : source.video[ringOf(id)]!;
  }

  /** What it may have of the layers from now on. */
  limit(limits: LayerLimits, now: number): void {
    this.link.ledger.settle();
    this.limits = limits;
    this.setLimits();
    this.chooseLayer(now);
  }

  /**
   * AV1 tells the spatial layer of a frame in the dependency descriptor alone (AV1 RTP 4.4), and
   * browsers only offer that to receive when they are asked to. Without it Chromium refuses every
   * picture of more than one frame, while the lowest layer by itself plays.
   */
  private flatten(): void {
    const flat = !this.readsDescriptors && this.source?.video[0]?.reader.codec === Codec.av1;
    if (flat === this.flat) return;
    this.flat = flat;
    this.setLimits();
  }

  private setLimits(): void {
    const { limits, flat } = this;
    this.link.adaptation.setLimits(flat ? { ...limits, spatialMax: 0 } : limits);
  }

  /** The layer that flows next, by what the path carries and what the viewer may have. */
  chooseLayer(now: number): void {
    const layers = this.source?.table.layers ?? [];
    // A single layer may be of another ring than the one that is waited on.
    const rings = this.source?.video.length ?? 0;
    if (this.source === null || (layers.length < 2 && rings < 2)) {
      this.link.adaptation.settle();
      return;
    }
    // What flows may be paced from now on.
    this.link.ledger.settle();
    for (const track of this.tracks) track.lane.close();
    this.flatten();
    this.link.adaptation.noteBacklog(this.link.backlogUs(now));
    const { choice } = this.link.adaptation;
    const { upgrades, downgrades } = choice;
    const id = this.link.adaptation.choose(now, layers);
    countUp(this.context.counters, Counter.layerUpgrades!, choice.upgrades - upgrades);
    countUp(this.context.counters, Counter.layerDowngrades!, choice.downgrades - downgrades);
    if (id < 0) return;
    const down = choice.downgrades > downgrades;
    for (const track of this.tracks) {
      if (!track.video) continue;
      track.layer.choose(this.source.video[ringOf(id)]!, pointOf(id), down, now);
      track.layer.pursue(this.link.adaptation.queueUs, now);
    }
  }

  /** Sends what is due of a cluster of probes; false when there is none (any more). */
  sendProbes(now: number): boolean {
    const { adaptation, mediaAllowed } = this.link;
    if (!mediaAllowed) return false;
    if (!adaptation.calm(now)) this.link.ledger.settle();
    const { probes, probeSuccesses } = adaptation;
    const track = this.tracks.find((each) => each.video && each.layer.flows);
    if (track === undefined || track.output.rtxSsrc === 0) return false;
    for (let bytes = adaptation.probe(now); bytes > 0; bytes = adaptation.probe(now)) {
      if (!sendProbe(this.context, track, bytes, now)) break;
    }
    countUp(this.context.counters, Counter.probeClusters!, adaptation.probes - probes);
    countUp(
      this.context.counters,
      Counter.probesSucceeded!,
      adaptation.probeSuccesses - probeSuccesses,
    );
    return adaptation.probing;
  }

  /** Reports, rates and the layer; call some ten times a second. */
  handleTimeout(now: number): void {
    if (this.needsBooks(now)) this.link.ledger.settle();
    let audio = 0;
    for (const track of this.tracks) {
      const { rate, bytes } = track.output.totals;
      rate.advance(bytes, now);
      if (!track.video) audio += rate.bitsPerSecond;
      if (!this.link.mediaAllowed) track.output.freezes?.reset();
    }
    this.link.adaptation.handleTimeout(now, audio);
    this.updateHint();
    this.feedback.handleTimeout(now);
    this.chooseLayer(now);
    if (this.sendProbes(now)) this.context.queues.startProbing(this);
    this.sendReports(now);
  }

  /** Whether it makes a difference now what left of late: not at each of ten times a second. */
  private needsBooks(now: number): boolean {
    const { ledger, adaptation } = this.link;
    if (now - ledger.since > BOOKS_AGE_US || !adaptation.calm(now)) return true;
    for (const { output } of this.tracks) if (output.totals.rate.due(now)) return true;
    return false;
  }

  private updateHint(): void {
    const { playoutHint, roundTripUs, adaptation } = this.link;
    if (playoutHint === null) return;
    const { version } = playoutHint;
    playoutHint.update(roundTripUs, adaptation.loss);
    if (playoutHint.version !== version) for (const track of this.tracks) track.lane.close();
  }

  /** A track began a new time line: its report is due at once. */
  hurryReport(now: number): void {
    this.reports.hurry(now);
    this.context.queues.reportsDue.push(this);
  }

  sendReports(now: number): void {
    if (this.reports.due(now)) this.link.ledger.settle();
    const { peer } = this.link;
    if (peer.mediaAllowed || peer.reportsAllowed) this.reports.send(now, peer, this.tracks);
  }

  stats(): SessionStats {
    this.link.ledger.settle();
    const { peer, roundTripUs, adaptation } = this.link;
    return {
      session: this.session,
      connected: this.link.connected,
      path: peer.path === null ? null : formatPath(peer.path),
      srtpProfile: peer.srtpProfile,
      roundTripMs: roundTripUs === null ? null : roundTripUs / 1000,
      bitrateExcess: null,
      estimateBps: Math.round(adaptation.estimate),
      tracks: this.tracks.map((track) => trackStats(track)),
    };
  }
}
