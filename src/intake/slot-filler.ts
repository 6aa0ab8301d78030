import { Counter, countUp } from "../contract/counters.ts";
import { PAYLOAD_BYTES_MAX } from "../limits.ts";
import { ParameterSets } from "../media/parameter-sets.ts";
import { Rate } from "../media/rate.ts";
import { noteLayers } from "../ring/layer-totals.ts";
import { EXTENSION_BYTES_MAX, Guarded, Slot, SlotFlag } from "../ring/layout.ts";
import { PacketLayers } from "../ring/packet-layers.ts";
import { NO_SLOT, type RingWriter } from "../ring/writer.ts";
import { Codec, type CodecId } from "../wire/codecs.ts";
import { describePayload } from "../wire/describe.ts";
import { EXTENSION_STORED_MAX, Extension } from "../wire/extensions.ts";
import { ParameterSet, PayloadDescription } from "../wire/payload-description.ts";
import { RedPacket } from "../wire/red.ts";
import { RtpHeader } from "../wire/rtp.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";
import { LayerDescriber } from "./layer-describer.ts";
import { Urgency } from "./urgency.ts";

/** Scratch of the one thread that runs this module: valid within one call only. */
const description = new PayloadDescription();
const extensions = new ExtensionCursor();
const red = new RedPacket();
const layers = new PacketLayers();

/** A packet on its way into a slot, reused: whoever fills a slot sets all of it. */
export class Incoming {
  /** Number of its slot in the ring. */
  origin = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Where its payload and extensions lie; of the rest timestamp and marker count. */
  header = new RtpHeader();
  /** When it came, us: to this node, which is its first. */
  arrival = 0;
  /** Codec.none: its number is taken, its payload means nothing to us. */
  codec: CodecId = Codec.none;
  /** Its payload is redundant audio (RFC 2198). */
  red = false;
  /** The first of another source or numbering. */
  discontinuity = false;
}

/** Fills the slots of one ring: describes each packet and copies it. */
export class SlotFiller {
  /** Something was written since the flag was cleared: the ring's readers are to be told. */
  touched = false;
  /** And some of it its readers do not let wait. */
  urgent = false;
  readonly #parameterSets = new ParameterSets(Guarded.parameterSets.bytes);
  #parameterSetsVersion = 0;
  readonly #layers: LayerDescriber;
  readonly #urgency = new Urgency();
  readonly #bits = new Rate();
  readonly #frames = new Rate();
  #spsTimestamp = -1;
  #frameTimestamp = -1;
  #keyframeTimestamp = -1;

  constructor(
    readonly writer: RingWriter,
    readonly video: boolean,
    /** Internal ids of header extensions, by the ids of this writer's packets. */
    private readonly extensionIds: Uint8Array,
    private readonly counters: Float64Array,
  ) {
    this.#layers = new LayerDescriber(writer, extensionIds);
  }

  /** What the ring carries from now on. */
  describe(codec: CodecId, clockRate: number, fmtp: string, rid: string): void {
    this.writer.describe(codec, clockRate, fmtp, rid);
    this.#parameterSets.reset(codec, fmtp);
    this.#publishParameterSets();
  }

  /** Slot flags of the packet; NO_SLOT when the ring has no place for it, or has it. */
  fill(now: number, packet: Incoming): number {
    if (packet.discontinuity) this.#layers.restart();
    const { writer } = this;
    const { origin, bytes, header, arrival, codec } = packet;
    const offset = writer.reserve(origin);
    if (offset === NO_SLOT) {
      countUp(this.counters, Counter.packetsDuplicate);
      return NO_SLOT;
    }
    const flags = this.#describe(packet);
    // The number is taken, whatever the packet carries: readers must not wait for it.
    const skipped = (flags & SlotFlag.skip) !== 0;
    const length = skipped ? 0 : header.payloadLength;
    const described = skipped ? null : description;
    writer.setDescription(offset, header.timestamp, length, arrival, codec, flags, described);
    if (this.video) this.#storeLayers(offset, packet, skipped);
    if (!skipped) {
      this.#storeExtensions(offset, bytes, header);
      writer.setPayload(offset, bytes, header.payloadOffset, length);
    }
    this.#publish(now, origin, offset, header.timestamp, length, flags);
    return flags;
  }

