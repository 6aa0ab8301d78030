/** One simulated viewer: what a browser does with a WHEP session, without decoding. No sockets. */
import { assert } from "../assert.ts";
import type { MediaFormat, MediaSection } from "../contract/session.ts";
import { PeerEvent } from "../peer/events.ts";
import type { Peer } from "../peer/peer.ts";
import type { Region } from "../srtp/cipher.ts";
import { SrtpReject } from "../srtp/receiver.ts";
import { readU16 } from "../wire/bytes.ts";
import { Codec, type CodecId, type MediaKind } from "../wire/codecs.ts";
import { classify, DatagramKind } from "../wire/demux.ts";
import { describePayload } from "../wire/describe.ts";
import { Extension } from "../wire/extensions.ts";
import { NTP_EPOCH_US, ntpUsOf } from "../wire/ntp.ts";
import type { Transport } from "../wire/path.ts";
import { PayloadDescription } from "../wire/payload-description.ts";
import { RtcpCursor, RtcpType } from "../wire/rtcp/compound.ts";
import { compactNtp, readSenderReport, SenderReport } from "../wire/rtcp/sender-report.ts";
import { parseRtpHeader, RtpHeader, stripPadding } from "../wire/rtp.ts";
import { AbsCaptureTime, readAbsCaptureTime } from "../wire/rtp-extension-values.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";
import { Arrivals } from "./arrivals.ts";
import type { LoadCounters } from "./counters.ts";
import type { LoadDistributions } from "./distributions.ts";
import { Arrival, ReceiveTrack } from "./receive-track.ts";
import type { Recording } from "./recording.ts";
import { readStamp, Stamp } from "./stamp.ts";
import { type FeedbackPlan, ViewerFeedback } from "./viewer-feedback.ts";
import type { ViewerPauses } from "./viewer-pauses.ts";

// One of each for the thread: a datagram is handled in one go.
const header = new RtpHeader();
const extensions = new ExtensionCursor();
const description = new PayloadDescription();
const stamp = new Stamp();
const capture = new AbsCaptureTime();
const cursor = new RtcpCursor();
const senderReport = new SenderReport();

/** NAL header and first byte of the slice header; Opus has one byte of its own in front. */
const STAMP_AT = { audio: 1, video: 2 } as const;

export interface ViewerOptions {
  readonly peer: Peer;
  readonly sections: readonly MediaSection[];
  readonly counters: LoadCounters;
  readonly distributions: LoadDistributions;
  readonly pauses: ViewerPauses;
  readonly plan: FeedbackPlan;
  /** Opens every packet; others are only counted by their header once the picture has begun. */
  readonly sampled: boolean;
  /** Opens a file for a sampled viewer's picture; null where none is wanted. */
  readonly record: ((codec: CodecId) => Recording | null) | null;
  /** Share of packets that are dropped on arrival, 0..1. */
  readonly loss: number;
  readonly random: () => number;
  readonly ssrc: number;
  readonly cname: string;
  /** When its POST was sent, us. */
  readonly startedAt: number;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, us. */
  readonly wallOffsetUs: () => number;
}

interface PayloadType {
  readonly section: MediaSection;
  readonly format: MediaFormat;
  readonly rtx: boolean;
}

