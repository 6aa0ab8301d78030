import type { MediaSection, SessionStats } from "../commands.ts";
import { Counter } from "../counters.ts";
import { FEEDBACK_STATUSES_MAX, NACK_SEQUENCES_MAX } from "../limits.ts";
import type { LayerLimits } from "../media/layer-choice.ts";
import { pointOf, ringOf } from "../media/layer-table.ts";
import type { PacketKind } from "../media/sent-packets.ts";
import type { Peer } from "../peer/peer.ts";
import { Codec } from "../wire/codecs.ts";
import { Extension } from "../wire/extensions.ts";
import { formatPath } from "../wire/path.ts";
import { FeedbackFormat, RtcpCursor, RtcpType, readMediaSsrc } from "../wire/rtcp/compound.ts";
import { readFir } from "../wire/rtcp/fir.ts";
import { readNack } from "../wire/rtcp/nack.ts";
import { receiverReportBlocks } from "../wire/rtcp/receiver-report.ts";
import { readRemb } from "../wire/rtcp/remb.ts";
import { REPORT_BLOCK_BYTES, ReportBlock, readReportBlock } from "../wire/rtcp/report-block.ts";
import { readTransportFeedback, TransportFeedback } from "../wire/rtcp/transport-cc.ts";
import { Adaptation } from "./adaptation.ts";
import type { EgressContext } from "./context.ts";
import type { Following } from "./following.ts";
import { type PlayoutDelay, PlayoutHint } from "./playout-hint.ts";
import { repair, sendProbe } from "./repair.ts";
import { RepairBudget } from "./repair-budget.ts";
import { senderReportsLength, writeSenderReports } from "./sender-reports.ts";
import { RANDOM_INDEX_RANGE, ViewerTrack } from "./viewer-track.ts";

// One of each for the thread: a viewer's RTCP is handled in one go.
const cursor = new RtcpCursor();
const block = new ReportBlock();
const nacked = new Uint16Array(NACK_SEQUENCES_MAX);
const feedback = new TransportFeedback(FEEDBACK_STATUSES_MAX);

/** RFC 3550 6.2 asks for 5 s and more of large sessions; one a second keeps lip sync tight. */
const REPORT_INTERVAL_US = 1_000_000;
const SRTCP_OVERHEAD_MAX = 32;

/** One WHEP session: the peer, a track a media section, and the feedback that comes back. */
export class Viewer {
  readonly tracks: readonly ViewerTrack[];
  readonly budget = new RepairBudget();
  readonly adaptation: Adaptation;
  /** What its receiver is asked to wait; null asks for nothing. */
  readonly playoutHint: PlayoutHint | null;
  /** Its part of the worker's counter, bits a second. */
  estimateTold = 0;
  /** The layer that control believes it is sent; -1 while it has heard of none of this source. */
  layerTold = -1;
  source: Following | null = null;
  /** The stream's codec has no payload type here: the session ends with `codec-changed`. */
  unsupported = false;
  /** Time of the next sender reports, us. */
  private reportAt = 0;
  roundTripUs: number | null = null;
  /** The same, slow to rise: a report that was held up must not hold up repairs. */
  roundTripLowUs: number | null = null;
  /** Infinity before. */
  firstMediaAt = Number.POSITIVE_INFINITY;
  firstMediaTold = false;
  private transportSequence = 0;
  /** It can tell AV1's layers apart. */
  private readonly readsDescriptors: boolean;
  /** ... and cannot do without now: it gets the smallest picture alone. */
  private flat = false;

  constructor(
    private readonly context: EgressContext,
    readonly peer: Peer,
    readonly stream: number,
    media: readonly MediaSection[],
    playoutDelay: PlayoutDelay | null,
    private limits: LayerLimits,
    readonly openedAt: number,
  ) {
    const index = () => Math.floor(context.random() * RANDOM_INDEX_RANGE);
    this.playoutHint = playoutDelay === null ? null : new PlayoutHint(playoutDelay);
    this.adaptation = new Adaptation(openedAt, context.random);
    this.adaptation.setLimits(limits);
    this.readsDescriptors = media.some(
      ({ extensionIds }) => extensionIds[Extension.dependencyDescriptor] !== 0,
    );
    this.tracks = media.map((section) => new ViewerTrack(context, this, section, index(), index()));
  }

  get session(): number {
    return this.peer.session;
  }

  get connected(): boolean {
    return this.peer.state === "connected";
  }

  /** RFC 7675. Another session may have taken the address over, too: then there is none. */
  get mediaAllowed(): boolean {
    return this.peer.mediaAllowed && this.peer.path !== null;
  }

