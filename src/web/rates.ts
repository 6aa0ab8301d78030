/**
 * From two getStats() snapshots to the figures a person wants. Pure: reports are plain records,
 * and the caller passes them in. Times are milliseconds, rates are per second.
 */

/** One report of an RTCStatsReport; W3C names (webrtc-stats). */
export type Report = Readonly<Record<string, unknown>>;

/** What one look at a connection shows; null where the browser does not say (yet). */
export interface Figures {
  readonly bitrate: number | null;
  readonly framesPerSecond: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly videoCodec: string | null;
  readonly audioCodec: string | null;
  /** Share of packets lost since the last look, 0..1. */
  readonly loss: number | null;
  readonly packetsLost: number;
  readonly jitterMs: number | null;
  /** Mean time media stayed in the jitter buffer since the last look. */
  readonly bufferMs: number | null;
  readonly roundTripMs: number | null;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly freezes: number;
  /** How long the picture stood still in all. */
  readonly freezeSeconds: number;
  readonly packets: number;
  /** Sender only: why the encoder holds back ("cpu", "bandwidth"), or null. */
  readonly limitation: string | null;
  /** Sender only: heights of the layers that are sent, largest first. */
  readonly layerHeights: readonly number[];
  /** Sender only: the mode of an SVC stream, "L3T3". */
  readonly scalabilityMode: string | null;
  /** Sender only: what the network carries, as the browser estimates from feedback. */
  readonly allowedBitrate: number | null;
}

/** Figures of a viewer: `after` is the newest snapshot, `before` an earlier one or empty. */
export function viewerFigures(before: readonly Report[], after: readonly Report[]): Figures {
  const inbound = after.filter((report) => report.type === "inbound-rtp");
  const video = inbound.find((report) => report.kind === "video");
  const audio = inbound.find((report) => report.kind === "audio");
  const received = growth(before, inbound, "packetsReceived");
  const lost = Math.max(0, growth(before, inbound, "packetsLost"));
  return {
    ...common(before, after, inbound, "bytesReceived", video, audio),
    loss: received + lost > 0 ? lost / (received + lost) : null,
    packetsLost: total(inbound, "packetsLost"),
    jitterMs: scaled(number(video ?? audio, "jitter"), 1000),
    bufferMs: bufferMs(before, video ?? audio),
    packets: total(inbound, "packetsReceived"),
    framesDecoded: number(video, "framesDecoded") ?? 0,
    framesDropped: number(video, "framesDropped") ?? 0,
    freezes: number(video, "freezeCount") ?? 0,
    freezeSeconds: number(video, "totalFreezesDuration") ?? 0,
    limitation: null,
    layerHeights: [],
    scalabilityMode: null,
    allowedBitrate: null,
  };
}

/** How many packets have come in all. */
export function packetsOf(reports: readonly Report[]): number {
  return total(
    reports.filter((report) => report.type === "inbound-rtp"),
    "packetsReceived",
  );
}

/** Figures of a publisher; loss and jitter are what the server's receiver reports say. */
export function publisherFigures(before: readonly Report[], after: readonly Report[]): Figures {
  const outbound = after.filter((report) => report.type === "outbound-rtp");
  const remote = after.filter((report) => report.type === "remote-inbound-rtp");
  const videos = outbound.filter((report) => report.kind === "video").sort(byHeight);
  // The largest layer that is sent stands for all.
  const video = videos.find((report) => isSent(before, report)) ?? videos[0];
  const audio = outbound.find((report) => report.kind === "audio");
  const reported = remote.find((report) => report.kind === (video ? "video" : "audio"));
  const limitation = text(video, "qualityLimitationReason");
  return {
    ...common(before, after, outbound, "bytesSent", video, audio),
    loss: number(reported, "fractionLost"),
    packetsLost: total(remote, "packetsLost"),
    jitterMs: scaled(number(reported, "jitter"), 1000),
    bufferMs: null,
    packets: total(outbound, "packetsSent"),
    framesDecoded: 0,
    framesDropped: 0,
    freezes: 0,
    freezeSeconds: 0,
    limitation: limitation === "none" ? null : limitation,
    layerHeights: videos
      .filter((report) => isSent(before, report))
      .flatMap((report) => number(report, "frameHeight") ?? []),
    scalabilityMode: text(video, "scalabilityMode"),
    allowedBitrate: number(selectedPair(after), "availableOutgoingBitrate"),
  };
}

