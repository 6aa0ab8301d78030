/** What a light viewer makes of the frames that ClientMedia numbered: what came, and of which time. */
import { PeerEvent } from "../../src/peer/events.ts";
import { readU32 } from "../../src/wire/bytes.ts";
import { NTP_EPOCH_US, ntpUsOf } from "../../src/wire/ntp.ts";
import { RtcpCursor, RtcpType } from "../../src/wire/rtcp/compound.ts";
import { readSenderReport, SenderReport } from "../../src/wire/rtcp/sender-report.ts";
import type { Client } from "./client.ts";
import { NUMBER_BYTES } from "./client-media.ts";

const cursor = new RtcpCursor();
const report = new SenderReport();

/** The frames of one kind. */
class KindFrames {
  /** RTP time by the frame's number. */
  readonly timestamps = new Map<number, number>();
  /** When its last packet came, us. */
  readonly cameUs = new Map<number, number>();
  ssrc = -1;
  /** Of the newest frame. */
  newest = -1;
  #report: { readonly ntpUs: number; readonly rtp: number } | null = null;

  constructor(readonly clockRate: number) {}

  note(number: number, timestamp: number, now: number): void {
    this.timestamps.set(number, timestamp);
    this.cameUs.set(number, now);
    this.newest = number;
  }

  reported(): void {
    this.#report = { ntpUs: ntpUsOf(report) - NTP_EPOCH_US, rtp: report.rtpTimestamp };
  }

  /** When it was taken by the newest sender report, us since 1970; null for what is not known. */
  takenUs(number: number): number | null {
    const timestamp = this.timestamps.get(number);
    if (timestamp === undefined || this.#report === null) return null;
    const ticks = (timestamp - this.#report.rtp) | 0;
    return this.#report.ntpUs + (ticks * 1e6) / this.clockRate;
  }
}

export class Frames {
  readonly audio = new KindFrames(48_000);
  readonly video = new KindFrames(90_000);
  /** When the last packet of the first keyframe came, us; NaN before. */
  firstPictureUs = Number.NaN;
  /** Of the newest keyframe. */
  width = 0;
  readonly #video: ReadonlySet<number>;

  /** From now on. `video`: payload types that carry pictures. */
  constructor(client: Client, video: readonly number[] = [96]) {
    this.#video = new Set(video);
    client.tap = (event, bytes, offset, now) => {
      if (event === PeerEvent.rtp) this.#rtp(client, bytes, offset, now);
      else if (event === PeerEvent.rtcp) this.#rtcp(bytes, offset, client.peer.length);
    };
  }

  #rtp({ peer }: Client, bytes: Uint8Array, offset: number, now: number): void {
    const { payloadType, payloadOffset, timestamp, marker, ssrc } = peer.rtp;
    const isVideo = this.#video.has(payloadType);
    const kind = isVideo ? this.video : this.audio;
    if (!isVideo && payloadType !== 111) return;
    kind.ssrc = ssrc;
    if (isVideo) this.width = keyframeWidth(bytes, payloadOffset) ?? this.width;
    if (isVideo && !marker) return;
    kind.note(readU32(bytes, offset + peer.length - NUMBER_BYTES), timestamp, now);
    if (isVideo && this.width > 0 && Number.isNaN(this.firstPictureUs)) this.firstPictureUs = now;
  }

  #rtcp(bytes: Uint8Array, offset: number, length: number): void {
    cursor.reset(bytes, offset, length);
    while (cursor.next()) {
      if (cursor.type !== RtcpType.senderReport) continue;
      if (!readSenderReport(bytes, cursor.offset, cursor.length, cursor.count, report)) continue;
      for (const kind of [this.audio, this.video]) if (kind.ssrc === report.ssrc) kind.reported();
    }
  }
}

/** Of the packet that begins a VP8 keyframe (RFC 7741 4.2, RFC 6386 9.1); null for another. */
function keyframeWidth(bytes: Uint8Array, payloadOffset: number): number | null {
  let at = payloadOffset;
  const begins = (bytes[at]! & 0x1f) === 0x10;
  if ((bytes[at]! & 0x80) !== 0) {
    const extended = bytes[at + 1]!;
    at += 1;
    if ((extended & 0x80) !== 0) at += (bytes[at + 1]! & 0x80) === 0 ? 1 : 2;
    if ((extended & 0x40) !== 0) at += 1;
    if ((extended & 0x30) !== 0) at += 1;
  }
  at += 1;
  if (!begins || (bytes[at]! & 1) !== 0) return null;
  return bytes[at + 6]! | ((bytes[at + 7]! & 0x3f) << 8);
}