  /** The next transport-cc number: one space for all packets of the session. */
  takeTransportSequence(): number {
    const sequence = this.transportSequence;
    this.transportSequence = (sequence + 1) & 0xffff;
    return sequence;
  }

  /** The rings of the stream's present source; null while it has none. */
  follow(source: Following | null, now: number): void {
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
    const id = this.adaptation.choose(now, source.table.layers);
    return id < 0 ? 0 : ringOf(id);
  }

  /** What it may have of the layers from now on. */
  limit(limits: LayerLimits, now: number): void {
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
    this.adaptation.setLimits(flat ? { ...limits, spatialMax: 0 } : limits);
  }

  /** The layer that flows next, by what the path carries and what the viewer may have. */
  private chooseLayer(now: number): void {
    const layers = this.source?.table.layers ?? [];
    // A single layer may be of another ring than the one that is waited on.
    const rings = this.source?.video.length ?? 0;
    if (this.source === null || (layers.length < 2 && rings < 2)) {
      this.adaptation.settle();
      return;
    }
    this.flatten();
    const { choice } = this.adaptation;
    const { upgrades, downgrades } = choice;
    const id = this.adaptation.choose(now, layers);
    this.context.count(Counter.layerUpgrades!, choice.upgrades - upgrades);
    this.context.count(Counter.layerDowngrades!, choice.downgrades - downgrades);
    if (id < 0) return;
    const down = choice.downgrades > downgrades;
    for (const track of this.tracks) {
      if (!track.video) continue;
      track.layer.choose(this.source.video[ringOf(id)]!, pointOf(id), down, now);
      track.layer.pursue(this.adaptation.queueUs, now);
    }
  }

  /** Something with this viewer's transport-cc number has just left. */
  noteSent(now: number, bytes: number, kind: PacketKind): void {
    const sequence = (this.transportSequence - 1) & 0xffff;
    this.adaptation.noteSent(sequence, now, bytes, kind);
  }

  /** Sends what is due of a cluster of probes; false when there is none (any more). */
  sendProbes(now: number): boolean {
    const { adaptation } = this;
    if (!this.mediaAllowed) return false;
    const { probes, probeSuccesses } = adaptation;
    const track = this.tracks.find((each) => each.video && each.layer.flows);
    if (track === undefined || track.output.rtxSsrc === 0) return false;
    for (let bytes = adaptation.probe(now); bytes > 0; bytes = adaptation.probe(now)) {
      if (!sendProbe(this.context, track, bytes, now)) break;
    }
    this.context.count(Counter.probeClusters!, adaptation.probes - probes);
    this.context.count(Counter.probesSucceeded!, adaptation.probeSuccesses - probeSuccesses);
    return adaptation.probing;
  }

  noteMedia(payloadBytes: number, now: number): void {
    this.budget.earn(payloadBytes);
    if (now < this.firstMediaAt) this.firstMediaAt = now;
    this.context.count(Counter.packetsOut!);
    this.context.count(Counter.payloadBytesOut!, payloadBytes);
  }

  /**
   * A plaintext compound RTCP packet from the viewer. A BYE does not end the session (it may only
   * retire an SSRC of the viewer's): that is DTLS's close_notify or the end of consent.
   */
  handleRtcp(now: number, bytes: Uint8Array, offset: number, length: number): void {
    cursor.reset(bytes, offset, length);
    while (cursor.next()) {
      if (cursor.type === RtcpType.receiverReport) this.handleReports(now, bytes);
      else if (cursor.type === RtcpType.transportFeedback) this.handleTransport(now, bytes);
      else if (cursor.type === RtcpType.payloadFeedback) this.handlePayload(now, bytes);
    }
    if (cursor.malformed) this.context.count(Counter.malformed!);
  }

  /** Reports, rates and the layer; call some ten times a second. */
  handleTimeout(now: number): void {
    let audio = 0;
    for (const track of this.tracks) {
      const { rate, bytes } = track.output.totals;
      rate.advance(bytes, now);
      if (!track.video) audio += rate.bitsPerSecond;
      if (!this.mediaAllowed) track.output.freezes?.reset();
    }
    this.adaptation.handleTimeout(now, audio);
    this.playoutHint?.update(this.roundTripUs, this.adaptation.loss);
    this.chooseLayer(now);
    if (this.sendProbes(now)) this.context.startProbing(this);
    this.sendReports(now);
  }

  /** A track began a new time line: its report is due at once. */
  hurryReport(now: number): void {
    this.reportAt = now;
    this.context.reportsDue.push(this);
  }

