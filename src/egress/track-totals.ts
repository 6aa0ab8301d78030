import type { TrackStats } from "../contract/statistics.ts";
import { TotalRate } from "./total-rate.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** What one track has sent and been told since the join. */
export class TrackTotals {
  packets = 0;
  /** Payload, without padding and retransmissions (RFC 3550 6.4.1). */
  bytes = 0;
  keyframes = 0;
  retransmissions = 0;
  nacks = 0;
  plis = 0;
  /** As the viewer's receiver reports say; jitter in RTP ticks. */
  packetsLost = 0;
  jitter = 0;
  readonly rate = new TotalRate();

  stats(track: ViewerTrack): TrackStats {
    const description = track.feed?.reader.describe();
    return {
      kind: track.section.kind,
      codec: track.format.codec,
      ssrc: track.output.ssrc,
      rid: description?.rid || null,
      spatialLayerId: flowing(track.layer.stretch?.spatialId),
      temporalLayerId: flowing(track.layer.stretch?.temporalId),
      packets: this.packets,
      bytes: this.bytes,
      packetsLost: this.packetsLost,
      retransmissions: this.retransmissions,
      nacks: this.nacks,
      plis: this.plis,
      keyframes: this.keyframes,
      jitterMs: (this.jitter * 1000) / track.format.clockRate,
      width: description?.width || null,
      height: description?.height || null,
      bitrate: Math.round(this.rate.bitsPerSecond),
      framesPerSecond: null,
    };
  }
}

/** Null without layers, and before the first packet. */
function flowing(id: number | undefined): number | null {
  return id === undefined || id < 0 ? null : id;
}
