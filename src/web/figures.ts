/** Figures of a connection as labelled lines, for the player's overlay and for the tiles. */
import { formatBitrate, formatMs, formatShare } from "./format.ts";
import type { Figures, Latency } from "./rates.ts";

export interface FigureLine {
  readonly label: string;
  readonly value: string;
  /** How the figure comes about. */
  readonly hint: string;
}

/** What a viewer sees. */
export function figureLines(figures: Figures, latency: Latency | null): FigureLine[] {
  const network =
    "Jitter buffer plus half the round trip to the server: what lies before the server is not in it.";
  const capture = "From capture to screen, estimated by the browser from sender reports.";
  const label = latency?.basis === "capture" ? "Latency (est.)" : "Latency from server (est.)";
  return [
    line(label, formatMs(latency?.ms), latency?.basis === "capture" ? capture : network),
    line("Bitrate", formatBitrate(figures.bitrate), "Video and audio received."),
    line("Resolution", resolution(figures), "Size of the decoded picture."),
    line("Frame rate", rate(figures), "Frames decoded a second."),
    line("Packet loss", formatShare(figures.loss), "In the last second, after retransmission."),
    line("Jitter", formatMs(figures.jitterMs), "Variation of packet arrival."),
    line("Buffer", formatMs(figures.bufferMs), "Mean time in the jitter buffer."),
    line("Round trip", formatMs(figures.roundTripMs), "To the server and back."),
    line("Codec", codecs(figures), "Video and audio codec."),
    line("Freezes", String(figures.freezes), "Times the picture stood still."),
  ];
}

/** What a publisher sees. */
export function publisherLines(figures: Figures): FigureLine[] {
  return [
    line("Bitrate", formatBitrate(figures.bitrate), "Video and audio sent."),
    line("Resolution", resolution(figures), "Size of the encoded picture."),
    line("Frame rate", rate(figures), "Frames encoded a second."),
    line("Codec", codecs(figures), "Video and audio codec."),
    line("Round trip", formatMs(figures.roundTripMs), "To the server and back."),
    line("Packet loss", formatShare(figures.loss), "As the server reports it."),
    line("Jitter", formatMs(figures.jitterMs), "As the server reports it."),
    line("Held back by", limitation(figures), "Why the encoder sends less than asked."),
  ];
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
