/** What is asked of a worker for the admin API: one session, its tracks. */
import type { CodecName, MediaKind } from "../wire/codecs.ts";

/** What a worker knows of one session. Counters are totals since the session began. */
export interface SessionStats {
  readonly session: number;
  readonly connected: boolean;
  readonly path: string | null;
  readonly srtpProfile: string | null;
  readonly roundTripMs: number | null;
  /** Viewer: what its path is believed to carry, bits a second; null for a publisher. */
  readonly estimateBps: number | null;
  /** Publisher: what is done about a bit rate beyond its limit; null for a viewer. */
  readonly bitrateExcess: "asked" | "dropped" | "ended" | "within" | null;
  readonly tracks: readonly TrackStats[];
}

export interface TrackStats {
  readonly kind: MediaKind;
  readonly codec: CodecName | null;
  readonly ssrc: number;
  readonly rid: string | null;
  /** Viewer: the layer point that flows, where the stream tells its layers; null for a publisher. */
  readonly spatialLayerId: number | null;
  readonly temporalLayerId: number | null;
  readonly packets: number;
  readonly bytes: number;
  /** Publisher: packets never received. Viewer: as its receiver reports say. */
  readonly packetsLost: number;
  readonly retransmissions: number;
  readonly nacks: number;
  readonly plis: number;
  readonly keyframes: number;
  readonly jitterMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly bitrate: number;
  readonly framesPerSecond: number | null;
}