  /** Sends sender reports for every track when they are due (RFC 3550 6.4.1). */
  sendReports(now: number): void {
    if (now < this.reportAt) return;
    const { path, sender } = this.peer;
    if (!this.mediaAllowed || path === null || sender === null) return;
    const { output } = this.context;
    const room = senderReportsLength(this.tracks.length);
    const at = output.reserve(path.socket, room + SRTCP_OVERHEAD_MAX);
    if (at < 0) return;
    this.reportAt = now + REPORT_INTERVAL_US;
    const region = output.region(path.socket);
    const length = writeSenderReports(region.bytes, at, this.context, this.tracks, now);
    if (length > 0) output.commit(path, sender.sealRtcp(region, at, length));
  }

  stats(): SessionStats {
    return {
      session: this.session,
      connected: this.connected,
      path: this.peer.path === null ? null : formatPath(this.peer.path),
      srtpProfile: this.peer.srtpProfile,
      roundTripMs: this.roundTripUs === null ? null : this.roundTripUs / 1000,
      estimateBps: Math.round(this.adaptation.estimate),
      tracks: this.tracks.map((track) => track.output.totals.stats(track)),
    };
  }

  private handleReports(now: number, bytes: Uint8Array): void {
    const count = cursor.count;
    const first = receiverReportBlocks(cursor.offset, cursor.length, count);
    if (first < 0) return;
    for (let i = 0; i < count; i += 1) {
      readReportBlock(bytes, first + i * REPORT_BLOCK_BYTES, block);
      const track = this.trackOf(block.ssrc);
      if (track === undefined) continue;
      const lost = Math.max(0, block.packetsLost);
      this.context.count(
        Counter.packetsReportedLost!,
        Math.max(0, lost - track.output.totals.packetsLost),
      );
      track.output.totals.packetsLost = lost;
      track.output.totals.jitter = block.jitter;
      this.noteRoundTrip(now);
      if (track.video) this.adaptation.handleReport(block.fractionLost / 256, this.roundTripUs);
    }
  }

  /** RFC 3550 6.4.1: arrival of the report - delay since last SR - last SR. */
  private noteRoundTrip(now: number): void {
    if (block.lastSenderReport === 0) return;
    const ntpUs = this.context.ntpUs(now);
    const compactNow = Math.floor((ntpUs / 1e6) * 65536) % 4294967296;
    const ticks = (compactNow - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
    if (ticks < 0 || ticks > 65536 * 5) return;
    const sample = (ticks * 1e6) / 65536;
    const before = this.roundTripUs;
    this.roundTripUs = before === null ? sample : before + (sample - before) / 8;
    const low = this.roundTripLowUs;
    this.roundTripLowUs = low === null || sample < low ? sample : low + (sample - low) / 32;
  }

  private handleTransport(now: number, bytes: Uint8Array): void {
    if (cursor.count === FeedbackFormat.nack) this.handleNack(now, bytes);
    else if (cursor.count === FeedbackFormat.transportCc) this.handleFeedback(now, bytes);
  }

  private handleFeedback(now: number, bytes: Uint8Array): void {
    if (!readTransportFeedback(bytes, cursor.offset, cursor.length, feedback)) {
      this.context.count(Counter.malformed!);
      return;
    }
    this.adaptation.handleFeedback(now, feedback);
    this.chooseLayer(now);
  }

  private handleNack(now: number, bytes: Uint8Array): void {
    const track = this.trackOf(readMediaSsrc(bytes, cursor.offset, cursor.length));
    if (track === undefined) return;
    const count = readNack(bytes, cursor.offset, cursor.length, nacked);
    if (count < 0) return;
    track.output.totals.nacks += 1;
    this.context.count(Counter.nacksReceived!);
    if (!this.mediaAllowed) return;
    for (let i = 0; i < count; i += 1) {
      repair(this.context, track, nacked[i]!, now);
    }
  }

  private handlePayload(now: number, bytes: Uint8Array): void {
    if (cursor.count !== FeedbackFormat.application) {
      this.handleKeyframeRequest(bytes);
      return;
    }
    const bitrate = readRemb(bytes, cursor.offset, cursor.length);
    if (bitrate >= 0) this.adaptation.handleRemb(now, bitrate);
  }

  private handleKeyframeRequest(bytes: Uint8Array): void {
    const pli = cursor.count === FeedbackFormat.pli;
    if (!pli && cursor.count !== FeedbackFormat.fir) return;
    for (const track of this.tracks) {
      const asked = pli
        ? readMediaSsrc(bytes, cursor.offset, cursor.length) === track.output.ssrc
        : readFir(bytes, cursor.offset, cursor.length, track.output.ssrc) >= 0;
      if (!asked || !track.video) continue;
      this.context.count(Counter.plisReceived!);
      track.refresh();
    }
  }

  private trackOf(ssrc: number): ViewerTrack | undefined {
    return this.tracks.find((track) => track.output.ssrc === ssrc);
  }
}
