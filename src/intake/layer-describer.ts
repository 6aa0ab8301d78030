import { LayerMap } from "../media/layer-map.ts";
import { storeDecodeTargets } from "../ring/decode-targets.ts";
import { storeLayerSize } from "../ring/layer-totals.ts";
import { PacketLayers } from "../ring/packet-layers.ts";
import type { RingWriter } from "../ring/writer.ts";
import type { CodecId } from "../wire/codecs.ts";
import { DependencyDescriptorReader } from "../wire/dependency-descriptor.ts";
import { DECODE_TARGETS_MAX } from "../wire/dependency-structure.ts";
import { Extension } from "../wire/extensions.ts";
import type { PayloadDescription } from "../wire/payload-description.ts";
import type { RtpHeader } from "../wire/rtp.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";

// Scratch of the one thread that runs this module.
const extensions = new ExtensionCursor();
const points = new Uint8Array(DECODE_TARGETS_MAX);

/** Describes the layers of one track's packets in its ring. */
export class LayerDescriber {
  /** Of the packet last described. */
  readonly packet = new PacketLayers();
  readonly #descriptors = new DependencyDescriptorReader();
  readonly #map = new LayerMap();
  #published = -1;

  constructor(
    private readonly writer: RingWriter,
    private readonly extensionIds: Uint8Array,
  ) {}

  /** Another SSRC or encoder begins: nothing it says refers to what was before. */
  restart(): void {
    this.#descriptors.reset();
    this.#map.reset();
    this.#published = -1;
  }

  /** Fills `packet` from a packet whose payload is described already. */
  describe(
    bytes: Uint8Array,
    header: RtpHeader,
    codec: CodecId,
    description: PayloadDescription,
  ): void {
    if (!this.#readDescriptor(bytes, header)) {
      this.#map.fromPayload(codec, description, bytes, header.payloadOffset, this.packet);
      return;
    }
    this.#map.fromDescriptor(this.#descriptors, this.packet);
    const { width, height, spatialId } = this.#descriptors;
    if (width > 0) storeLayerSize(this.writer.views, spatialId, width, height);
    if (this.#map.targetsVersion === this.#published) return;
    this.#published = this.#map.targetsVersion;
    const count = this.#map.targetPoints(points);
    storeDecodeTargets(this.writer.views, this.packet.targetsVersion, points, count);
  }

  #readDescriptor(bytes: Uint8Array, header: RtpHeader): boolean {
    if (header.extensionLength === 0) return false;
    extensions.reset(bytes, header);
    while (extensions.next()) {
      if (this.extensionIds[extensions.id] !== Extension.dependencyDescriptor) continue;
      return this.#descriptors.read(bytes, extensions.offset, extensions.length);
    }
    return false;
  }
}
