/** Which moment of capture a WHEP viewer sees, out of getStats() and the frames that are shown. Pure. */
import type { Report } from "./rates.ts";

/** 1970 in milliseconds of NTP, which counts from 1900. */
const EPOCH_MS = 2_208_988_800_000;
const VIDEO_TICKS_PER_MS = 90;
/** No live picture is a minute old: a clock that was never mapped gives nonsense. */
const AGE_MS_MAX = 60_000;

export class Playhead {
  /** Capture time, by the server's clock, of the frame with this RTP time. */
  #mark: { readonly captureMs: number; readonly rtpTime: number | null } | null = null;
  #rtpTime: number | null = null;
  #clockAheadMs: number | null = null;

  /** A frame is shown; its RTP time, where the browser tells. */
  shown(rtpTime: number | undefined): void {
    this.#rtpTime = rtpTime ?? null;
  }

  /** Takes a look at the connection; `wallMs` is our clock. */
  polled(reports: readonly Report[], wallMs: number): void {
    const video = find(reports, "inbound-rtp");
    const playout = video?.estimatedPlayoutTimestamp;
    if (typeof playout !== "number") return;
    this.#mark = { captureMs: fromNtp(playout), rtpTime: this.#rtpTime };
    const told = find(reports, "remote-outbound-rtp")?.remoteTimestamp;
    const heardAt = find(reports, "remote-outbound-rtp")?.timestamp;
    if (typeof told !== "number" || typeof heardAt !== "number") return;
    // Every report comes late, so what was ahead most is nearest; `heardAt` is of our clock.
    const ahead = told - Math.min(heardAt, wallMs);
    this.#clockAheadMs = Math.max(this.#clockAheadMs ?? Number.NEGATIVE_INFINITY, ahead);
  }

  /** Capture time of what is shown, ms since 1970 by the server's clock; null while not known. */
  get captureMs(): number | null {
    if (this.#mark === null) return null;
    const { captureMs, rtpTime } = this.#mark;
    if (rtpTime === null || this.#rtpTime === null) return captureMs;
    return captureMs + ((this.#rtpTime - rtpTime) | 0) / VIDEO_TICKS_PER_MS;
  }

  /** From capture to screen; null while not known. */
  latencyMs(wallMs: number): number | null {
    const { captureMs } = this;
    if (captureMs === null || this.#clockAheadMs === null) return null;
    const age = wallMs + this.#clockAheadMs - captureMs;
    return age > 0 && age < AGE_MS_MAX ? age : null;
  }
}

/** Some browsers already count from 1970. */
function fromNtp(ms: number): number {
  return ms > EPOCH_MS ? ms - EPOCH_MS : ms;
}

function find(reports: readonly Report[], type: string): Report | undefined {
  return reports.find((report) => report.type === type && report.kind === "video");
}
