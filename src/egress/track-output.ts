import { assert } from "../assert.ts";
import type { MediaSection } from "../contract/session.ts";
import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { PacketKind } from "../media/sent-packets.ts";
import { SlotFlag } from "../ring/layout.ts";
import type { SendStream } from "../srtp/sender.ts";
import { Extension } from "../wire/extensions.ts";
import type { EgressContext } from "./context.ts";
import { Freezes } from "./freezes.ts";
import type { LayerStretch } from "./layer-stretch.ts";
import { OwnExtensions } from "./own-extensions.ts";
import { type Segment, timestampIn } from "./segments.ts";
import { SentHistory, SentMark } from "./sent-history.ts";
import { TimeLine } from "./time-line.ts";
import { TrackFormat } from "./track-format.ts";
import { TrackTotals } from "./track-totals.ts";
import type { ViewerLink } from "./viewer-link.ts";
import type { Visit } from "./visit.ts";

export type TrackSegment = Segment<Feed, LayerStretch>;

/** The sending end of one track: its SRTP streams, and what has left under which index. */
export class TrackOutput {
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly history: SentHistory;
  readonly totals = new TrackTotals();
  readonly timeLine = new TimeLine();
  readonly format: TrackFormat;
  readonly own: OwnExtensions;
  /** Null for audio. */
  readonly freezes: Freezes | null;
  /** The packet with the highest index, and whether its frame goes on behind it. */
  private newestIndex = -1;
  frameOpen = false;
  /** Packets tell when they leave, so that none can leave twice with the same bytes. */
  private readonly tellsSendTime: boolean;
  private stream: SendStream | null = null;
  private rtxStream: SendStream | null = null;

  constructor(
    private readonly context: EgressContext,
    private readonly link: ViewerLink,
    private readonly section: MediaSection,
    /** Random below 2^15 at first. */
    private rtxIndex: number,
  ) {
    this.ssrc = section.ssrcs[0]!;
    this.rtxSsrc = section.rtxSsrcs[0] ?? 0;
    this.history = SentHistory.of(section.kind);
    this.format = new TrackFormat(section);
    this.freezes = section.kind === "video" ? new Freezes(context.counters) : null;
    this.tellsSendTime = section.extensionIds[Extension.absSendTime] !== 0;
    this.own = new OwnExtensions(context, section.extensionIds, link.playoutHint);
  }

  /** Whether an index was never sealed for certain. */
  maySend(index: number): boolean {
    this.stream ??= this.link.peer.sender!.stream(this.ssrc);
    return this.stream.canSeal(index);
  }

  /** Whether what left under `index` can be made again, byte for byte. */
  mayRepeat(index: number): boolean {
    const { history } = this;
    if (this.tellsSendTime) return false;
    if (this.stream?.canResend(index) !== true || history.captureNtpUs(index) < 0) return false;
    return !history.hint(index) || this.own.keepsHint(index);
  }

  /** Sends slot `i` of a segment's ring under a new index, from the place reserved for it. */
  send(
    batch: Staging,
    i: number,
    index: number,
    at: number,
    segment: TrackSegment,
    now: number,
  ): void {
    const { packet } = this.context;
    const { layers } = segment;
    packet.take(batch, i);
    if (layers === null) {
      this.sendSlot(batch, i, index, at, segment, now);
      return;
    }
    const leaves = layers.apply(packet, batch, i);
    try {
      if (leaves) this.sendSlot(batch, i, index, at, segment, now);
    } finally {
      // The payload is all viewers', whatever becomes of this one.
      layers.undo(batch.region.bytes, batch.payloadOffset(i));
    }
    if (!leaves) this.sendFill(batch, i, index, at, segment, now);
  }

  /** Sends slot `i`, which the context's packet has taken. */
  private sendSlot(
    batch: Staging,
    i: number,
    index: number,
    at: number,
    segment: TrackSegment,
    now: number,
  ): void {
    const { packet } = this.context;
    this.freezes?.leave(segment, now);
    this.address(batch, i, index, segment);
    if (batch.isRed(i)) packet.payloadType = this.format.wrapAudio(packet);
    packet.padding = batch.skips(i) ? batch.fillSkip(i) : batch.paddings[i]!;
    this.own.add(packet, segment.feed!, this.format.clockRate, batch, i, now);
    this.sendNew(at, batch.flags[i]!, batch.arrivals[i]!, now, SentMark.none);
  }

