import { Counter, countUp } from "../contract/counters.ts";
import { FEEDBACK_STATUSES_MAX, NACK_SEQUENCES_MAX, RTCP_COST_US } from "../limits.ts";
import { RtcpShare } from "../media/rtcp-share.ts";
import { FeedbackFormat, RtcpCursor, RtcpType, readMediaSsrc } from "../wire/rtcp/compound.ts";
import { readFir } from "../wire/rtcp/fir.ts";
import { readNack } from "../wire/rtcp/nack.ts";
import { receiverReportBlocks } from "../wire/rtcp/receiver-report.ts";
import { readRemb } from "../wire/rtcp/remb.ts";
import { REPORT_BLOCK_BYTES, ReportBlock, readReportBlock } from "../wire/rtcp/report-block.ts";
import { readTransportFeedback, TransportFeedback } from "../wire/rtcp/transport-cc.ts";
import type { EgressContext } from "./context.ts";
import { repair } from "./repair.ts";
import type { ViewerLink } from "./viewer-link.ts";
import type { ViewerTrack } from "./viewer-track.ts";

// One of each for the thread: a viewer's RTCP is handled in one go.
const cursor = new RtcpCursor();
const block = new ReportBlock();
const nacked = new Uint16Array(NACK_SEQUENCES_MAX);
const feedback = new TransportFeedback(FEEDBACK_STATUSES_MAX);

/** Whose feedback it is (viewer.ts). */
export interface FeedbackOwner {
  readonly link: ViewerLink;
  readonly tracks: readonly ViewerTrack[];
  /** The layer that flows next: what the path carries may have changed. */
  chooseLayer(now: number): void;
}

/** What one viewer's receiver sends back: reports, NACKs, keyframe requests, feedback. */
export class ViewerFeedback {
  readonly #share = new RtcpShare();

  constructor(
    private readonly context: EgressContext,
    private readonly owner: FeedbackOwner,
  ) {}

  /**
   * A plaintext compound RTCP packet from the viewer. A BYE does not end the session (it may only
   * retire an SSRC of the viewer's): that is DTLS's close_notify or the end of consent.
   */
  handle(now: number, bytes: Uint8Array, offset: number, length: number): void {
    this.owner.link.ledger.settle();
    let takes = this.#share.takesDatagram(now);
    cursor.reset(bytes, offset, length);
    while (takes && cursor.next()) {
      takes = this.#share.takesPacket(now);
      if (!takes) break;
      if (cursor.type === RtcpType.receiverReport) this.#handleReports(now, bytes);
      else if (cursor.type === RtcpType.transportFeedback) this.#handleTransport(now, bytes);
      else if (cursor.type === RtcpType.payloadFeedback) this.#handlePayload(now, bytes);
    }
    if (!takes) countUp(this.context.counters, Counter.rtcpOverBudget!);
    else if (cursor.malformed) countUp(this.context.counters, Counter.malformed!);
  }

  /** Asks for what the viewer's share of keyframes did not allow before. Some ten times a second. */
  handleTimeout(now: number): void {
    if (!this.owner.link.failures.due(now)) return;
    for (const track of this.owner.tracks) if (track.video) this.#refresh(now, track);
  }

