import type { MediaSection, TrackStats } from "../commands.ts";
import {
  CATCH_UP_PACKETS,
  JOIN_BYTES_MAX,
  JOIN_KEYFRAME_AGE_MAX_US,
  SENT_HISTORY_AUDIO,
  SENT_HISTORY_VIDEO,
} from "../limits.ts";
import { SlotFlag } from "../ring/layout.ts";
import { ReadResult } from "../ring/reader.ts";
import { formatFor } from "../sdp/viewer-match.ts";
import type { SendStream } from "../srtp/sender.ts";
import { CODEC_NAMES, type CodecName } from "../wire/codecs.ts";
import type { EgressContext } from "./context.ts";
import type { Feed } from "./feed.ts";
import { HEADER_BYTES_MAX } from "./header-writer.ts";
import { Rate } from "./rate.ts";
import { Segments } from "./segments.ts";
import { SentHistory } from "./sent-history.ts";
import type { Staging } from "./staging.ts";
import type { Viewer } from "./viewer.ts";

/**
 * idle: no ring. waiting: for a place to begin. catchUp: from the cached keyframe to the live edge.
 * live: forwards what arrives.
 */
export type TrackState = "idle" | "waiting" | "catchUp" | "live";

/** Packets at the start of a segment that carry the playout-delay hint: any of them may be lost. */
const PLAYOUT_HINT_PACKETS = 32;
/** abs-capture-time is repeated at least once a second, as its specification asks. */
const CAPTURE_TIME_INTERVAL_US = 1_000_000;
/** First indices are random below this (RFC 3711 3.3.1: below 2^15, see Segments). */
export const RANDOM_INDEX_RANGE = 32768;
/** Not a payload type: the viewer has none for the ring's codec. */
export const NO_PAYLOAD_TYPE = 255;

/** One SSRC toward a viewer: numbers, timestamps and payload types of its own over a ring's media. */
export class ViewerTrack {
  state: TrackState = "idle";
  feed: Feed | null = null;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly segments: Segments<Feed>;
  readonly history: SentHistory;
  readonly rate = new Rate();
  /** Totals since the join. */
  packets = 0;
  bytes = 0;
  keyframes = 0;
  retransmissions = 0;
  nacks = 0;
  plis = 0;
  /** As the viewer's receiver reports say; jitter in RTP ticks. */
  packetsLost = 0;
  jitter = 0;
  codec: CodecName | null = null;
  payloadType = NO_PAYLOAD_TYPE;
  rtxPayloadType = NO_PAYLOAD_TYPE;
  clockRate: number;
  stream: SendStream | null = null;
  rtxStream: SendStream | null = null;
  /** A sender report on a new time line is due at once. */
  reportDue = false;
  private codecId = 0;
  /** In catchUp: the next origin sequence to send. */
  private next = 0;
  private beginPending = true;
  private hintPackets = 0;
  private captureAt = 0;
  // Newest packet that left: the next epoch's time line goes on from it.
  private lastTimestamp = 0;
  private lastArrival = 0;

  constructor(
    private readonly context: EgressContext,
    readonly viewer: Viewer,
    readonly section: MediaSection,
    /** Random below 2^15, for the media and the RTX numbers. */
    firstIndex: number,
    public rtxIndex: number,
  ) {
    this.ssrc = section.ssrcs[0]!;
    this.rtxSsrc = section.rtxSsrcs[0] ?? 0;
    this.segments = new Segments(firstIndex);
    this.clockRate = section.formats[0]!.clockRate;
    const video = section.kind === "video";
    this.history = new SentHistory(video ? SENT_HISTORY_VIDEO : SENT_HISTORY_AUDIO);
  }

  /** Reads another ring from now on (or none). Media starts at the next place a decoder can. */
  follow(feed: Feed | null, now: number): void {
    this.feed?.detach(this);
    this.feed = feed;
    this.codecId = 0;
    this.state = feed === null ? "idle" : "waiting";
    this.beginPending = true;
    if (feed === null) return;
    feed.attach(this);
    if (this.viewer.connected) this.join(now);
  }

