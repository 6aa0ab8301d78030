import type { TrackStats } from "../contract/statistics.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** What control is told of a track when it asks. */
export function trackStats(track: ViewerTrack): TrackStats {
  const { totals } = track.output;
  const description = track.feed?.reader.describe();
  return {
    kind: track.section.kind,
    codec: track.format.codec,
    ssrc: track.output.ssrc,
    rid: description?.rid || null,
    spatialLayerId: flowing(track.layer.stretch?.spatialId),
    temporalLayerId: flowing(track.layer.stretch?.temporalId),
    packets: totals.packets,
    bytes: totals.bytes,
    packetsLost: totals.packetsLost,
    retransmissions: totals.retransmissions,
    nacks: totals.nacks,
    plis: totals.plis,
    keyframes: totals.keyframes,
    jitterMs: (totals.jitter * 1000) / track.format.clockRate,
    width: description?.width || null,
    height: description?.height || null,
    bitrate: Math.round(totals.rate.bitsPerSecond),
    framesPerSecond: null,
  };
}

/** Null without layers, and before the first packet. */
function flowing(id: number | undefined): number | null {
  return id === undefined || id < 0 ? null : id;
}
