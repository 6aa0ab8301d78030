import { Histogram, type HistogramData } from "./histogram.ts";

/** What a load measures by distribution; all values in us, but for the last. */
const DISTRIBUTIONS = [
  /** From the POST to the end of DTLS, to the first RTP packet, to the end of the first keyframe. */
  "connectUs",
  "firstPacketUs",
  "keyframeUs",
  /** From our publisher's send call to the kernel's stamp at the viewer. */
  "delayUs",
  /** The same of the last packet of each picture: only with it a viewer can show that. */
  "frameDelayUs",
  /** The same from abs-capture-time. */
  "captureDelayUs",
  /** Of each viewer: the longest pause between packets of its picture (else of sound). */
  "longestGapUs",
  /** The same between whole frames, in order: of each checked viewer. */
  "longestFreezeUs",
  /** RFC 3550 interarrival jitter of each viewer's video (else audio) at its end. */
  "jitterUs",
  /** Of each viewer over its life, kb/s. */
  "bitrateKbps",
] as const;
export type DistributionName = (typeof DISTRIBUTIONS)[number];

export type LoadDistributions = Readonly<Record<DistributionName, Histogram>>;
export type DistributionData = Readonly<Record<DistributionName, HistogramData>>;

export function createDistributions(): LoadDistributions {
  return mapNames(() => new Histogram());
}

export function distributionData(all: LoadDistributions): DistributionData {
  return mapNames((name) => all[name].toData());
}

export function mergeDistributions(parts: readonly DistributionData[]): LoadDistributions {
  return mapNames((name) => {
    const histogram = new Histogram();
    for (const part of parts) histogram.merge(part[name]);
    return histogram;
  });
}

function mapNames<T>(value: (name: DistributionName) => T): Record<DistributionName, T> {
  return Object.fromEntries(DISTRIBUTIONS.map((name) => [name, value(name)])) as Record<
    DistributionName,
    T
  >;
}
