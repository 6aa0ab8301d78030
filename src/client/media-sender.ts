/** Everything a publishing client sends after the handshake: both tracks, reports, repairs. */
import type { MediaSection } from "../contract/session.ts";
import { NACK_SEQUENCES_MAX } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import type { SrtpSender } from "../srtp/sender.ts";
import type { MediaKind } from "../wire/codecs.ts";
import { writeBye } from "../wire/rtcp/bye.ts";
import { FeedbackFormat, RtcpCursor, RtcpType, readMediaSsrc } from "../wire/rtcp/compound.ts";
import { readNack } from "../wire/rtcp/nack.ts";
import { receiverReportBlocks } from "../wire/rtcp/receiver-report.ts";
import { REPORT_BLOCK_BYTES, ReportBlock, readReportBlock } from "../wire/rtcp/report-block.ts";
import { sdesLength, writeSdes } from "../wire/rtcp/sdes.ts";
import { SENDER_REPORT_BYTES, writeSenderReport } from "../wire/rtcp/sender-report.ts";
import type { MediaFrame } from "./media.ts";
import { HISTORY_BYTES, type PacketSink, RtpTrack } from "./rtp-track.ts";

export interface MediaSenderOptions {
  /** What the server accepted, with our SSRCs. */
  readonly sections: readonly MediaSection[];
  readonly cname: string;
  /** A random whole number from 0 to `limit` - 1. */
  readonly random: (limit: number) => number;
  /** Memory that the cipher can address. */
  readonly allocate: (bytes: number) => Region;
}

/** RFC 3550 6.2 allows 5 s; once a second keeps the players' clocks close. */
const REPORT_INTERVAL_US = 1_000_000;

// Scratch of the thread.
const block = new ReportBlock();

export class MediaSender {
  keyframesAsked = 0;
  /** Share of packets that the last receiver report calls lost, the larger of both tracks; 0..1. */
  fractionLost = 0;
  readonly #tracks = new Map<MediaKind, RtpTrack>();
  readonly #cname: Uint8Array;
  readonly #cursor = new RtcpCursor();
  readonly #sequences = new Uint16Array(NACK_SEQUENCES_MAX);
  /** Clock time that is time 0 of the media; set by the first frame. */
  #originUs = Number.NaN;
  #nextReportUs = Number.NEGATIVE_INFINITY;

  constructor(options: MediaSenderOptions) {
    this.#cname = new TextEncoder().encode(options.cname);
    for (const section of options.sections) {
      if (!this.#tracks.has(section.kind)) {
        this.#tracks.set(section.kind, createTrack(section, options));
      }
    }
  }

  get packets(): number {
    return this.#sum((track) => track.packets);
  }

  /** Payload bytes sent. */
  get octets(): number {
    return this.#sum((track) => track.octets);
  }

  get retransmissions(): number {
    return this.#sum((track) => track.retransmissions);
  }

  /** Whether the server takes this kind of media. */
  accepts(kind: MediaKind): boolean {
    return this.#tracks.has(kind);
  }

  /**
   * Moves the media's time line: media time 0 is `originUs` of the clock. Set before the first
   * frame, and again only after the sender was suspended.
   */
  anchor(originUs: number): void {
    this.#originUs = originUs;
  }

  /** Null when the frame went out, or is of a kind that the server refused; else the reason. */
  sendFrame(sender: SrtpSender, sink: PacketSink, frame: MediaFrame): string | null {
    const track = this.#tracks.get(frame.kind);
    if (track === undefined || track.sendFrame(sender, sink, frame.timeUs, frame.data)) return null;
    return "it breaks its format";
  }

  /** Sends the sender reports when they are due: at the start and once a second. */
  sendReports(sender: SrtpSender, sink: PacketSink, now: number, wallUs: number): void {
    if (now < this.#nextReportUs) return;
    this.#nextReportUs = now + REPORT_INTERVAL_US;
    for (const track of this.#tracks.values()) this.#sendReport(sender, sink, track, now, wallUs);
  }

  /** RFC 3550 6.3.7: leave with a BYE, behind a last report. */
  sendBye(sender: SrtpSender, sink: PacketSink, now: number, wallUs: number): void {
    for (const track of this.#tracks.values()) {
      this.#sendReport(sender, sink, track, now, wallUs, true);
    }
  }

  /** Takes one opened compound packet: NACKs are answered, the rest is for counting. */
  handleRtcp(
    sender: SrtpSender,
    sink: PacketSink,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const cursor = this.#cursor;
    cursor.reset(bytes, offset, length);
    while (cursor.next()) {
      if (cursor.type === RtcpType.payloadFeedback && cursor.count === FeedbackFormat.pli) {
        // A file cannot make a keyframe on demand; the next one comes in its time.
        this.keyframesAsked += 1;
      }
      if (cursor.type === RtcpType.receiverReport) this.#noteReport(bytes);
      if (cursor.type !== RtcpType.transportFeedback || cursor.count !== FeedbackFormat.nack) {
        continue;
      }
      const ssrc = readMediaSsrc(bytes, cursor.offset, cursor.length);
      const track = [...this.#tracks.values()].find((candidate) => candidate.ssrc === ssrc);
      if (track === undefined) continue;
      const count = readNack(bytes, cursor.offset, cursor.length, this.#sequences);
      for (let i = 0; i < count; i += 1) track.resend(sender, sink, this.#sequences[i]!);
    }
  }

  #noteReport(bytes: Uint8Array): void {
    const { offset, length, count } = this.#cursor;
    const first = receiverReportBlocks(offset, length, count);
    if (first < 0) return;
    let lost = 0;
    for (let i = 0; i < count; i += 1) {
      readReportBlock(bytes, first + i * REPORT_BLOCK_BYTES, block);
      lost = Math.max(lost, block.fractionLost / 256);
    }
    this.fractionLost = lost;
  }

  #sendReport(
    sender: SrtpSender,
    sink: PacketSink,
    track: RtpTrack,
    now: number,
    wallUs: number,
    bye = false,
  ): void {
    const byeBytes = bye ? 8 : 0;
    const bytes = SENDER_REPORT_BYTES + sdesLength(this.#cname.length) + byeBytes;
    const place = sink.reserve(bytes + sender.rtcpOverhead);
    if (place < 0) return;
    const out = sink.region.bytes;
    let end = place;
    end += writeSenderReport(out, end, track.report(wallUs, now - this.#originUs), [], 0);
    end += writeSdes(out, end, track.ssrc, this.#cname);
    if (bye) end += writeBye(out, end, [track.ssrc], 1);
    sink.commit(sender.sealRtcp(sink.region, place, end - place));
  }

  #sum(value: (track: RtpTrack) => number): number {
    return [...this.#tracks.values()].reduce((sum, track) => sum + value(track), 0);
  }
}

function createTrack(section: MediaSection, options: MediaSenderOptions): RtpTrack {
  const format = section.formats[0]!;
  const rtxSsrc = section.rtxSsrcs[0];
  const rtx =
    format.rtxPayloadType === null || rtxSsrc === undefined
      ? null
      : { payloadType: format.rtxPayloadType, ssrc: rtxSsrc };
  return new RtpTrack({
    codec: format.codec,
    payloadType: format.payloadType,
    clockRate: format.clockRate,
    ssrc: section.ssrcs[0]!,
    rtx,
    firstSequence: options.random(2 ** 15),
    firstRtxSequence: options.random(2 ** 15),
    firstTimestamp: options.random(2 ** 32),
    pictureId: options.random(2 ** 15),
    history: options.allocate(HISTORY_BYTES),
  });
}
