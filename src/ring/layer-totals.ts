/**
 * What a ring's header says of the layers in it: how much each layer point has been due, when it was
 * last heard of, and how large its picture is. The writer adds, any reader compares two looks.
 */
import { Header, HeaderFloat, LAYER_SIZES, packSize, type RingViews } from "./layout.ts";
import type { PacketLayers } from "./packet-layers.ts";

/** A packet that says nothing of layers belongs to the lowest point and is due at all of them. */
const ALL_POINTS = 0xffffffff;

/** Writer: counts a media packet of `bytes` payload bytes, received at `receipt` (us). */
export function noteLayers(
  views: RingViews,
  layers: PacketLayers,
  bytes: number,
  receipt: number,
): void {
  const { floats } = views;
  const known = layers.frameNumberBits > 0;
  const own = known ? (layers.spatialId & 3) * 8 + (layers.temporalId & 7) : 0;
  floats[HeaderFloat.layerSeen + own] = receipt;
  for (let left = known ? layers.needed : ALL_POINTS; left !== 0; left &= left - 1) {
    const at = HeaderFloat.layerBytes + 31 - Math.clz32(left & -left);
    floats[at] = floats[at]! + bytes;
  }
}

/** Writer: the picture of a spatial layer, in pixels. */
export function storeLayerSize(
  views: RingViews,
  spatialId: number,
  width: number,
  height: number,
): void {
  views.words[LAYER_SIZES + (spatialId & 3)] = packSize(width, height);
}

/** Reader: payload bytes due to a viewer of a layer point since the ring began. */
export function layerBytes(views: RingViews, point: number): number {
  return views.floats[HeaderFloat.layerBytes + point]!;
}

/** Reader: receipt of the newest packet of the point itself, us; 0 before the first. */
export function layerSeenUs(views: RingViews, point: number): number {
  return views.floats[HeaderFloat.layerSeen + point]!;
}

/**
 * Reader: the picture of a spatial layer as width * 65536 + height; 0 while unknown. Where the stream
 * does not say, each layer below the highest (`top`) has half the size of the one above it, as all
 * scalability modes without an `h` do (W3C webrtc-svc).
 */
export function layerSize(views: RingViews, spatialId: number, top: number): number {
  const own = views.words[LAYER_SIZES + spatialId]!;
  if (own >>> 16 > 0) return own >>> 0;
  const size = views.words[Header.size]!;
  const below = top - spatialId;
  return ((size >>> 16) >> below) * 65536 + ((size & 0xffff) >> below);
}