function byHeight(one: Report, other: Report): number {
  return (number(other, "frameHeight") ?? 0) - (number(one, "frameHeight") ?? 0);
}

/** A browser under load stops its top layer, whose report then stands still. */
function isSent(before: readonly Report[], report: Report): boolean {
  return growth(before, [report], "packetsSent") > 0;
}

/** Where a latency figure comes from, so that the page can label it honestly. */
export interface Latency {
  readonly ms: number;
  readonly basis: "capture" | "network";
}

/**
 * Latency of the picture. With the capture time (which the browser derives from sender reports)
 * it is capture to screen; otherwise only what can be known here: half the round trip to the
 * server plus the time in the jitter buffer.
 */
export function estimateLatency(
  captureToScreenMs: number | null,
  figures: Figures,
): Latency | null {
  // A publisher's clock that was never mapped gives nonsense: no live picture is a minute old.
  if (captureToScreenMs !== null && captureToScreenMs > 0 && captureToScreenMs < 60_000) {
    return { ms: captureToScreenMs, basis: "capture" };
  }
  if (figures.bufferMs === null) return null;
  return { ms: figures.bufferMs + (figures.roundTripMs ?? 0) / 2, basis: "network" };
}

function common(
  before: readonly Report[],
  after: readonly Report[],
  streams: readonly Report[],
  bytesField: string,
  video: Report | undefined,
  audio: Report | undefined,
) {
  const elapsedMs = Math.max(...streams.map((report) => elapsed(before, report)), 0);
  const bits = growth(before, streams, bytesField) * 8;
  return {
    bitrate: elapsedMs > 0 ? (bits * 1000) / elapsedMs : null,
    framesPerSecond: number(video, "framesPerSecond"),
    width: number(video, "frameWidth"),
    height: number(video, "frameHeight"),
    videoCodec: codecName(after, video),
    audioCodec: codecName(after, audio),
    roundTripMs: scaled(number(selectedPair(after), "currentRoundTripTime"), 1000),
  };
}

function bufferMs(before: readonly Report[], report: Report | undefined): number | null {
  if (report === undefined) return null;
  const emitted = growth(before, [report], "jitterBufferEmittedCount");
  if (emitted <= 0) return null;
  return (growth(before, [report], "jitterBufferDelay") / emitted) * 1000;
}

function selectedPair(reports: readonly Report[]): Report | undefined {
  const pairs = reports.filter((report) => report.type === "candidate-pair");
  const selected = reports.find((report) => report.type === "transport")?.selectedCandidatePairId;
  return pairs.find((report) => report.id === selected) ?? pairs.find((report) => report.nominated);
}

function codecName(reports: readonly Report[], stream: Report | undefined): string | null {
  const codec = stream && reports.find((report) => report.id === stream.codecId);
  return (
    text(codec, "mimeType")
      ?.replace(/^\w+\//, "")
      .toUpperCase() ?? null
  );
}

/** Sum over the streams of how much a counter rose; a stream that is new counts from zero. */
function growth(before: readonly Report[], streams: readonly Report[], field: string): number {
  let sum = 0;
  for (const report of streams) {
    const earlier = before.find((candidate) => candidate.id === report.id);
    sum += (number(report, field) ?? 0) - (number(earlier, field) ?? 0);
  }
  return sum;
}

function elapsed(before: readonly Report[], report: Report): number {
  const earlier = before.find((candidate) => candidate.id === report.id);
  if (earlier === undefined) return 0;
  return (number(report, "timestamp") ?? 0) - (number(earlier, "timestamp") ?? 0);
}

function total(streams: readonly Report[], field: string): number {
  return streams.reduce((sum, report) => sum + (number(report, field) ?? 0), 0);
}

function number(report: Report | undefined, field: string): number | null {
  const value = report?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function text(report: Report | undefined, field: string): string | null {
  const value = report?.[field];
  return typeof value === "string" && value !== "" ? value : null;
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}
