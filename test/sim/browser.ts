import { ReceiveStatistics } from "../../src/media/receive-statistics.ts";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { RECEIVER_REPORT_BYTES, writeReceiverReport } from "../../src/wire/rtcp/receiver-report.ts";
import { rembLength, writeRemb } from "../../src/wire/rtcp/remb.ts";
import { REPORT_BLOCK_BYTES, ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { AUDIO_SSRC, VIDEO_SSRC } from "../egress/harness.ts";
import type { SimPacket } from "./packet.ts";
import { Pictures, Progress } from "./pictures.ts";
import { RembReceiver } from "./remb-receiver.ts";

/** libwebrtc NackRequester: retries, then a keyframe request. */
const NACK_RETRIES = 10;
/** Its kDefaultRttMs: a peer that only receives does not know the round trip. */
const NACK_AGAIN_US = 100_000;
/** libwebrtc: a keyframe is asked for after such a wait for one, and for a decodable frame. */
const WAIT_KEYFRAME_US = 200_000;
const WAIT_FRAME_US = 3_000_000;
/** libwebrtc: video receivers report each second, at random between half and one and a half. */
const REPORT_US = 1_000_000;
const FEEDBACK_ROOM = 1200;
const OWN_SSRC = 1;

/** A receiver without transport-cc: how often it reports, and whether it sends REMB. */
export interface ReceiverKind {
  readonly reportUs: number;
  readonly remb: boolean;
}

interface Missing {
  nextAt: number;
  tries: number;
}

/**
 * The receiver in a browser as far as it matters, RTP in and RTCP out: transport feedback each 50 to
 * 100 ms, NACK at once and again, frames decoded in order, keyframe requests, receiver reports.
 */
export class Browser {
  readonly pictures = new Pictures();
  /** Packet indices of the audio. */
  readonly audio = new Set<number>();
  audioFirst = -1;
  /** Bytes that said nothing new: probes, and repairs that came twice. */
  wastedBytes = 0;
  bytes = 0;
  plis = 0;
  private readonly feedback = new TransportFeedbackRecorder();
  private readonly statistics = new Map([
    [AUDIO_SSRC, new ReceiveStatistics(48_000)],
    [VIDEO_SSRC, new ReceiveStatistics(90_000)],
  ]);
  private readonly blocks = [new ReportBlock(), new ReportBlock()];
  private readonly missing = new Map<number, Missing>();
  private highest = -1;
  private waitingSince = 0;
  private pliAt = 0;
  private reportAt = 0;
  private readonly remb: RembReceiver | null;

  constructor(
    private readonly random: () => number,
    /** An RTCP packet for the server. */
    private readonly send: (bytes: Uint8Array) => void,
    private readonly kind: ReceiverKind | null = null,
  ) {
    this.remb = kind?.remb === true ? new RembReceiver() : null;
  }

  receive(now: number, packet: SimPacket): void {
    this.bytes += packet.bytes;
    if (packet.sendTime >= 0) this.remb?.receive(now, packet.sendTime, packet.bytes);
    if (packet.transport >= 0) this.feedback.note(packet.transport, now);
    if (packet.kind === "report") {
      for (const { ssrc, compactNtp } of packet.reports) {
        this.statistics.get(ssrc)?.senderReport(compactNtp, now);
      }
    } else if (packet.kind === "audio") {
      if (this.audioFirst < 0) this.audioFirst = packet.index;
      this.audio.add(packet.index);
      this.count(now, AUDIO_SSRC, packet);
    } else if (packet.kind === "video") {
      this.count(now, VIDEO_SSRC, packet);
      this.noteIndex(now, packet.index);
      this.add(now, packet.index, packet);
    } else if (this.highest >= 0) {
      const index = this.highest + (((packet.index - this.highest) << 16) >> 16);
      if (this.pictures.has(index)) this.wastedBytes += packet.bytes;
      this.missing.delete(index);
      this.add(now, index, packet);
    }
  }

  tick(now: number): void {
    if (this.kind === null && now >= this.feedback.nextTimeout()) this.writeFeedback(now);
    const estimate = this.remb?.take(now) ?? 0;
    if (estimate > 0) this.sendRemb(estimate);
    if (now >= this.reportAt) this.report(now);
    const due: number[] = [];
    for (const [index, entry] of this.missing) {
      if (now < entry.nextAt) continue;
      if (entry.tries >= NACK_RETRIES) {
        this.missing.delete(index);
        this.requestKeyframe(now);
        continue;
      }
      entry.tries += 1;
      entry.nextAt = now + NACK_AGAIN_US;
      due.push(index);
    }
    if (due.length > 0) this.nack(due);
    const wait = this.pictures.started ? WAIT_FRAME_US : WAIT_KEYFRAME_US;
    if (this.highest >= 0 && now - this.waitingSince > wait) this.requestKeyframe(now);
  }

  private add(now: number, index: number, packet: SimPacket): void {
    const progress = this.pictures.add(now, index, packet);
    if (progress === Progress.goesOn) this.waitingSince = now;
    else if (progress === Progress.broken) this.requestKeyframe(now);
  }

  private count(now: number, ssrc: number, { index, timestamp }: SimPacket): void {
    const statistics = this.statistics.get(ssrc)!;
    statistics.update(index & 0xffff, timestamp, now, ssrc === AUDIO_SSRC ? 48_000 : 90_000);
  }

  private noteIndex(now: number, index: number): void {
    this.missing.delete(index);
    if (this.highest < 0) {
      this.highest = index;
      this.waitingSince = now;
    }
    for (let lost = this.highest + 1; lost < index; lost += 1) {
      this.missing.set(lost, { nextAt: now, tries: 0 });
    }
    if (index > this.highest) this.highest = index;
  }

  private nack(indices: readonly number[]): void {
    const out = new Uint8Array(nackLengthMax(indices.length));
    const sequences = Uint16Array.from(indices, (index) => index & 0xffff);
    const length = writeNack(out, 0, OWN_SSRC, VIDEO_SSRC, sequences, sequences.length);
    this.send(out.subarray(0, length));
  }

  private requestKeyframe(now: number): void {
    if (now < this.pliAt) return;
    this.pliAt = now + WAIT_KEYFRAME_US;
    this.plis += 1;
    const out = new Uint8Array(PLI_BYTES);
    writePli(out, 0, OWN_SSRC, VIDEO_SSRC);
    this.send(out);
  }

  private writeFeedback(now: number): void {
    for (;;) {
      const out = new Uint8Array(FEEDBACK_ROOM);
      const length = this.feedback.write(now, out, 0, FEEDBACK_ROOM, OWN_SSRC, VIDEO_SSRC);
      if (length === 0) return;
      this.send(out.subarray(0, length));
    }
  }

  private sendRemb(bitrate: number): void {
    const out = new Uint8Array(rembLength(1));
    writeRemb(out, 0, OWN_SSRC, bitrate, Uint32Array.of(VIDEO_SSRC), 1);
    this.send(out);
  }

  private report(now: number): void {
    this.reportAt = now + (this.kind?.reportUs ?? REPORT_US) * (0.5 + this.random());
    let count = 0;
    for (const [ssrc, statistics] of this.statistics) {
      if (statistics.received === 0) continue;
      statistics.report(now, ssrc, this.blocks[count]!);
      count += 1;
    }
    const out = new Uint8Array(RECEIVER_REPORT_BYTES + count * REPORT_BLOCK_BYTES);
    writeReceiverReport(out, 0, OWN_SSRC, this.blocks, count);
    this.send(out);
  }
}
