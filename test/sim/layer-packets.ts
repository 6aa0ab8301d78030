/** Turns generated frames into packets as publishers send them, and reads them as ingest does. */
import { LayerMap } from "../../src/media/layer-map.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { DependencyDescriptorReader } from "../../src/wire/dependency-descriptor.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { type Structure, writeDescriptor } from "../support/descriptor-writer.ts";
import type { Frame, Mode } from "./layered-stream.ts";

/** How a publisher describes its layers. */
export type Style =
  | "vp8"
  | "vp8-descriptor"
  | "vp9-flexible"
  | "vp9-group"
  | "av1-descriptor"
  | "h264";

export const CODEC_OF: Readonly<Record<Style, CodecId>> = {
  vp8: Codec.vp8,
  "vp8-descriptor": Codec.vp8,
  "vp9-flexible": Codec.vp9,
  "vp9-group": Codec.vp9,
  "av1-descriptor": Codec.av1,
  h264: Codec.h264,
};

/** Groups of pictures by temporal layers: layer, U, and P_DIFFs, as libwebrtc writes them. */
const GROUPS: Readonly<Record<number, readonly (readonly [number, number, number])[]>> = {
  1: [[0, 0, 1]],
  2: [
    [0, 0, 2],
    [1, 1, 1],
  ],
  3: [
    [0, 0, 4],
    [2, 1, 1],
    [1, 1, 2],
    [2, 0, 1],
  ],
};

/** Writes the packets of one stream; its numbers begin where the caller says. */
export class LayerPackets {
  #tl0 = 255;
  readonly #frames = new Map<number, Frame>();
  readonly #structure: Structure;

  constructor(
    readonly mode: Mode,
    readonly style: Style,
    private sequence: number,
    private readonly pictureStart: number,
    private readonly timestampStart: number,
    private readonly ticks: number,
  ) {
    this.#structure = structureOf(mode);
  }

  /** Packets of a picture, `parts(frame)` for each frame; `describe` reads them in that order. */
  write(frames: readonly Frame[], parts: (frame: Frame) => number): WrittenPacket[] {
    const packets: WrittenPacket[] = [];
    for (const frame of frames) {
      this.#frames.set(frame.id, frame);
      if (frame.temporalId === 0 && frame.spatialId === 0) this.#tl0 = (this.#tl0 + 1) & 0xff;
      const count = parts(frame);
      for (let part = 0; part < count; part += 1) {
        const [first, last] = [part === 0, part === count - 1];
        packets.push({
          ...{ frame, part, parts: count, sequence: this.sequence, marker: last && frame.last },
          timestamp: (this.timestampStart + frame.picture * this.ticks) >>> 0,
          payload: this.#payload(frame, first, last),
          descriptor: this.#descriptor(frame, first, last),
        });
        this.sequence = (this.sequence + 1) | 0;
      }
    }
    return packets;
  }

  #payload(frame: Frame, first: boolean, last: boolean): Uint8Array {
    const pictureId = (this.pictureStart + frame.picture) & 0x7fff;
    const wide = [0x80 | (pictureId >> 8), pictureId & 0xff];
    const delta = frame.keyframe ? 0 : 1;
    switch (this.style) {
      case "vp8": {
        const sync = frame.temporalId > 0 && !this.#refersAbove(frame) ? 0x20 : 0;
        const tid = (frame.temporalId << 6) | sync | 7;
        return Uint8Array.of(first ? 0x90 : 0x80, 0xf0, ...wide, this.#tl0, tid, delta, 9);
      }
      case "vp8-descriptor":
        return Uint8Array.of(first ? 0x10 : 0, delta, 9);
      case "vp9-flexible":
        return this.#vp9(frame, first, last, wide, true);
      case "vp9-group":
        return this.#vp9(frame, first, last, wide, false);
      case "av1-descriptor":
        return Uint8Array.of(frame.keyframe && first && frame.spatialId === 0 ? 0x18 : 0x10, 0x30);
      case "h264":
        // FU-A; first_mb_in_slice is 0 where the top bit behind the headers is set (RFC 6184 5.8).
        return Uint8Array.of(0x7c, (first ? 0x80 : 0) | (delta ? 1 : 5), first ? 0x88 : 9);
    }
  }

