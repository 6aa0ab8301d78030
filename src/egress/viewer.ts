import type { MediaSection, SessionStats } from "../commands.ts";
import { Counter } from "../counters.ts";
import { NACK_SEQUENCES_MAX } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import { formatPath } from "../wire/path.ts";
import { FeedbackFormat, RtcpCursor, RtcpType, readMediaSsrc } from "../wire/rtcp/compound.ts";
import { readFir } from "../wire/rtcp/fir.ts";
import { readNack } from "../wire/rtcp/nack.ts";
import { receiverReportBlocks } from "../wire/rtcp/receiver-report.ts";
import { REPORT_BLOCK_BYTES, ReportBlock, readReportBlock } from "../wire/rtcp/report-block.ts";
import { sdesLength, writeSdes } from "../wire/rtcp/sdes.ts";
import {
  SENDER_REPORT_BYTES,
  SenderReport,
  writeSenderReport,
} from "../wire/rtcp/sender-report.ts";
import type { EgressContext } from "./context.ts";
import type { PlayoutDelay } from "./own-extensions.ts";
import { repair } from "./repair.ts";
import { RepairBudget } from "./repair-budget.ts";
import { RANDOM_INDEX_RANGE, ViewerTrack } from "./viewer-track.ts";

// One of each for the thread: a viewer's RTCP is handled in one go.
const cursor = new RtcpCursor();
const block = new ReportBlock();
const nacked = new Uint16Array(NACK_SEQUENCES_MAX);
const report = new SenderReport();

/** RFC 3550 6.2 asks for 5 s and more of large sessions; one a second keeps lip sync tight. */
const REPORT_INTERVAL_US = 1_000_000;
const SRTCP_OVERHEAD_MAX = 32;
const CNAME = new TextEncoder().encode("spillway");

/** One WHEP session: the peer, a track a media section, and the feedback that comes back. */
export class Viewer {
  readonly tracks: readonly ViewerTrack[];
  readonly budget = new RepairBudget();
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

  constructor(
    private readonly context: EgressContext,
    readonly peer: Peer,
    readonly stream: number,
    media: readonly MediaSection[],
    readonly playoutDelay: PlayoutDelay | null,
    readonly openedAt: number,
  ) {
    const index = () => Math.floor(context.random() * RANDOM_INDEX_RANGE);
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
      else if (cursor.type === RtcpType.transportFeedback) this.handleNack(now, bytes);
      else if (cursor.type === RtcpType.payloadFeedback) this.handleKeyframeRequest(bytes);
    }
    if (cursor.malformed) this.context.count(Counter.malformed!);
  }

  /** Reports and rates; call a few times a second at least. */
  handleTimeout(now: number): void {
    for (const track of this.tracks) track.totals.rate.advance(track.totals.bytes, now);
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
    const room = this.tracks.length * (SENDER_REPORT_BYTES + sdesLength(CNAME.length));
    const at = output.reserve(path.socket, room + SRTCP_OVERHEAD_MAX);
    if (at < 0) return;
    this.reportAt = now + REPORT_INTERVAL_US;
    const region = output.region(path.socket);
    const length = this.writeReports(region.bytes, at, now);
    if (length > 0) output.commit(path, sender.sealRtcp(region, at, length));
  }

  private writeReports(out: Uint8Array, at: number, now: number): number {
    const ntpUs = this.context.ntpUs(now);
    // One clock for both tracks, or their errors would move one against the other.
    const byReport = this.tracks.every((t) => t.feed === null || t.feed.clock.hasReport);
    let length = 0;
    for (const track of this.tracks) {
      const timestamp = track.timestampAt(now, byReport);
      if (timestamp === null || track.totals.packets === 0) continue;
      report.ssrc = track.ssrc;
      report.ntpSeconds = Math.floor(ntpUs / 1e6);
      report.ntpFraction = Math.floor(((ntpUs % 1e6) / 1e6) * 4294967296);
      report.rtpTimestamp = timestamp;
      report.packetCount = track.totals.packets;
      report.octetCount = track.totals.bytes;
      length += writeSenderReport(out, at + length, report, [], 0);
      length += writeSdes(out, at + length, track.ssrc, CNAME);
    }
    return length;
  }

  stats(): SessionStats {
    return {
      session: this.session,
      connected: this.connected,
      path: this.peer.path === null ? null : formatPath(this.peer.path),
      srtpProfile: this.peer.srtpProfile,
      roundTripMs: this.roundTripUs === null ? null : this.roundTripUs / 1000,
      tracks: this.tracks.map((track) => track.totals.stats(track)),
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
        Math.max(0, lost - track.totals.packetsLost),
      );
      track.totals.packetsLost = lost;
      track.totals.jitter = block.jitter;
      this.noteRoundTrip(now);
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

  private handleNack(now: number, bytes: Uint8Array): void {
    if (cursor.count !== FeedbackFormat.nack) return;
    const track = this.trackOf(readMediaSsrc(bytes, cursor.offset, cursor.length));
    if (track === undefined) return;
    const count = readNack(bytes, cursor.offset, cursor.length, nacked);
    if (count < 0) return;
    track.totals.nacks += 1;
    this.context.count(Counter.nacksReceived!);
    if (!this.mediaAllowed) return;
    for (let i = 0; i < count; i += 1) {
      repair(this.context, track, nacked[i]!, now);
    }
  }

  private handleKeyframeRequest(bytes: Uint8Array): void {
    const pli = cursor.count === FeedbackFormat.pli;
    if (!pli && cursor.count !== FeedbackFormat.fir) return;
    for (const track of this.tracks) {
      const asked = pli
        ? readMediaSsrc(bytes, cursor.offset, cursor.length) === track.ssrc
        : readFir(bytes, cursor.offset, cursor.length, track.ssrc) >= 0;
      if (!asked || !track.video) continue;
      this.context.count(Counter.plisReceived!);
      track.refresh();
    }
  }

  private trackOf(ssrc: number): ViewerTrack | undefined {
    return this.tracks.find((track) => track.ssrc === ssrc);
  }
}
