/**
 * The layers a viewer can choose from (WHEP `layers` event and layer extension), and how a menu
 * shows them. Pure.
 */
import { formatBitrate } from "./format.ts";

/** One entry of the `layers` event: a simulcast layer, or a point of an SVC stream. */
export interface Layer {
  /** Index of the video m-line, as the server wants it back. */
  readonly mediaId: string;
  readonly rid: string | null;
  readonly spatialLayerId: number | null;
  readonly temporalLayerId: number | null;
  /** Bits per second; 0 while the publisher does not send it. */
  readonly bitrate: number;
  readonly width: number | null;
  readonly height: number | null;
  /** It flows to this viewer now (Spillway tells that, the draft does not). */
  readonly current: boolean;
}

/** The body of a layer selection. */
export interface Selection {
  readonly mediaId?: string;
  readonly rid?: string;
  readonly spatialLayerId?: number;
  readonly temporalLayerId?: number;
}

/** One line of the menu. `key` is null for automatic. */
export interface MenuLine {
  readonly key: string | null;
  readonly label: string;
  readonly detail: string;
  /** False for a layer that is announced, but not sent now. */
  readonly isAlive: boolean;
}

export interface QualityMenu {
  /** What stands on the button. */
  readonly title: string;
  readonly lines: readonly MenuLine[];
  /** Of the line that is chosen. */
  readonly chosen: string | null;
}

/** The entries of a `layers` event, of the first video section that has any. */
export function readLayers(payload: Readonly<Record<string, unknown>>): Layer[] {
  for (const [mediaId, list] of Object.entries(payload)) {
    if (!Array.isArray(list)) continue;
    const layers = list.flatMap((entry: unknown) => readLayer(mediaId, entry) ?? []);
    if (layers.length > 0) return layers;
  }
  return [];
}

/** Names a layer for as long as a publisher sends it. */
export function keyOf(layer: Layer): string {
  return [layer.rid, layer.spatialLayerId, layer.temporalLayerId].map((id) => id ?? "").join("/");
}

/**
 * The layer that a key means. A layer is told without its temporal layers before its first packet:
 * then the best of its frame rates stands for it, and it for them.
 */
export function findLayer(layers: readonly Layer[], key: string | null): Layer | null {
  if (key === null) return null;
  const encoding = (text: string) => text.slice(0, text.lastIndexOf("/"));
  return (
    layers.find((layer) => keyOf(layer) === key) ??
    layers.find((layer) => encoding(keyOf(layer)) === encoding(key)) ??
    null
  );
}

/** The selection that asks for a layer, or for automatic when it is null. */
export function selectionOf(layer: Layer | null): Selection {
  if (layer === null) return {};
  const { mediaId, rid, spatialLayerId, temporalLayerId } = layer;
  return {
    mediaId,
    ...(rid === null ? {} : { rid }),
    ...(spatialLayerId === null ? {} : { spatialLayerId }),
    ...(temporalLayerId === null ? {} : { temporalLayerId }),
  };
}

/**
 * The menu, or null where there is nothing to choose.
 *
 * @param wish key of the layer a person chose, null for automatic; one that is not among the
 *   layers (any more) counts as automatic, since the server treats it so
 */
export function qualityMenu(layers: readonly Layer[], wish: string | null): QualityMenu | null {
  if (layers.length < 2) return null;
  const current = layers.find((layer) => layer.current);
  const flowing = current === undefined ? "" : layerLabel(current, layers);
  const wished = findLayer(layers, wish);
  const lines: MenuLine[] = layers.map((layer) => ({
    key: keyOf(layer),
    label: layerLabel(layer, layers),
    detail: layer.bitrate > 0 ? formatBitrate(layer.bitrate) : "not sent now",
    isAlive: layer.bitrate > 0,
  }));
  const detail = flowing === "" ? "" : `${flowing} now`;
  lines.unshift({ key: null, label: "Auto", detail, isAlive: true });
  return { title: titleOf(wished, flowing, layers), lines, chosen: wished && keyOf(wished) };
}

/** "720p", with the share of the frame rate or the rid where others are of that size too. */
export function layerLabel(layer: Layer, layers: readonly Layer[]): string {
  const { size, rate } = nameOf(layer, layers);
  return rate === "" ? size : `${size}, ${rate} frame rate`;
}

/** For an axis that lists all layers: a share of the frame rate stands below its "720p". */
export function axisLabel(layer: Layer, layers: readonly Layer[]): string {
  const { size, rate } = nameOf(layer, layers);
  return rate === "" ? size : rate;
}

function nameOf(layer: Layer, layers: readonly Layer[]): { size: string; rate: string } {
  const isOwnEncoding = (other: Layer) =>
    other.rid === layer.rid && other.spatialLayerId === layer.spatialLayerId;
  const own = layers.filter(isOwnEncoding);
  const size = sizeLabel(layer);
  const isShared = layers.some((other) => !isOwnEncoding(other) && sizeLabel(other) === size);
  const encoding = encodingLabel(layer);
  const top = Math.max(0, ...own.map((other) => other.temporalLayerId ?? 0));
  // Temporal layers halve the frame rate one by one (webrtc-svc, all T2 and T3 modes).
  const below = top - (layer.temporalLayerId ?? top);
  return {
    size: isShared && encoding !== size ? `${size}, ${encoding}` : size,
    rate: below <= 0 ? "" : `1/${2 ** below}`,
  };
}

function titleOf(wished: Layer | null, flowing: string, layers: readonly Layer[]): string {
  if (wished === null) return flowing === "" ? "Auto" : `Auto: ${flowing}`;
  const label = layerLabel(wished, layers);
  return flowing === "" || flowing === label ? label : `${label} (${flowing} now)`;
}

/** By the shorter side, as "720p" of an upright picture means 720 × 1280. */
function sizeLabel(layer: Layer): string {
  if (layer.width === null || layer.height === null) return encodingLabel(layer);
  return `${Math.min(layer.width, layer.height)}p`;
}

function encodingLabel(layer: Layer): string {
  if (layer.rid !== null && layer.spatialLayerId === null) return `Layer ${layer.rid}`;
  const size = `Size ${(layer.spatialLayerId ?? 0) + 1}`;
  return layer.rid === null ? size : `Layer ${layer.rid}, ${size}`;
}

function readLayer(mediaId: string, entry: unknown): Layer | null {
  if (typeof entry !== "object" || entry === null) return null;
  const fields = entry as Readonly<Record<string, unknown>>;
  const { rid } = fields;
  const whole = (name: string) => {
    const value = fields[name];
    return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
  };
  const bitrate = fields.bitrate;
  const layer = {
    mediaId,
    rid: typeof rid === "string" && rid !== "" ? rid : null,
    spatialLayerId: whole("spatialLayerId"),
    temporalLayerId: whole("temporalLayerId"),
    bitrate: typeof bitrate === "number" && bitrate > 0 ? bitrate : 0,
    width: whole("width") || null,
    height: whole("height") || null,
    current: fields.current === true,
  };
  const hasName =
    layer.rid !== null || layer.spatialLayerId !== null || layer.temporalLayerId !== null;
  return hasName ? layer : null;
}