  /**
   * A slot that comes described: `source` from `at` on as another ring had it (src/ring/layout.ts).
   * Its number is this ring's; `arrival` is when it reached the first node, `receipt` when it came
   * here (us, both on our clock). Slot flags, or NO_SLOT as from `fill`, also when it is none.
   */
  putSlot(
    now: number,
    origin: number,
    source: Uint8Array,
    at: number,
    arrival: number,
    receipt: number,
  ): number {
    if (!isSlot(source, at)) {
      countUp(this.counters, Counter.malformed);
      return NO_SLOT;
    }
    const { writer } = this;
    const { bytes, data } = writer.views;
    const offset = writer.reserve(origin);
    if (offset === NO_SLOT) {
      countUp(this.counters, Counter.packetsDuplicate);
      return NO_SLOT;
    }
    const length = readU16LE(source, at + Slot.payloadLength);
    // The sequence word is the last that is written: until then the slot is void.
    const behind = Slot.sequence + 4;
    bytes.set(source.subarray(at + behind, at + Slot.payload + length), offset + behind);
    data.setFloat64(offset + Slot.arrival, arrival, true);
    data.setUint32(offset + Slot.late, Math.max(0, Math.round(receipt - arrival)), true);
    const flags = data.getUint32(offset + Slot.flags, true);
    if (this.video && (flags & SlotFlag.skip) === 0) {
      layers.load(data, offset);
      noteLayers(writer.views, layers, length, receipt);
    }
    const timestamp = data.getUint32(offset + Slot.timestamp, true);
    this.#publish(now, origin, offset, timestamp, length, flags);
    return flags;
  }

  bitrate(now: number): number {
    return this.#bits.perSecond(now);
  }

  framesPerSecond(now: number): number {
    return this.#frames.perSecond(now);
  }

  #publish(
    now: number,
    origin: number,
    offset: number,
    timestamp: number,
    length: number,
    flags: number,
  ): void {
    this.writer.commit(origin, offset);
    this.touched = true;
    if (this.#urgency.of(this.writer.views.data, offset, origin, this.video)) this.urgent = true;
    countUp(this.counters, Counter.packetsIn);
    this.#bits.add(now, length * 8);
    if ((flags & SlotFlag.keyframeStart) !== 0 && timestamp !== this.#keyframeTimestamp) {
      this.#keyframeTimestamp = timestamp;
      countUp(this.counters, Counter.keyframesIn);
    }
    if ((flags & SlotFlag.frameStart) !== 0 && timestamp !== this.#frameTimestamp) {
      this.#frameTimestamp = timestamp;
      this.#frames.add(now, 1);
    }
  }

  /** Puts what is known of the packet's layers into its slot. */
  #storeLayers(offset: number, incoming: Incoming, skipped: boolean): void {
    const { packet } = this.#layers;
    const { views } = this.writer;
    if (skipped) packet.clear();
    else {
      const { bytes, header, codec, arrival } = incoming;
      this.#layers.describe(bytes, header, codec, description);
      noteLayers(views, packet, header.payloadLength, arrival);
    }
    packet.store(views.data, offset);
  }

  /** Slot flags of a packet; fills `description`. */
  #describe(packet: Incoming): number {
    const { bytes, header, codec } = packet;
    let flags = packet.discontinuity ? SlotFlag.discontinuity : 0;
    // RFC 3550 5.1 with WebRTC's probes: a payload of nothing but padding.
    if (header.payloadLength === 0) return flags | SlotFlag.skip;
    const { payloadOffset, payloadLength, marker } = header;
    if (
      codec === Codec.none ||
      payloadLength > PAYLOAD_BYTES_MAX ||
      (packet.red && !red.read(bytes, payloadOffset, payloadLength)) ||
      !describePayload(codec, bytes, payloadOffset, payloadLength, marker, description)
    ) {
      countUp(this.counters, Counter.malformed);
      return flags | SlotFlag.skip;
    }
    if (marker) flags |= SlotFlag.marker;
    if (description.frameStart) flags |= SlotFlag.frameStart;
    if (description.frameEnd) flags |= SlotFlag.frameEnd;
    if (packet.red) flags |= SlotFlag.red;
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

/** Whether a slot's lengths keep to what a slot holds, and to what is there. */
function isSlot(source: Uint8Array, at: number): boolean {
  if (at + Slot.payload > source.length) return false;
  const length = readU16LE(source, at + Slot.payloadLength);
  return (
    length <= PAYLOAD_BYTES_MAX &&
    at + Slot.payload + length <= source.length &&
    readU16LE(source, at + Slot.extensionLength) <= EXTENSION_BYTES_MAX
  );
}

function readU16LE(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}