  /** The viewer can receive: start from the cached keyframe if it is fresh, else ask for one. */
  join(now: number): void {
    const feed = this.feed;
    if (feed === null || this.section.kind === "audio") return;
    const reader = feed.reader;
    const keyframe = reader.keyframe();
    // Behind what was already sent there is nothing to show: wait for the next one.
    const current = this.segments.current;
    const stale =
      keyframe !== null &&
      current?.feed === feed &&
      ((keyframe - this.segments.originOf(current, this.segments.nextIndex)) | 0) < 0;
    if (keyframe !== null && !stale && this.worthCatchingUp(feed, now)) {
      this.state = "catchUp";
      this.next = keyframe;
      this.beginPending = true;
      this.context.startCatchUp(this);
    } else {
      reader.requestKeyframe("join");
    }
  }

  /** This worker was lapped: go on from the newest keyframe. */
  resume(now: number): void {
    if (this.section.kind === "audio" || this.state === "idle") return;
    this.state = "waiting";
    this.beginPending = true;
    if (this.viewer.connected) this.join(now);
  }

  /** Forwards the staged packets of this track's ring. */
  forward(batch: Staging, now: number): void {
    if (!this.viewer.mediaAllowed) return;
    for (let i = 0; i < batch.count; i += 1) {
      if (this.state === "waiting" && !this.begins(batch, i, now)) continue;
      const sequence = batch.sequences[i]!;
      if (this.state === "catchUp" && (this.beginPending || ((sequence - this.next) | 0) >= 0)) {
        continue;
      }
      const index = this.segments.indexOf(sequence);
      if (index >= 0) this.send(batch, i, index, now);
    }
    this.rate.advance(this.bytes, now);
  }

  /**
   * Sends the next stretch between the cached keyframe and the live edge, one packet at a time
   * through the context's scratch. True when it is done or given up.
   */
  catchUp(now: number): boolean {
    const feed = this.feed;
    if (this.state !== "catchUp" || feed === null) return true;
    if (!this.viewer.mediaAllowed) return !this.viewer.connected;
    const scratch = this.context.scratch;
    for (let i = 0; i < CATCH_UP_PACKETS; i += 1) {
      if (feed.reader.distance(this.next) <= 0) {
        this.state = "live";
        return true;
      }
      scratch.clear();
      const result = scratch.load(feed.reader, this.next);
      if (result === ReadResult.lapped) {
        this.state = "waiting";
        this.beginPending = true;
        feed.reader.requestKeyframe("join");
        return true;
      }
      if (result === ReadResult.ok) {
        if (this.beginPending) this.begin(feed, scratch, 0, now);
        this.send(scratch, 0, this.segments.indexOf(this.next), now);
      }
      // A hole keeps its number; if the packet still comes, it leaves late.
      this.next = (this.next + 1) | 0;
    }
    return false;
  }

  /** RTP time of `now` on this viewer's line; null while nothing is known of it. */
  timestampAt(now: number, byReport: boolean): number | null {
    const segment = this.segments.current;
    const feed = this.feed;
    if (segment === null || feed === null || segment.feed !== feed) return null;
    const origin = feed.clock.timestampAt(now, this.clockRate, feed.source, byReport);
    return origin === null ? null : (origin + segment.timestampOffset) >>> 0;
  }

  stats(): TrackStats {
    const description = this.feed?.reader.describe();
    return {
      kind: this.section.kind,
      codec: this.codec,
      ssrc: this.ssrc,
      rid: description?.rid === "" ? null : (description?.rid ?? null),
      packets: this.packets,
      bytes: this.bytes,
      packetsLost: this.packetsLost,
      retransmissions: this.retransmissions,
      nacks: this.nacks,
      plis: this.plis,
      keyframes: this.keyframes,
      jitterMs: (this.jitter * 1000) / this.clockRate,
      width: description?.width || null,
      height: description?.height || null,
      bitrate: Math.round(this.rate.bitsPerSecond),
      framesPerSecond: null,
    };
  }

