import { Counter, countUp } from "../contract/counters.ts";
import type { MediaSection } from "../contract/session.ts";
import type { RingGrant } from "../contract/source.ts";
import type { TrackStats } from "../contract/statistics.ts";
import { Incoming, SlotFiller } from "../intake/slot-filler.ts";
import { tellWishes } from "../intake/wishes.ts";
import { KeyframeRequests } from "../media/keyframe-requests.ts";
import { MissingPackets } from "../media/missing.ts";
import { ReceiveStatistics } from "../media/receive-statistics.ts";
import type { RoundTrip } from "../media/round-trip.ts";
import { unwrapRtx } from "../media/rtx.ts";
import { OriginSequence } from "../media/sequence.ts";
import { DescriptionWord, Header, HeaderFloat, SlotFlag } from "../ring/layout.ts";
import { NO_SLOT, RingWriter } from "../ring/writer.ts";
import { CODEC_NAMES, Codec, type CodecName } from "../wire/codecs.ts";
import type { RtpHeader } from "../wire/rtp.ts";
import { Formats, type PayloadFormat } from "./formats.ts";

/** An SSRC must be silent this long before another one may take its track. */
const SILENCE_US = 200_000;

/** Scratch of the one thread that runs this module: valid within one call only. */
const incoming = new Incoming();

/**
 * One RTP encoding of a publisher (the audio, or one layer of the video) as it is received: numbers,
 * holes, statistics. What it brings fills the slots of its ring.
 */
export class Track {
  readonly formats: Formats;
  readonly writer: RingWriter;
  readonly filler: SlotFiller;
  readonly missing = new MissingPackets();
  readonly keyframes = new KeyframeRequests();
  /** SSRC of the track, -1 before its first packet; and whether it has left (src/ingest/bye.ts). */
  ssrc = -1;
  left = false;
  statistics: ReceiveStatistics;
  /** Of the payload type last seen. */
  format: PayloadFormat;
  nacksSent = 0;
  recovered = 0;
  readonly #origin = new OriginSequence();
  #described = false;
  #payloadType = -1;
  #lastArrival = Number.NEGATIVE_INFINITY;
  #started = false;
  /** Highest origin sequence that came. */
  #headBefore = 0;
  #lostCounted = 0;
  /** Timestamp of the packet with the highest number, and where the frame after it may begin. */
  #headTimestamp = 0;
  #frameBound = 0;

  constructor(
    readonly section: MediaSection,
    readonly ring: RingGrant,
    readonly rid: string,
    extensionIds: Uint8Array,
    private readonly roundTrip: RoundTrip,
    private readonly counters: Float64Array,
  ) {
    this.formats = new Formats(section);
    this.format = this.formats.first;
    this.writer = new RingWriter(ring.buffer);
    this.filler = new SlotFiller(this.writer, this.video, extensionIds, counters);
    this.statistics = new ReceiveStatistics(this.format.format.clockRate);
  }

  get video(): boolean {
    return this.section.kind === "video";
  }

