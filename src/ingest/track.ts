import { Counter, countUp } from "../contract/counters.ts";
import type { MediaSection } from "../contract/session.ts";
import type { RingGrant } from "../contract/source.ts";
import type { TrackStats } from "../contract/statistics.ts";
import { LayerDescriber } from "../intake/layer-describer.ts";
import { tellWishes } from "../intake/wishes.ts";
import { PAYLOAD_BYTES_MAX } from "../limits.ts";
import { KeyframeRequests } from "../media/keyframe-requests.ts";
import { MissingPackets } from "../media/missing.ts";
import { ParameterSets } from "../media/parameter-sets.ts";
import { Rate } from "../media/rate.ts";
import { ReceiveStatistics } from "../media/receive-statistics.ts";
import type { RoundTrip } from "../media/round-trip.ts";
import { unwrapRtx } from "../media/rtx.ts";
import { OriginSequence } from "../media/sequence.ts";
import { noteLayers } from "../ring/layer-totals.ts";
import { DescriptionWord, Guarded, Header, HeaderFloat, SlotFlag } from "../ring/layout.ts";
import { NO_SLOT, RingWriter } from "../ring/writer.ts";
import { CODEC_NAMES, Codec, type CodecId, type CodecName } from "../wire/codecs.ts";
import { describePayload } from "../wire/describe.ts";
import { EXTENSION_STORED_MAX, Extension } from "../wire/extensions.ts";
import { ParameterSet, PayloadDescription } from "../wire/payload-description.ts";
import { RedPacket } from "../wire/red.ts";
import type { RtpHeader } from "../wire/rtp.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";
import { Formats, type PayloadFormat } from "./formats.ts";

/** An SSRC must be silent this long before another one may take its track. */
const SILENCE_US = 200_000;

/** Scratch of the one thread that runs this module: valid within one call only. */
const description = new PayloadDescription();
const extensions = new ExtensionCursor();
const red = new RedPacket();

/** One RTP encoding of a publisher (the audio, or one layer of the video) and the ring it fills. */
export class Track {
  readonly formats: Formats;
  readonly writer: RingWriter;
  readonly missing = new MissingPackets();
  readonly keyframes = new KeyframeRequests();
  /** SSRC of the track, -1 before its first packet; and whether it has left (src/ingest/bye.ts). */
  ssrc = -1;
  left = false;
  statistics: ReceiveStatistics;
  /** Something was written since the flag was cleared: the ring's readers are to be told. */
  touched = false;
  /** Of the payload type last seen. */
  format: PayloadFormat;
  nacksSent = 0;
  recovered = 0;
  readonly #origin = new OriginSequence();
  readonly #parameterSets = new ParameterSets(Guarded.parameterSets.bytes);
  #parameterSetsVersion = 0;
  readonly #layers: LayerDescriber;
  readonly #bits = new Rate();
  readonly #frames = new Rate();
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
  #spsTimestamp = -1;
  #frameTimestamp = -1;
  #keyframeTimestamp = -1;

  constructor(
    readonly section: MediaSection,
    readonly ring: RingGrant,
    readonly rid: string,
    private readonly extensionIds: Uint8Array,
    private readonly roundTrip: RoundTrip,
    private readonly counters: Float64Array,
  ) {
    this.formats = new Formats(section);
    this.format = this.formats.first;
    this.writer = new RingWriter(ring.buffer);
    this.#layers = new LayerDescriber(this.writer, extensionIds);
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
    if (this.#origin.discontinuity) {
      this.missing.clear();
      this.#layers.restart();
    }
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
      bitrate: this.#bits.perSecond(now),
      framesPerSecond: this.video ? this.#frames.perSecond(now) : null,
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
    this.writer.describe(format.codec, clockRate, fmtp, this.rid);
    this.#parameterSets.reset(format.codec, fmtp);
    this.#publishParameterSets();
  }