  private worthCatchingUp(feed: Feed, now: number): boolean {
    const reader = feed.reader;
    if (reader.publisherIgnoresPli) return true;
    return (
      now - reader.keyframeArrivalUs <= JOIN_KEYFRAME_AGE_MAX_US &&
      reader.bytesSinceKeyframe <= JOIN_BYTES_MAX
    );
  }

  /** In `waiting`: whether a decoder can start at this packet, and then starts there. */
  private begins(batch: Staging, i: number, now: number): boolean {
    const flags = batch.flags[i]!;
    const startsHere =
      this.section.kind === "audio"
        ? (flags & SlotFlag.skip) === 0
        : (flags & SlotFlag.keyframeStart) !== 0;
    if (!startsHere) return false;
    this.begin(this.feed!, batch, i, now);
    this.state = "live";
    return true;
  }

  private begin(feed: Feed, batch: Staging, i: number, now: number): void {
    const previous = this.segments.current;
    const timestamp = batch.timestamps[i]!;
    let offset = previous?.timestampOffset ?? 0;
    if (previous !== null && previous.feed.source !== feed.source) {
      // A publisher came back: its line goes on by the time that really passed. Without the jump
      // the picture's latency would grow by the length of the gap.
      const elapsed = Math.max(0, batch.arrivals[i]! - this.lastArrival);
      const ticks = Math.max(1, Math.round((elapsed * this.clockRate) / 1e6));
      offset = (this.lastTimestamp + ticks - timestamp) >>> 0;
    }
    this.beginPending = false;
    this.reportDue = true;
    this.hintPackets = PLAYOUT_HINT_PACKETS;
    this.captureAt = 0;
    if (!this.selectFormat(feed, batch.codecs[i]!)) return;
    if ((batch.flags[i]! & SlotFlag.needsParameterSets) !== 0) {
      this.sendParameterSets(feed, (timestamp + offset) >>> 0, now);
    }
    this.segments.begin(feed, batch.sequences[i]!, offset);
  }

  /** The viewer's payload types for a codec; false (and the session ends) when it has none. */
  private selectFormat(feed: Feed, codecId: number): boolean {
    this.codecId = codecId;
    const codec = CODEC_NAMES[codecId] as CodecName;
    const live = { codec, fmtp: feed.reader.describe().fmtp };
    const format = formatFor(this.section.formats, live);
    this.codec = codec;
    this.payloadType = format?.payloadType ?? NO_PAYLOAD_TYPE;
    this.rtxPayloadType = format?.rtxPayloadType ?? NO_PAYLOAD_TYPE;
    if (format === null) this.viewer.unsupported = true;
    else this.clockRate = format.clockRate;
    return format !== null;
  }

  private send(batch: Staging, i: number, index: number, now: number): void {
    const context = this.context;
    const path = this.viewer.peer.path!;
    const sender = this.viewer.peer.sender!;
    this.stream ??= sender.stream(this.ssrc);
    // Sent already (the catch-up came before the log), or too late for the window.
    if (!this.stream.canSeal(index)) return;
    if (batch.codecs[i] !== this.codecId && !this.changeCodec(batch, i)) return;
    if (this.payloadType === NO_PAYLOAD_TYPE) return;
    const flags = batch.flags[i]!;
    const payloadLength = batch.payloadLengths[i]!;
    const at = context.output.reserve(path.socket, HEADER_BYTES_MAX + payloadLength + 32);
    if (at < 0) return;
    const region = context.output.region(path.socket);
    const own = this.addExtras(batch, i, now);
    const skip = (flags & SlotFlag.skip) !== 0;
    const padding = skip ? context.writeEmptyPadding(batch, i) : batch.paddings[i]!;
    const transportSequence = this.viewer.takeTransportSequence();
    context.headers.extras.transportSequence = transportSequence;
    const timestamp = (batch.timestamps[i]! + this.segments.current!.timestampOffset) >>> 0;
    const headerLength = context.headers.write(
      region.bytes,
      at,
      this.section.extensionIds,
      (flags & SlotFlag.marker) !== 0,
      padding > 0,
      this.payloadType,
      index,
      timestamp,
      this.ssrc,
      batch.region.bytes,
      batch.extensionOffset(i),
      batch.extensionLengths[i]!,
    );
    const length = sender.sealRtp(
      this.stream,
      region,
      at,
      headerLength,
      batch.region,
      batch.payloadOffset(i),
      payloadLength + padding,
      index,
    );
    context.output.commit(path, length);
    this.history.note(index, transportSequence, padding, own);
    this.noteSent(payloadLength, timestamp, batch.arrivals[i]!, flags);
  }