  /** A number that is reserved between packets that left, for a packet that is not for this viewer. */
  sendFill(
    batch: Staging,
    i: number,
    index: number,
    at: number,
    segment: TrackSegment,
    now: number,
  ): void {
    const { packet, filler } = this.context;
    packet.takePayload(filler, 0);
    this.address(batch, i, index, segment);
    packet.padding = 1;
    this.sendNew(at, 0, batch.arrivals[i]!, now, SentMark.fill);
  }

  private address(batch: Staging, i: number, index: number, segment: TrackSegment): void {
    const { packet } = this.context;
    packet.index = index;
    packet.payloadType = this.format.payloadType;
    packet.timestamp = timestampIn(segment, batch.timestamps[i]!);
    packet.transportSequence = this.link.takeTransportSequence();
  }

  /** Sends the context's packet under its new index, from the place reserved for it. */
  sendNew(at: number, flags: number, arrival: number, now: number, mark: number): void {
    const { packet } = this.context;
    const { link } = this;
    this.stream ??= link.peer.sender!.stream(this.ssrc);
    if (this.tellsSendTime) packet.sendTimeUs = now;
    const bytes = this.context.send(link.peer, this.section, this.stream, at, false);
    link.noteSent(packet.transportSequence, now, bytes, PacketKind.media);
    this.history.note(
      packet.index,
      packet.payloadType,
      packet.transportSequence,
      packet.padding,
      packet.playoutMin >= 0,
      packet.captureNtpUs,
      packet.marker ? mark | SentMark.marker : mark,
      now,
    );
    if (packet.index > this.newestIndex) {
      this.newestIndex = packet.index;
      this.frameOpen = !packet.marker && mark === SentMark.none;
    }
    const totals = this.totals;
    totals.packets += 1;
    totals.bytes += packet.payloadLength;
    if ((flags & SlotFlag.keyframeStart) !== 0) {
      totals.keyframes += 1;
      link.failures.keyframe(now, link.roundTripLowUs ?? 0);
    }
    this.timeLine.note(packet.timestamp, arrival);
    link.noteMedia(1, packet.payloadLength, now);
  }

  /** Takes into the books what left by the fast lane. */
  enter(visit: Visit): void {
    const { link, history, timeLine, totals } = this;
    const { payloadType } = this.format;
    const { recent, packets, now } = visit;
    let bytes = 0;
    let marker = 0;
    for (let i = 0; i < packets; i += 1) {
      const at = recent.find((visit.sequence + i) | 0);
      assert(at >= 0, "what has left is remembered until it is in the books");
      const transport = (visit.transportSequence + i) & 0xffff;
      const padding = recent.paddings[at]!;
      const length = recent.lengths[at]!;
      marker = recent.markers[at]!;
      const mark = marker === 0 ? SentMark.none : SentMark.marker;
      const { media } = PacketKind;
      link.noteSent(transport, now, visit.overhead + length + padding, media);
      history.note(visit.index + i, payloadType, transport, padding, false, 0, mark, now);
      timeLine.note((recent.timestamps[at]! + visit.timestampOffset) >>> 0, recent.arrivals[at]!);
      bytes += length;
    }
    this.newestIndex = visit.index + packets - 1;
    this.frameOpen = marker === 0;
    totals.packets += packets;
    totals.bytes += bytes;
    link.noteMedia(packets, bytes, now);
  }

  /** Whether packets leave without anything that their slots and this track's numbers do not say. */
  get bare(): boolean {
    return !this.tellsSendTime && this.own.idle;
  }

  /** Null before the first packet. */
  get sendStream(): SendStream | null {
    return this.stream;
  }

  /** Sends the context's packet once more under its old index (nonce rule: the same bytes). */
  sendAgain(at: number): void {
    this.context.send(this.link.peer, this.section, this.stream!, at, true);
  }

  /** Sends the context's packet, an RTX payload by now, under the next RTX number. */
  sendRtx(at: number, now: number, kind: PacketKind): void {
    const { packet } = this.context;
    const { link } = this;
    packet.index = this.rtxIndex;
    packet.transportSequence = link.takeTransportSequence();
    this.rtxIndex += 1;
    if (this.tellsSendTime) packet.sendTimeUs = now;
    this.rtxStream ??= link.peer.sender!.stream(this.rtxSsrc);
    const bytes = this.context.send(link.peer, this.section, this.rtxStream, at, false);
    link.noteSent(packet.transportSequence, now, bytes, kind);
  }
}