export class LoadViewer {
  readonly peer: Peer;
  readonly tracks: ReceiveTrack[] = [];
  readonly feedback: ViewerFeedback;
  packets = 0;
  bytes = 0;
  connectedAt = 0;
  keyframeAt = 0;
  readonly #options: ViewerOptions;
  readonly #payloadTypes = new Map<number, PayloadType>();
  readonly #arrivals: Arrivals | null;
  readonly #transportId: number;
  readonly #captureId: number;
  readonly #wantsVideo: boolean;
  /** Whose pauses are seen. */
  readonly #main: MediaKind;
  /** RTP time of the keyframe that begins the picture; its marker ends the wait. */
  #keyframeTimestamp = -1;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.peer = options.peer;
    let transportCc = false;
    for (const section of options.sections) {
      for (const format of section.formats) {
        transportCc ||= format.transportCc;
        this.#payloadTypes.set(format.payloadType, { section, format, rtx: false });
        if (format.rtxPayloadType === null) continue;
        this.#payloadTypes.set(format.rtxPayloadType, { section, format, rtx: true });
      }
    }
    const first = options.sections[0]!;
    this.#transportId = first.extensionIds[Extension.transportCc] ?? 0;
    this.#captureId = first.extensionIds[Extension.absCaptureTime] ?? 0;
    this.#arrivals = transportCc && this.#transportId !== 0 ? new Arrivals() : null;
    this.#wantsVideo = options.sections.some((section) => section.kind === "video");
    this.#main = this.#wantsVideo ? "video" : "audio";
    this.feedback = new ViewerFeedback({
      plan: options.plan,
      tracks: this.tracks,
      arrivals: this.#arrivals,
      counters: options.counters,
      ssrc: options.ssrc,
      cname: options.cname,
      random: options.random,
    });
  }

  get connected(): boolean {
    return this.peer.state === "connected";
  }

  get waitsForKeyframe(): boolean {
    return this.#wantsVideo && this.keyframeAt === 0;
  }

  /** One datagram. Times in us; `arrival` is the kernel's stamp. */
  handleDatagram(
    now: number,
    arrival: number,
    region: Region,
    offset: number,
    length: number,
    via: Transport,
    names: Uint8Array,
    nameOffset: number,
  ): void {
    if (this.connected && classify(region.bytes, offset, length) === DatagramKind.rtp) {
      this.#handleRtp(now, arrival, region, offset, length);
      return;
    }
    const event = this.peer.handleDatagram(now, region, offset, length, via, names, nameOffset);
    if (event === PeerEvent.connected) {
      this.connectedAt = now;
      this.feedback.start(now);
      this.#options.counters.add("joinsConnected");
      this.#options.distributions.connectUs.record(now - this.#options.startedAt);
    } else if (event === PeerEvent.rtcp) {
      this.#handleRtcp(arrival, region.bytes, offset, this.peer.length);
    }
  }

  #handleRtp(now: number, arrival: number, region: Region, offset: number, length: number): void {
    const { counters, loss, random } = this.#options;
    if (!parseRtpHeader(region.bytes, offset, length, header)) {
      counters.add("malformed");
      return;
    }
    const type = this.#payloadTypes.get(header.payloadType);
    if (type === undefined) {
      counters.add("malformed");
      return;
    }
    if (this.packets === 0) {
      this.#options.distributions.firstPacketUs.record(arrival - this.#options.startedAt);
    }
    this.packets += 1;
    this.bytes += length;
    counters.add("packets");
    counters.add("bytes", length);
    if (loss > 0 && random() < loss) {
      counters.add("simulatedLoss");
      return;
    }
    this.#readExtensions(region.bytes, arrival);
    if (type.rtx) this.#handleRtx(now, arrival, region, offset, length, type);
    else this.#handleMedia(now, arrival, region, offset, length, type);
  }

  /** Header extensions are not encrypted. */
  #readExtensions(bytes: Uint8Array, arrival: number): void {
    if (header.extensionLength === 0) return;
    extensions.reset(bytes, header);
    while (extensions.next()) {
      if (extensions.id === this.#transportId && extensions.length >= 2) {
        this.#arrivals?.note(readU16(bytes, extensions.offset), arrival);
      } else if (extensions.id === this.#captureId && this.#captureId !== 0) {
        this.#noteCapture(bytes, arrival);
      }
    }
  }

  #noteCapture(bytes: Uint8Array, arrival: number): void {
    const { counters, distributions, wallOffsetUs } = this.#options;
    if (!counters.measuring || this.keyframeAt === 0) return;
    if (!readAbsCaptureTime(bytes, extensions.offset, extensions.length, capture)) return;
    const delay = arrival + wallOffsetUs() + NTP_EPOCH_US - ntpUsOf(capture);
    if (delay >= 0) distributions.captureDelayUs.record(delay);
  }

  #handleMedia(
    now: number,
    arrival: number,
    region: Region,
    offset: number,
    length: number,
    type: PayloadType,
  ): void {
    const { counters, pauses } = this.#options;
    const track = this.#track(header.ssrc, type);
    const roundTrip = this.peer.ice.roundTripUs ?? 0;
    const { sequence, timestamp } = header;
    const kind = track.note(sequence, timestamp, now, arrival, roundTrip, false);
    if (kind === Arrival.duplicate) {
      counters.add("duplicates");
      return;
    }
    if (track.kind === this.#main) pauses.packet(arrival, counters.measuring);
    if (kind === Arrival.reordered) counters.add("reordered");
    if (kind === Arrival.recovered) counters.add("recovered");
    if (!this.#options.sampled && !this.waitsForKeyframe) return;
    if (!this.#open(region, offset, length)) return;
    this.#inspect(region.bytes, arrival, track, kind === Arrival.recovered);
  }

  /** RFC 4588 4: the payload begins with the original sequence number. */
  #handleRtx(
    now: number,
    arrival: number,
    region: Region,
    offset: number,
    length: number,
    type: PayloadType,
  ): void {
    const { counters } = this.#options;
    if (!this.#open(region, offset, length)) return;
    // Padding that only probes the path is no retransmission.
    if (header.payloadLength < 2) return;
    counters.add("retransmitted");
    const track = this.tracks.find((candidate) => candidate.kind === type.section.kind);
    if (track === undefined) return;
    const original = readU16(region.bytes, header.payloadOffset);
    const kind = track.note(original, header.timestamp, now, arrival, 0, true);
    if (kind === Arrival.duplicate) return;
    counters.add("recovered");
    header.payloadOffset += 2;
    header.payloadLength -= 2;
    if (this.#options.sampled || this.waitsForKeyframe) {
      this.#inspect(region.bytes, arrival, track, true);
    }
  }

  /** Decrypts in place; the header then speaks of the plain payload. False when it is not ours. */
  #open(region: Region, offset: number, length: number): boolean {
    const { counters } = this.#options;
    const receiver = this.peer.receiver;
    assert(receiver !== null, "a connected peer can open packets");
    const { headerLength, ssrc, sequence } = header;
    const opened = receiver.openRtp(region, offset, length, headerLength, ssrc, sequence);
    if (opened < 0) {
      // What the replay window refuses is counted as a duplicate by its number already.
      if (opened !== SrtpReject.replayed) counters.add("authFailures");
      return false;
    }
    counters.add("opened");
    header.payloadLength = opened - headerLength;
    if (stripPadding(region.bytes, header)) return true;
    counters.add("malformed");
    return false;
  }

  #inspect(bytes: Uint8Array, arrival: number, track: ReceiveTrack, repaired: boolean): void {
    const { counters, pauses } = this.#options;
    const { payloadOffset, payloadLength, timestamp, marker } = header;
    if (payloadLength === 0) {
      track.frames.skip(track.sequence);
      track.recording?.writer.skip(track.sequence);
      return;
    }
    const audio = track.kind === "audio";
    if (!describePayload(track.codec, bytes, payloadOffset, payloadLength, marker, description)) {
      counters.add("malformed");
      return;
    }
    const at = STAMP_AT[track.kind];
    const stamped = readStamp(bytes, payloadOffset + at, payloadLength - at, stamp);
    if (this.#options.sampled) {
      const keyframe = audio || description.keyframe;
      const end = audio || marker;
      const { frames, sequence } = track;
      const whole = frames.insert(sequence, timestamp, end, keyframe, stamped ? stamp : null);
      if (whole && track.kind === this.#main) pauses.frame(arrival, counters.measuring);
      this.#record(track, bytes);
    }
    if (stamped && !repaired) this.#noteDelay(arrival, !audio);
    if (!audio && this.keyframeAt === 0) this.#noteKeyframe(arrival, timestamp, marker);
  }

  #record({ recording, sequence }: ReceiveTrack, bytes: Uint8Array): void {
    if (recording === null) return;
    const { timestamp, marker, payloadOffset: offset, payloadLength: length } = header;
    const { keyframe } = description;
    recording.writer.insert(sequence, timestamp, marker, keyframe, bytes, offset, length);
  }

  /** Packets from before the join (a cached keyframe) tell nothing of forwarding. */
  #noteDelay(arrival: number, video: boolean): void {
    const { counters, distributions } = this.#options;
    if (!counters.measuring || stamp.sentUs < this.connectedAt) return;
    const delay = arrival - stamp.sentUs;
    distributions.delayUs.record(delay);
    if (video && stamp.index === stamp.count - 1) distributions.frameDelayUs.record(delay);
  }

  #noteKeyframe(arrival: number, timestamp: number, marker: boolean): void {
    if (description.keyframe) this.#keyframeTimestamp = timestamp;
    if (!marker || timestamp !== this.#keyframeTimestamp) return;
    this.keyframeAt = arrival;
    this.#options.counters.add("keyframesSeen");
    this.#options.distributions.keyframeUs.record(arrival - this.#options.startedAt);
  }

  /** Its own figures, at its end. */
  finish(now: number): void {
    this.feedback.finish(now);
    this.#options.pauses.record(now, this.#options.distributions);
  }

  #handleRtcp(arrival: number, bytes: Uint8Array, offset: number, length: number): void {
    cursor.reset(bytes, offset, length);
    while (cursor.next()) {
      if (cursor.type !== RtcpType.senderReport) continue;
      const { offset: at, length: bytesLong, count } = cursor;
      if (!readSenderReport(bytes, at, bytesLong, count, senderReport)) continue;
      const track = this.tracks.find(({ ssrc }) => ssrc === senderReport.ssrc);
      const { ntpSeconds, ntpFraction } = senderReport;
      track?.statistics.senderReport(compactNtp(ntpSeconds, ntpFraction), arrival);
    }
  }

  #track(ssrc: number, type: PayloadType): ReceiveTrack {
    for (const track of this.tracks) if (track.ssrc === ssrc) return track;
    const { section, format } = type;
    const track = new ReceiveTrack(ssrc, section.kind, Codec[format.codec], format.clockRate);
    if (track.kind === "video" && this.#options.sampled) {
      track.recording = this.#options.record?.(track.codec) ?? null;
    }
    this.tracks.push(track);
    return track;
  }
}