  /** Puts the packet under `#origin.origin`; without a format as a placeholder. */
  #store(
    now: number,
    bytes: Uint8Array,
    header: RtpHeader,
    arrival: number,
    format: PayloadFormat | null,
  ): void {
    const origin = this.#origin.origin;
    this.#noteHoles(now, origin, header.timestamp);
    const offset = this.writer.reserve(origin);
    if (offset === NO_SLOT) {
      countUp(this.counters, Counter.packetsDuplicate);
      return;
    }
    const flags = this.#describe(bytes, header, format);
    // The number is taken, whatever the packet carries: readers must not wait for it.
    const skipped = (flags & SlotFlag.skip) !== 0;
    const length = skipped ? 0 : header.payloadLength;
    const codec: CodecId = format === null ? Codec.none : format.codec;
    const described = skipped ? null : description;
    this.writer.setDescription(offset, header.timestamp, length, arrival, codec, flags, described);
    if (this.video) this.#storeLayers(offset, bytes, header, codec, skipped, arrival);
    if (!skipped) {
      this.#storeExtensions(offset, bytes, header);
      this.writer.setPayload(offset, bytes, header.payloadOffset, length);
    }
    this.writer.commit(origin, offset);
    this.touched = true;
    countUp(this.counters, Counter.packetsIn);
    this.#bits.add(now, length * 8);
    if ((flags & SlotFlag.keyframeStart) !== 0) this.#noteKeyframe(now, header.timestamp);
    if ((flags & SlotFlag.frameStart) !== 0 && header.timestamp !== this.#frameTimestamp) {
      this.#frameTimestamp = header.timestamp;
      this.#frames.add(now, 1);
    }
  }

  /** Puts what is known of the packet's layers into its slot. */
  #storeLayers(
    offset: number,
    bytes: Uint8Array,
    header: RtpHeader,
    codec: CodecId,
    skipped: boolean,
    arrival: number,
  ): void {
    const { packet } = this.#layers;
    const { views } = this.writer;
    if (skipped) packet.clear();
    else {
      this.#layers.describe(bytes, header, codec, description);
      noteLayers(views, packet, header.payloadLength, arrival);
    }
    packet.store(views.data, offset);
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

  /** Slot flags of a packet; fills `description`. */
  #describe(bytes: Uint8Array, header: RtpHeader, format: PayloadFormat | null): number {
    let flags = this.#origin.discontinuity ? SlotFlag.discontinuity : 0;
    // RFC 3550 5.1 with WebRTC's probes: a payload of nothing but padding.
    if (header.payloadLength === 0) return flags | SlotFlag.skip;
    const { payloadOffset, payloadLength, marker } = header;
    if (
      format === null ||
      payloadLength > PAYLOAD_BYTES_MAX ||
      (format.use === "red" && !red.read(bytes, payloadOffset, payloadLength)) ||
      !describePayload(format.codec, bytes, payloadOffset, payloadLength, marker, description)
    ) {
      countUp(this.counters, Counter.malformed);
      return flags | SlotFlag.skip;
    }
    if (marker) flags |= SlotFlag.marker;
    if (description.frameStart) flags |= SlotFlag.frameStart;
    if (description.frameEnd) flags |= SlotFlag.frameEnd;
    if (format.use === "red") flags |= SlotFlag.red;
    // An Opus packet is always a point to start at; keyframes are a matter of video.
    if (this.video) flags |= this.#videoFlags(bytes, header);
    return flags;
  }

  #videoFlags(bytes: Uint8Array, header: RtpHeader): number {
    let flags = 0;
    if (description.keyframe) flags |= SlotFlag.keyframeStart;
    if (description.width > 0) this.writer.setSize(description.width, description.height);
    if (description.parameterSets !== 0) {
      const { payloadOffset, payloadLength, timestamp } = header;
      if ((description.parameterSets & ParameterSet.sps) !== 0) this.#spsTimestamp = timestamp;
      this.#parameterSets.note(bytes, payloadOffset, payloadLength, timestamp);
      this.#publishParameterSets();
    }
    if (description.idrWithoutSps && header.timestamp !== this.#spsTimestamp) {
      flags |= SlotFlag.needsParameterSets;
    }
    return flags;
  }

  #publishParameterSets(): void {
    if (this.#parameterSets.version === this.#parameterSetsVersion) return;
    this.#parameterSetsVersion = this.#parameterSets.version;
    this.writer.setParameterSets(this.#parameterSets.payload);
  }

  #noteKeyframe(now: number, timestamp: number): void {
    this.keyframes.keyframe(now);
    tellWishes(this);
    if (timestamp === this.#headTimestamp) this.missing.keyframe(this.#frameBound);
    if (timestamp === this.#keyframeTimestamp) return;
    this.#keyframeTimestamp = timestamp;
    countUp(this.counters, Counter.keyframesIn);
  }

  /**
   * The dependency descriptor goes first: a keyframe's takes up to 100 of the area's 126 bytes, and
   * without it no receiver that has negotiated it can decode; any other element can be missed.
   */
  #storeExtensions(offset: number, bytes: Uint8Array, header: RtpHeader): void {
    if (header.extensionLength === 0) return;
    this.#storeElements(offset, bytes, header, true);
    this.#storeElements(offset, bytes, header, false);
  }

  #storeElements(offset: number, bytes: Uint8Array, header: RtpHeader, descriptor: boolean): void {
    extensions.reset(bytes, header);
    while (extensions.next()) {
      const id = this.extensionIds[extensions.id]!;
      if (id === 0 || id > EXTENSION_STORED_MAX) continue;
      if ((id === Extension.dependencyDescriptor) !== descriptor) continue;
      this.writer.addExtension(offset, id, bytes, extensions.offset, extensions.length);
    }
  }
}