  #handleReports(now: number, bytes: Uint8Array): void {
    const count = cursor.count;
    const first = receiverReportBlocks(cursor.offset, cursor.length, count);
    if (first < 0) return;
    for (let i = 0; i < count; i += 1) {
      this.#share.charge(now, RTCP_COST_US.block);
      readReportBlock(bytes, first + i * REPORT_BLOCK_BYTES, block);
      const track = this.#trackOf(block.ssrc);
      if (track === undefined) continue;
      const lost = Math.max(0, block.packetsLost);
      countUp(
        this.context.counters,
        Counter.packetsReportedLost!,
        Math.max(0, lost - track.output.totals.packetsLost),
      );
      track.output.totals.packetsLost = lost;
      track.output.totals.jitter = block.jitter;
      const latest = this.#noteRoundTrip(now);
      const { adaptation, roundTripUs } = this.owner.link;
      if (track.video) adaptation.handleReport(block.fractionLost / 256, roundTripUs, latest);
    }
  }

  /** RFC 3550 6.4.1: arrival of the report - delay since last SR - last SR. Returns it, us. */
  #noteRoundTrip(now: number): number | null {
    if (block.lastSenderReport === 0) return null;
    const ntpUs = this.context.ntpUs(now);
    const compactNow = Math.floor((ntpUs / 1e6) * 65536) % 4294967296;
    const ticks = (compactNow - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
    if (ticks < 0 || ticks > 65536 * 5) return null;
    const sample = (ticks * 1e6) / 65536;
    this.owner.link.noteRoundTrip(sample);
    return sample;
  }

  #handleTransport(now: number, bytes: Uint8Array): void {
    if (cursor.count === FeedbackFormat.nack) this.#handleNack(now, bytes);
    else if (cursor.count === FeedbackFormat.transportCc) this.#handleFeedback(now, bytes);
  }

  #handleFeedback(now: number, bytes: Uint8Array): void {
    if (!readTransportFeedback(bytes, cursor.offset, cursor.length, feedback)) {
      countUp(this.context.counters, Counter.malformed!);
      return;
    }
    const { feedback: cost, status } = RTCP_COST_US;
    this.#share.charge(now, cost + feedback.statusCount * status);
    this.owner.link.adaptation.handleFeedback(now, feedback);
    this.owner.chooseLayer(now);
  }

  #handleNack(now: number, bytes: Uint8Array): void {
    const track = this.#trackOf(readMediaSsrc(bytes, cursor.offset, cursor.length));
    if (track === undefined) return;
    const count = readNack(bytes, cursor.offset, cursor.length, nacked);
    if (count < 0) return;
    track.output.totals.nacks += 1;
    countUp(this.context.counters, Counter.nacksReceived!);
    if (track.video) this.owner.link.adaptation.handleNack(now, count);
    if (!this.owner.link.mediaAllowed) return;
    for (let i = 0; i < count && this.#share.takesSequence(now); i += 1) {
      const answered = repair(this.context, track, nacked[i]!, now);
      if (answered) this.#share.charge(now, RTCP_COST_US.repair);
    }
  }

  #handlePayload(now: number, bytes: Uint8Array): void {
    if (cursor.count !== FeedbackFormat.application) {
      this.#handleKeyframeRequest(now, bytes);
      return;
    }
    const bitrate = readRemb(bytes, cursor.offset, cursor.length);
    if (bitrate >= 0) this.owner.link.adaptation.handleRemb(now, bitrate);
  }

  #handleKeyframeRequest(now: number, bytes: Uint8Array): void {
    const pli = cursor.count === FeedbackFormat.pli;
    if (!pli && cursor.count !== FeedbackFormat.fir) return;
    for (const track of this.owner.tracks) {
      const asked = pli
        ? readMediaSsrc(bytes, cursor.offset, cursor.length) === track.output.ssrc
        : readFir(bytes, cursor.offset, cursor.length, track.output.ssrc) >= 0;
      if (!asked || !track.video) continue;
      countUp(this.context.counters, Counter.plisReceived!);
      track.output.totals.plis += 1;
      this.#refresh(now, track);
    }
  }

  /** The decoder needs a keyframe. Before media runs, that is part of the join. */
  #refresh(now: number, track: ViewerTrack): void {
    if (track.state === "idle" || track.state === "waiting") track.start.request("join");
    else {
      const how = this.owner.link.failures.ask(now);
      if (how === null) countUp(this.context.counters, Counter.keyframeRequestsHeld!);
      else track.start.request(track.state === "live" ? how : "join");
    }
  }

  #trackOf(ssrc: number): ViewerTrack | undefined {
    return this.owner.tracks.find((track) => track.output.ssrc === ssrc);
  }
}
