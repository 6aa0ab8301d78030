import { Slot } from "./layout.ts";

/** What stands for a spatial layer where the packet behind another one is of none that is known
 * (below all layers), or of another picture (above all). */
export const NextLayer = { unknown: -1, otherPicture: 127 } as const;

/** The layer words of a slot; reused. Writers fill them by src/media/layer-map.ts. */
export class PacketLayers {
  frameNumber = 0;
  /** 0: nothing is known of the packet's layers, the fields below are void. */
  frameNumberBits = 0;
  /** LayerFlag. */
  flags = 0;
  spatialId = 0;
  temporalId = 0;
  /** Grids: a bit a layer point (spatialId * 8 + temporalId). */
  needed = 0;
  switches = 0;
  active = 0;
  /** Bit d - 1 for a reference d frames (VP9: pictures) back. */
  references = 0;
  targetsBit = 0;
  targets = 0;
  targetsVersion = 0;
  /** Spatial layer of the packet behind, or a NextLayer. In no slot: who reads the ring knows it. */
  nextSpatialId: number = NextLayer.unknown;

  clear(): void {
    this.frameNumber = 0;
    this.frameNumberBits = 0;
    this.flags = 0;
    this.spatialId = 0;
    this.temporalId = 0;
    this.needed = 0;
    this.switches = 0;
    this.active = 0;
    this.references = 0;
    this.targetsBit = 0;
    this.targets = 0;
    this.targetsVersion = 0;
    this.nextSpatialId = NextLayer.unknown;
  }

  /** Writes the words of the slot at `offset`. */
  store(data: DataView, offset: number): void {
    data.setUint16(offset + Slot.frameNumber, this.frameNumber, true);
    data.setUint8(offset + Slot.frameNumberBits, this.frameNumberBits);
    data.setUint8(offset + Slot.layerFlags, this.flags);
    data.setUint8(offset + Slot.spatialId, this.spatialId);
    data.setUint8(offset + Slot.temporalId, this.temporalId);
    data.setUint32(offset + Slot.needed, this.needed, true);
    data.setUint32(offset + Slot.switches, this.switches, true);
    data.setUint32(offset + Slot.references, this.references, true);
    data.setUint32(offset + Slot.active, this.active, true);
    data.setUint16(offset + Slot.targetsBit, this.targetsBit, true);
    data.setUint8(offset + Slot.targets, this.targets);
    data.setUint8(offset + Slot.targetsVersion, this.targetsVersion);
  }

  /** Reads them from a slot, or from a copy of one, at `offset`. */
  load(data: DataView, offset: number): void {
    this.frameNumber = data.getUint16(offset + Slot.frameNumber, true);
    this.frameNumberBits = data.getUint8(offset + Slot.frameNumberBits);
    this.flags = data.getUint8(offset + Slot.layerFlags);
    this.spatialId = data.getUint8(offset + Slot.spatialId);
    this.temporalId = data.getUint8(offset + Slot.temporalId);
    this.needed = data.getUint32(offset + Slot.needed, true);
    this.switches = data.getUint32(offset + Slot.switches, true);
    this.references = data.getUint32(offset + Slot.references, true);
    this.active = data.getUint32(offset + Slot.active, true);
    this.targetsBit = data.getUint16(offset + Slot.targetsBit, true);
    this.targets = data.getUint8(offset + Slot.targets);
    this.targetsVersion = data.getUint8(offset + Slot.targetsVersion);
    this.nextSpatialId = NextLayer.unknown;
  }
}