  /** The publisher switched its payload type: only at a keyframe (design 4). */
  private changeCodec(batch: Staging, i: number): boolean {
    const video = this.section.kind === "video";
    if (video && (batch.flags[i]! & SlotFlag.keyframeStart) === 0) return false;
    return this.selectFormat(this.feed!, batch.codecs[i]!);
  }

  /** Our own header extensions for this packet; true when there are any (it cannot be rebuilt). */
  private addExtras(batch: Staging, i: number, now: number): boolean {
    const extras = this.context.headers.extras;
    const delay = this.viewer.playoutDelay;
    const hint = delay !== null && this.hintPackets > 0;
    if (this.hintPackets > 0) this.hintPackets -= 1;
    extras.playoutMin = hint ? delay.min : -1;
    extras.playoutMax = hint ? delay.max : -1;
    extras.captureNtpUs = 0;
    const due = (batch.flags[i]! & SlotFlag.frameStart) !== 0 && now >= this.captureAt;
    if (due && this.viewer.wantsCaptureTime(this) && !this.feed!.bringsCaptureTime) {
      extras.captureNtpUs = this.captureTime(batch.timestamps[i]!, now);
      this.captureAt = now + CAPTURE_TIME_INTERVAL_US;
    }
    return hint || extras.captureNtpUs > 0;
  }

  /** When the frame was captured, on our wall clock (us since 1900); 0 if unknown. */
  private captureTime(timestamp: number, now: number): number {
    const feed = this.feed!;
    const live = feed.clock.timestampAt(now, this.clockRate, feed.source, feed.clock.hasReport);
    if (live === null) return 0;
    const age = (((live - timestamp) | 0) * 1e6) / this.clockRate;
    return this.context.ntpUs(now) - age;
  }

  private noteSent(payloadLength: number, timestamp: number, arrival: number, flags: number): void {
    this.packets += 1;
    this.bytes += payloadLength;
    if (((timestamp - this.lastTimestamp) | 0) > 0 || this.packets === 1) {
      this.lastTimestamp = timestamp;
      this.lastArrival = arrival;
    }
    if ((flags & SlotFlag.keyframeStart) !== 0) this.keyframes += 1;
    this.viewer.noteMedia(payloadLength);
  }

  /** Cached SPS/PPS/VPS as a packet of its own before an IDR that comes without (design 4). */
  private sendParameterSets(feed: Feed, timestamp: number, now: number): void {
    const sets = feed.reader.parameterSets();
    if (sets === null || !this.viewer.mediaAllowed) return;
    const scratch = this.context.parameterSets;
    scratch.bytes.set(sets);
    const path = this.viewer.peer.path!;
    const at = this.context.output.reserve(path.socket, HEADER_BYTES_MAX + sets.length + 32);
    if (at < 0) return;
    const sender = this.viewer.peer.sender!;
    this.stream ??= sender.stream(this.ssrc);
    const index = this.segments.takeIndex();
    const region = this.context.output.region(path.socket);
    const extras = this.context.headers.extras;
    extras.playoutMin = -1;
    extras.captureNtpUs = 0;
    extras.transportSequence = this.viewer.takeTransportSequence();
    const headerLength = this.context.headers.write(
      region.bytes,
      at,
      this.section.extensionIds,
      false,
      false,
      this.payloadType,
      index,
      timestamp,
      this.ssrc,
      scratch.bytes,
      0,
      0,
    );
    const length = sender.sealRtp(
      this.stream,
      region,
      at,
      headerLength,
      scratch,
      0,
      sets.length,
      index,
    );
    this.context.output.commit(path, length);
    this.noteSent(sets.length, timestamp, now, 0);
  }
}
