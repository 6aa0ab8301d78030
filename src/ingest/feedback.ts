import { Counter, countUp } from "../contract/counters.ts";
import { tellWishes } from "../intake/wishes.ts";
import { NACK_SEQUENCES_MAX } from "../limits.ts";
import { RembSchedule } from "../media/remb-schedule.ts";
import type { TransportFeedbackRecorder } from "../media/transport-feedback.ts";
import { FIR_BYTES, writeFir } from "../wire/rtcp/fir.ts";
import { nackLengthMax, writeNack } from "../wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../wire/rtcp/pli.ts";
import { RECEIVER_REPORT_BYTES, writeReceiverReport } from "../wire/rtcp/receiver-report.ts";
import { rembLength, writeRemb } from "../wire/rtcp/remb.ts";
import { REPORT_BLOCK_BYTES, REPORT_BLOCKS_MAX, ReportBlock } from "../wire/rtcp/report-block.ts";
import { writeSdes } from "../wire/rtcp/sdes.ts";
import { TRANSPORT_CC_ROOM_MIN } from "../wire/rtcp/transport-cc-writer.ts";
import type { Track } from "./track.ts";

/** 1,280 bytes of an IPv6 path less 40 + 8 of headers and 32 of SRTCP. */
export const RTCP_BYTES_MAX = 1200;
/** libwebrtc reports on video once a second. */
const REPORT_INTERVAL_US = 1_000_000;

export interface FeedbackOptions {
  readonly ssrc: number;
  readonly cname: string;
  readonly bitrateMax: number;
  readonly tracks: readonly Track[];
  readonly transport: TransportFeedbackRecorder | null;
  readonly counters: Float64Array;
}

/** What goes back to a publisher, as compound RTCP packets (RFC 3550 6.1). */
export class Feedback {
  readonly #ssrc: number;
  readonly #cname: Uint8Array;
  readonly #tracks: readonly Track[];
  readonly #transport: TransportFeedbackRecorder | null;
  readonly #remb: RembSchedule | null;
  readonly #counters: Float64Array;
  readonly #blocks = Array.from({ length: REPORT_BLOCKS_MAX }, () => new ReportBlock());
  readonly #origins = new Int32Array(NACK_SEQUENCES_MAX);
  readonly #nothing = new Int32Array(0);
  readonly #sequences = new Uint16Array(NACK_SEQUENCES_MAX);
  readonly #rembSsrcs: Uint32Array;
  readonly #firSequences: Uint8Array;
  #reportAt = Number.POSITIVE_INFINITY;

  constructor(options: FeedbackOptions) {
    this.#ssrc = options.ssrc;
    this.#cname = new TextEncoder().encode(options.cname);
    this.#tracks = options.tracks;
    this.#transport = options.transport;
    this.#counters = options.counters;
    const remb = options.tracks.some((track) => track.section.formats.some((f) => f.remb));
    this.#remb = remb ? new RembSchedule(options.bitrateMax) : null;
    this.#rembSsrcs = new Uint32Array(options.tracks.length);
    this.#firSequences = new Uint8Array(options.tracks.length);
  }

