/** The RTCP of one simulated viewer, at a browser's pace. */
import { NACK_SEQUENCES_MAX } from "../limits.ts";
import { nackLengthMax, writeNack } from "../wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../wire/rtcp/pli.ts";
import { RECEIVER_REPORT_BYTES, writeReceiverReport } from "../wire/rtcp/receiver-report.ts";
import { REPORT_BLOCK_BYTES, ReportBlock } from "../wire/rtcp/report-block.ts";
import { sdesLength, writeSdes } from "../wire/rtcp/sdes.ts";
import type { Arrivals } from "./arrivals.ts";
import type { LoadCounters } from "./counters.ts";
import type { ReceiveTrack } from "./receive-track.ts";

export interface FeedbackPlan {
  /** Ask again for what is missing (RFC 4585), if negotiated. */
  readonly nack: boolean;
  /** Pause between transport-cc feedback, us; 0 sends none. */
  readonly transportIntervalUs: number;
}

export interface ViewerFeedbackOptions {
  readonly plan: FeedbackPlan;
  readonly tracks: readonly ReceiveTrack[];
  /** Null when transport-cc was not negotiated. */
  readonly arrivals: Arrivals | null;
  readonly counters: LoadCounters;
  readonly ssrc: number;
  readonly cname: string;
  readonly random: () => number;
}

/** libwebrtc reports on video once a second, give or take half of it (RFC 3550 6.3.5). */
const REPORT_US = 1_000_000;
/** Without a whole keyframe a decoder asks for one after this, and again. */
const KEYFRAME_PATIENCE_US = 1_000_000;
/** A picture that lost a packet for good is stuck: at most one request in this time. */
const STUCK_PLI_US = 1_000_000;
/** A packet that others have overtaken comes within this time. */
const OVERTAKEN_US = 100_000;
/** An unanswered NACK is repeated after this. */
const NACK_REPEAT_US = 50_000;
/** Room of one compound packet before SRTCP. */
const FEEDBACK_BYTES_MAX = 1200;

const BLOCKS_MAX = 4;
// Scratch of the thread.
const blocks = Array.from({ length: BLOCKS_MAX }, () => new ReportBlock());
const holes = new Int32Array(NACK_SEQUENCES_MAX);
const nothing = new Int32Array(0);
const numbers = new Uint16Array(NACK_SEQUENCES_MAX);

export class ViewerFeedback {
  readonly #options: ViewerFeedbackOptions;
  readonly #cname: Uint8Array;
  #reportAt = Number.POSITIVE_INFINITY;
  #transportAt = Number.POSITIVE_INFINITY;
  #pliAt = Number.POSITIVE_INFINITY;
  #lostSeen = 0;
  #videoLost = 0;

  constructor(options: ViewerFeedbackOptions) {
    this.#options = options;
    this.#cname = new TextEncoder().encode(options.cname);
  }

  /** DTLS is complete. */
  start(now: number): void {
    const { plan, random } = this.#options;
    this.#reportAt = now + random() * REPORT_US;
    if (plan.transportIntervalUs > 0) this.#transportAt = now + random() * plan.transportIntervalUs;
    this.#pliAt = now + KEYFRAME_PATIENCE_US;
  }

  /**
   * Writes one compound packet of what is due at `now` (reduced-size, RFC 5506, when no report is);
   * 0 when nothing is. `stuck` tells that no whole keyframe came yet.
   */
  poll(now: number, stuck: boolean, out: Uint8Array, offset: number): number {
    let at = offset;
    if (now >= this.#reportAt) at += this.#writeReport(now, out, at);
    for (const track of this.#options.tracks) at += this.#writeNack(now, track, out, at);
    at += this.#writePli(now, stuck, out, at);
    if (now >= this.#transportAt) {
      this.#transportAt = now + this.#options.plan.transportIntervalUs;
      const { arrivals, ssrc, tracks } = this.#options;
      const room = FEEDBACK_BYTES_MAX - (at - offset);
      at += arrivals?.write(out, at, room, ssrc, tracks[0]?.ssrc ?? 0) ?? 0;
    }
    if (at > offset) this.#options.counters.add("feedbackSent");
    return at - offset;
  }

  /** Looks at holes for the last time: what has been open for a while now is lost. */
  finish(now: number): void {
    for (const track of this.#options.tracks) {
      const { missing } = track;
      missing.lost += missing.openSince(now - OVERTAKEN_US);
    }
    this.#noteLost();
  }

  #writeReport(now: number, out: Uint8Array, offset: number): number {
    const { tracks, ssrc, random } = this.#options;
    this.#reportAt = now + REPORT_US * (0.5 + random());
    const count = Math.min(BLOCKS_MAX, tracks.length);
    for (let i = 0; i < count; i += 1)
      tracks[i]!.statistics.report(now, tracks[i]!.ssrc, blocks[i]!);
    const length = writeReceiverReport(out, offset, ssrc, blocks, count);
    return length + writeSdes(out, offset + length, ssrc, this.#cname);
  }

  #writeNack(now: number, track: ReceiveTrack, out: Uint8Array, offset: number): number {
    const { plan, ssrc, counters } = this.#options;
    if (now < track.missing.nextTimeout()) return 0;
    const asked = track.missing.collect(now, NACK_REPEAT_US, plan.nack ? holes : nothing);
    this.#noteLost();
    if (asked === 0) return 0;
    for (let i = 0; i < asked; i += 1) numbers[i] = holes[i]! & 0xffff;
    counters.add("nacksSent");
    return writeNack(out, offset, ssrc, track.ssrc, numbers, asked);
  }

  #noteLost(): void {
    let lost = 0;
    for (const track of this.#options.tracks) lost += track.missing.lost;
    this.#options.counters.add("lost", lost - this.#lostSeen);
    this.#lostSeen = lost;
  }

  #writePli(now: number, stuck: boolean, out: Uint8Array, offset: number): number {
    const video = this.#options.tracks.find((track) => track.kind === "video");
    if (video === undefined) return 0;
    const lost = video.missing.lost !== this.#videoLost;
    if (now < this.#pliAt || !(stuck || lost)) return 0;
    this.#videoLost = video.missing.lost;
    this.#pliAt = now + STUCK_PLI_US;
    this.#options.counters.add("plisSent");
    return writePli(out, offset, this.#options.ssrc, video.ssrc);
  }
}

/** Most that one `poll` writes: a report, a NACK for each of two tracks, a PLI, and the feedback. */
const LONGEST =
  RECEIVER_REPORT_BYTES +
  BLOCKS_MAX * REPORT_BLOCK_BYTES +
  sdesLength(16) +
  2 * nackLengthMax(NACK_SEQUENCES_MAX) +
  PLI_BYTES;
if (LONGEST > FEEDBACK_BYTES_MAX - 200) throw new Error("a feedback packet fits");
