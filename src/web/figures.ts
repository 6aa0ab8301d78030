/** Figures of a connection as labelled lines, for the player's overlay and for the tiles. */
import { formatBitrate, formatCount, formatMs, formatShare } from "./format.ts";
import type { Figures, Latency } from "./rates.ts";

export interface FigureLine {
  readonly label: string;
  readonly value: string;
  /** How the figure comes about. */
  readonly hint: string;
}

/** What a viewer sees; `layer` is the label of the layer that flows, "" while unknown. */
export function figureLines(
  figures: Figures,
  latency: Latency | null,
  layer: string,
): FigureLine[] {
  const network =
    "Jitter buffer plus half the round trip to the server: what lies before the server is not in it.";
  const capture = "From capture to screen, estimated by the browser from sender reports.";
  const label = latency?.basis === "capture" ? "Latency (est.)" : "Latency from server (est.)";
  return [
    line(label, formatMs(latency?.ms), latency?.basis === "capture" ? capture : network),
    line("Bitrate", formatBitrate(figures.bitrate), "Video and audio received."),
    line("Layer", layer === "" ? "–" : layer, "Of the stream's layers, the one that comes now."),
    line("Resolution", resolution(figures), "Size of the decoded picture."),
    line("Frame rate", rate(figures), "Frames decoded a second."),
    line("Codec", codecs(figures), "Video and audio codec."),
    line("Round trip", formatMs(figures.roundTripMs), "To the server and back."),
    line("Jitter", formatMs(figures.jitterMs), "Variation of packet arrival."),
    line("Jitter buffer", formatMs(figures.bufferMs), "Mean time in it, in the last second."),
    line("Packets lost", lost(figures), "In all; of the last second; after retransmission."),
    line("Freezes", freezes(figures), "Times the picture stood still, and for how long in all."),
    line("Frames dropped", formatCount(figures.framesDropped), "Decoded or not, never shown."),
  ];
}

/** What a publisher sees. */
export function publisherLines(figures: Figures): FigureLine[] {
  return [
    line("Bitrate", formatBitrate(figures.bitrate), "Video and audio sent."),
    line("Allowed", formatBitrate(figures.allowedBitrate), "What the network carries (est.)."),
    line("Resolution", resolution(figures), "Size of the encoded picture."),
    line("Frame rate", rate(figures), "Frames encoded a second."),
    line("Layers", layers(figures), "Heights of the pictures sent, or the mode of one stream."),
    line("Codec", codecs(figures), "Video and audio codec."),
    line("Round trip", formatMs(figures.roundTripMs), "To the server and back."),
    line("Packet loss", formatShare(figures.loss), "As the server reports it."),
    line("Jitter", formatMs(figures.jitterMs), "As the server reports it."),
    line("Held back by", limitation(figures), "Why the encoder sends less than asked."),
  ];
}

function lost(figures: Figures): string {
  const share = figures.loss === null ? "" : ` (${formatShare(figures.loss)})`;
  return `${formatCount(figures.packetsLost)}${share}`;
}

function freezes(figures: Figures): string {
  if (figures.freezes === 0) return "0";
  return `${formatCount(figures.freezes)} (${figures.freezeSeconds.toFixed(1)} s)`;
}

function layers(figures: Figures): string {
  const { layerHeights, scalabilityMode } = figures;
  if (layerHeights.length > 1) return layerHeights.map((height) => `${height}p`).join(", ");
  if (layerHeights.length === 0) return "–";
  return scalabilityMode === null || scalabilityMode === "L1T1" ? "one" : scalabilityMode;
}

function limitation(figures: Figures): string {
  if (figures.limitation === "cpu") return "processor";
  if (figures.limitation === "bandwidth") return "bandwidth";
  return figures.limitation ?? "nothing";
}

function resolution(figures: Figures): string {
  if (figures.width === null || figures.height === null) return "–";
  return `${figures.width} × ${figures.height}`;
}

function rate(figures: Figures): string {
  return figures.framesPerSecond === null ? "–" : `${Math.round(figures.framesPerSecond)} fps`;
}

function codecs(figures: Figures): string {
  const names = [figures.videoCodec, figures.audioCodec].filter((name) => name !== null);
  return names.length === 0 ? "–" : names.join(" + ");
}

function line(label: string, value: string, hint: string): FigureLine {
  return { label, value, hint };
}