  #vp9(
    frame: Frame,
    first: boolean,
    last: boolean,
    wide: readonly number[],
    flexible: boolean,
  ): Uint8Array {
    const structure = frame.keyframe && first && frame.spatialId === 0 && !flexible;
    const back = frame.references
      .map((id) => frame.picture - this.#frames.get(id)!.picture)
      .filter((pictures) => pictures > 0);
    const predicted = back.length > 0;
    const group = GROUPS[this.mode.temporalLayers]!;
    const place = [0, 1, 2, 3].find((at) => group[at]?.[0] === frame.temporalId)!;
    // Flexible mode as Chromium 156 writes U; with groups as libwebrtc's tables have it.
    const up = flexible ? !this.#refersAbove(frame) : group[place]![1] === 1;
    const bytes = [
      0x80 | (predicted ? 0x40 : 0) | 0x20 | (flexible ? 0x10 : 0) | (first ? 8 : 0),
      ...wide,
      (frame.temporalId << 5) |
        (up ? 0x10 : 0) |
        (frame.spatialId << 1) |
        (frame.interLayer ? 1 : 0),
    ];
    bytes[0]! |= (last ? 4 : 0) | (structure ? 2 : 0) | (frame.referencedAbove ? 0 : 1);
    if (!flexible) bytes.push(this.#tl0);
    else if (predicted) for (const d of back) bytes.push((d << 1) | (d === back.at(-1) ? 0 : 1));
    if (structure) {
      bytes.push(((this.mode.spatialLayers - 1) << 5) | 0x08, group.length);
      for (const [tid, u, diff] of group) bytes.push((tid << 5) | (u << 4) | (1 << 2), diff);
    }
    return Uint8Array.of(...bytes, 0xa0, 9);
  }

  /** Refers to an earlier picture above the base layer. */
  #refersAbove(frame: Frame): boolean {
    return frame.references.some((id) => {
      const other = this.#frames.get(id)!;
      return other.temporalId > 0 && other.picture < frame.picture;
    });
  }

  #descriptor(frame: Frame, first: boolean, last: boolean): Uint8Array | null {
    if (!this.style.endsWith("descriptor")) return null;
    const attach = frame.keyframe && first && frame.spatialId === 0;
    return writeDescriptor(this.#structure, {
      ...{ start: first, end: last, frame: frame.id & 0xffff },
      template: frame.spatialId * this.mode.temporalLayers + frame.temporalId,
      ...(attach ? { structure: this.#structure } : {}),
      dtis: dtisOf(this.mode, frame.spatialId, frame.temporalId, frame.keyframe),
      fdiffs: frame.references.map((id) => frame.id - id),
    });
  }
}

export interface WrittenPacket {
  readonly frame: Frame;
  readonly part: number;
  readonly parts: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly descriptor: Uint8Array | null;
}

/** Decode targets s * T + t; switch indications as libwebrtc's structures have them. */
function dtisOf(mode: Mode, spatialId: number, temporalId: number, keyframe: boolean): string {
  let dtis = "";
  for (let s = 0; s < mode.spatialLayers; s += 1) {
    for (let t = 0; t < mode.temporalLayers; t += 1) {
      const above = s > spatialId && !keyframe && mode.interLayer === "key";
      if (s < spatialId || t < temporalId || above) dtis += "-";
      else if (keyframe) dtis += "S";
      else if (s > spatialId) dtis += "R";
      else if (temporalId === 0) dtis += "S";
      else dtis += t === temporalId ? "D" : "S";
    }
  }
  return dtis;
}

function structureOf(mode: Mode): Structure {
  const templates = [];
  for (let spatialId = 0; spatialId < mode.spatialLayers; spatialId += 1) {
    for (let temporalId = 0; temporalId < mode.temporalLayers; temporalId += 1) {
      const dtis = dtisOf(mode, spatialId, temporalId, false);
      templates.push({ spatialId, temporalId, dtis, fdiffs: [], chains: [] });
    }
  }
  const targets = mode.spatialLayers * mode.temporalLayers;
  return { offset: 5, targets, chains: 0, protectedBy: [], templates, resolutions: [] };
}

/** Reads packets into slot flags and layers, as src/ingest does. */
export class PacketReader {
  readonly layers = new PacketLayers();
  readonly description = new PayloadDescription();
  readonly #descriptors = new DependencyDescriptorReader();
  readonly #map = new LayerMap();

  constructor(private readonly codec: CodecId) {}

  /** Slot flags; `layers` and `description` are filled. Throws when a packet cannot be read. */
  read(packet: WrittenPacket): number {
    const { payload, descriptor, marker } = packet;
    const description = this.description;
    if (!describePayload(this.codec, payload, 0, payload.length, marker, description)) {
      throw new Error("payload cannot be read");
    }
    if (descriptor === null) {
      this.#map.fromPayload(this.codec, description, payload, 0, this.layers);
    } else if (this.#descriptors.read(descriptor, 0, descriptor.length)) {
      this.#map.fromDescriptor(this.#descriptors, this.layers);
    } else this.layers.clear();
    let flags = marker ? SlotFlag.marker : 0;
    if (description.keyframe) flags |= SlotFlag.keyframeStart;
    if (description.frameStart) flags |= SlotFlag.frameStart;
    if (description.frameEnd) flags |= SlotFlag.frameEnd;
    return flags;
  }
}