  /** True when this SSRC is the track's, or may become it: the former one has gone silent. */
  bind(now: number, ssrc: number): boolean {
    if (this.ssrc === ssrc) return true;
    if (this.ssrc !== -1 && !this.left && now - this.#lastArrival < SILENCE_US) return false;
    if (this.#started) this.#origin.restart();
    this.ssrc = ssrc;
    this.missing.clear();
    this.statistics = new ReceiveStatistics(this.format.format.clockRate);
    if (this.video) this.keyframes.restart();
    return true;
  }

  /** A packet of the SSRC itself. `header` is parsed, padding stripped. */
  handleMedia(now: number, bytes: Uint8Array, header: RtpHeader, arrival: number): void {
    this.#lastArrival = now;
    const known = this.formats.of(header.payloadType);
    const format = known === null || known.use === "rtx" ? null : known;
    if (format !== null) this.#follow(format, header.payloadType);
    const clockRate = this.format.format.clockRate;
    this.statistics.update(header.sequence, header.timestamp, arrival, clockRate);
    if (!this.#origin.map(header.sequence)) {
      countUp(this.counters, Counter.packetsDuplicate);
      return;
    }
    if (this.#origin.discontinuity) this.missing.clear();
    this.#store(now, bytes, header, arrival, format);
  }

  /** A packet of the SSRC's RTX stream; true when it carried a packet that belongs here. */
  handleRtx(now: number, bytes: Uint8Array, header: RtpHeader, arrival: number): boolean {
    const format = this.formats.of(header.payloadType);
    if (format === null || format.use !== "rtx") {
      countUp(this.counters, Counter.malformed);
      return false;
    }
    if (!unwrapRtx(bytes, header, format.format.payloadType)) return false;
    if (!this.#origin.mapRetransmission(header.sequence)) {
      countUp(this.counters, Counter.packetsDuplicate);
      return false;
    }
    this.#store(now, bytes, header, arrival, format);
    return true;
  }

  /** Writes RTP sequence numbers to ask for now; `origins` is scratch. Returns how many. */
  collectMissing(now: number, origins: Int32Array, out: Uint16Array): number {
    const count = this.missing.collect(now, this.roundTrip.us, origins);
    for (let i = 0; i < count; i += 1) out[i] = this.#origin.toRtp(origins[i]!);
    countUp(this.counters, Counter.packetsLost, this.missing.lost - this.#lostCounted);
    this.#lostCounted = this.missing.lost;
    return count;
  }

  stats(now: number): TrackStats {
    const { words, floats } = this.writer.views;
    const codec = CODEC_NAMES[words[DescriptionWord.codec]!]!;
    const size = words[Header.size]!;
    return {
      kind: this.section.kind,
      codec: codec === "none" ? null : (codec as CodecName),
      ssrc: this.ssrc === -1 ? 0 : this.ssrc,
      rid: this.rid === "" ? null : this.rid,
      spatialLayerId: null,
      temporalLayerId: null,
      packets: floats[HeaderFloat.packets]!,
      bytes: floats[HeaderFloat.bytes]!,
      packetsLost: this.missing.lost,
      retransmissions: this.recovered,
      nacks: this.nacksSent,
      plis: this.keyframes.sent,
      keyframes: words[Header.keyframeCount]!,
      jitterMs: this.statistics.expected === 0 ? null : this.statistics.jitterUs / 1000,
      width: size === 0 ? null : size >>> 16,
      height: size === 0 ? null : size & 0xffff,
      bitrate: this.filler.bitrate(now),
      framesPerSecond: this.video ? this.filler.framesPerSecond(now) : null,
    };
  }

  /** Writes down the codec when the payload type is a new one. */
  #follow(format: PayloadFormat, payloadType: number): void {
    if (this.#described && payloadType === this.#payloadType) return;
    const sameFormat = this.#described && format.format === this.format.format;
    this.#payloadType = payloadType;
    this.format = format;
    if (sameFormat) return;
    this.#described = true;
    const { clockRate, fmtp } = format.format;
    this.filler.describe(format.codec, clockRate, fmtp, this.rid);
  }

  /** Puts the packet under `#origin.origin`; without a format as a placeholder. */
  #store(
    now: number,
    bytes: Uint8Array,
    header: RtpHeader,
    arrival: number,
    format: PayloadFormat | null,
  ): void {
    const { origin, discontinuity } = this.#origin;
    this.#noteHoles(now, origin, header.timestamp);
    incoming.origin = origin;
    incoming.bytes = bytes;
    incoming.header = header;
    incoming.arrival = arrival;
    incoming.codec = format === null ? Codec.none : format.codec;
    incoming.red = format !== null && format.use === "red";
    incoming.discontinuity = discontinuity;
    const flags = this.filler.fill(now, incoming);
    if (flags === NO_SLOT || (flags & SlotFlag.keyframeStart) === 0) return;
    this.#noteKeyframe(now, header.timestamp);
  }

  /** Updates the table of holes by one arrival. */
  #noteHoles(now: number, origin: number, timestamp: number): void {
    const head = this.#headBefore;
    const ahead = (origin - head) | 0;
    if (!this.#started || ahead > 0) {
      if (this.#started && ahead > 1) {
        this.missing.addGap(now, (head + 1) | 0, origin, this.roundTrip.us);
      }
      if (!this.#started || timestamp !== this.#headTimestamp) {
        this.#frameBound = this.#started ? (head + 1) | 0 : origin;
      }
      this.#started = true;
      this.#headBefore = origin;
      this.#headTimestamp = timestamp;
      return;
    }
    const asked = this.missing.asked(origin);
    const sample = this.missing.fill(now, origin);
    if (sample > 0) this.roundTrip.sample(sample);
    if (!asked) return;
    this.recovered += 1;
    countUp(this.counters, Counter.packetsRecovered);
  }

  #noteKeyframe(now: number, timestamp: number): void {
    this.keyframes.keyframe(now);
    tellWishes(this);
    if (timestamp === this.#headTimestamp) this.missing.keyframe(this.#frameBound);
  }
}