  /** The first packet of the session came: reports begin. */
  start(now: number): void {
    if (this.#reportAt === Number.POSITIVE_INFINITY) this.#reportAt = now + REPORT_INTERVAL_US;
  }

  /** What to ask of the publisher by REMB from now on, bits a second. */
  limit(now: number, bitrate: number): void {
    this.#remb?.ask(now, bitrate);
  }

  nextTimeout(): number {
    let next = this.#reportAt;
    for (const track of this.#tracks) {
      next = Math.min(next, track.missing.nextTimeout());
      if (track.ssrc !== -1) next = Math.min(next, track.keyframes.nextTimeout());
    }
    if (this.#transport !== null) next = Math.min(next, this.#transport.nextTimeout());
    if (this.#remb !== null) next = Math.min(next, this.#remb.nextTimeout(this.#boundCount()));
    return next;
  }

  /** Writes one compound packet of what is due; 0 when nothing is. Call again until it is 0. */
  poll(now: number, out: Uint8Array): number {
    const due = now >= this.#reportAt;
    let position = this.#writeReport(now, out, due);
    position += writeSdes(out, position, this.#ssrc, this.#cname);
    const start = position;
    for (let i = 0; i < this.#tracks.length; i += 1) {
      position = this.#writeTrack(now, out, position, this.#tracks[i]!, i);
    }
    position = this.#writeRemb(now, out, position);
    position = this.#writeTransport(now, out, position);
    return due || position > start ? position : 0;
  }

  /** A report in front makes the packet a valid compound, also when it reports on nobody. */
  #writeReport(now: number, out: Uint8Array, due: boolean): number {
    let count = 0;
    if (due) {
      this.#reportAt = now + REPORT_INTERVAL_US;
      for (const track of this.#tracks) {
        if (track.ssrc === -1 || track.left || count === REPORT_BLOCKS_MAX) continue;
        track.statistics.report(now, track.ssrc, this.#blocks[count]!);
        count += 1;
      }
    }
    return writeReceiverReport(out, 0, this.#ssrc, this.#blocks, count);
  }

  #writeTrack(now: number, out: Uint8Array, offset: number, track: Track, index: number): number {
    if (track.ssrc === -1) return offset;
    let position = offset;
    // Without NACK the holes only grow old; a full packet leaves them for the next one.
    const room = RTCP_BYTES_MAX - position >= nackLengthMax(NACK_SEQUENCES_MAX);
    const scratch = track.format.format.nack && room ? this.#origins : this.#nothing;
    const asked =
      now >= track.missing.nextTimeout() && (room || !track.format.format.nack)
        ? track.collectMissing(now, scratch, this.#sequences)
        : 0;
    if (asked > 0) {
      position += writeNack(out, position, this.#ssrc, track.ssrc, this.#sequences, asked);
      track.nacksSent += asked;
      countUp(this.#counters, Counter.nacksSent, asked);
    }
    return this.#writeKeyframeRequest(now, out, position, track, index);
  }

  #writeKeyframeRequest(
    now: number,
    out: Uint8Array,
    position: number,
    track: Track,
    index: number,
  ): number {
    if (!track.video || RTCP_BYTES_MAX - position < FIR_BYTES + PLI_BYTES) return position;
    const { pli, fir } = track.format.format;
    if (!track.keyframes.take(now)) return position;
    tellWishes(track);
    countUp(this.#counters, Counter.plisSent);
    // PLI also when neither was negotiated: a sender that does not know it drops it (RFC 4585 3.1).
    if (pli || !fir) return position + writePli(out, position, this.#ssrc, track.ssrc);
    const sequence = this.#firSequences[index]!;
    this.#firSequences[index] = sequence + 1;
    return position + writeFir(out, position, this.#ssrc, track.ssrc, sequence);
  }

  #writeRemb(now: number, out: Uint8Array, position: number): number {
    if (this.#remb === null) return position;
    if (RTCP_BYTES_MAX - position < rembLength(this.#tracks.length)) return position;
    if (!this.#remb.take(now, this.#boundCount())) return position;
    let count = 0;
    for (const track of this.#tracks) {
      if (track.ssrc === -1) continue;
      this.#rembSsrcs[count] = track.ssrc;
      count += 1;
    }
    const { bitrate } = this.#remb;
    return position + writeRemb(out, position, this.#ssrc, bitrate, this.#rembSsrcs, count);
  }

  #writeTransport(now: number, out: Uint8Array, position: number): number {
    const transport = this.#transport;
    const room = RTCP_BYTES_MAX - position;
    if (transport === null || room < TRANSPORT_CC_ROOM_MIN) return position;
    if (now < transport.nextTimeout()) return position;
    const media = this.#tracks.find((track) => track.ssrc !== -1)?.ssrc ?? 0;
    return position + transport.write(now, out, position, room, this.#ssrc, media);
  }

  #boundCount(): number {
    let count = 0;
    for (const track of this.#tracks) if (track.ssrc !== -1) count += 1;
    return count;
  }
}

/** The longest packet without feedback: all report blocks and the longest CNAME that we use. */
export const REPORT_BYTES_MAX = RECEIVER_REPORT_BYTES + REPORT_BLOCKS_MAX * REPORT_BLOCK_BYTES + 80;
