/**
 * Puts the timestamps of simulcast layers on one line: each layer has a random RTP offset of its own,
 * and a viewer's stream must go on without a jump when it changes layer (design: layer alignment).
 */

/** One frame of a layer, and what is known of that layer's clock. Times in us, NaN when unknown. */
export interface LayerTime {
  /** RTP timestamp of the frame. */
  timestamp: number;
  /** When its first packet came, on our clock. */
  arrivalUs: number;
  /** abs-capture-time of the frame `captureTimestamp`: when it was captured, by the publisher. */
  captureUs: number;
  captureTimestamp: number;
  /** Newest sender report (RFC 3550 6.4.1). */
  reportNtpUs: number;
  reportTimestamp: number;
}

/** Which clock the last alignment went by. */
export type AlignedBy = "capture" | "reports" | "arrival";

/** A clock that is further than this from the arrival times is broken and not used. */
const PLAUSIBLE_US = 2_000_000;

export class LayerAlignment {
  /** Added to the present layer's RTP timestamps, modulo 2^32. */
  offset = 0;
  alignedBy: AlignedBy = "arrival";
  #started = false;
  /** Output timestamp of the newest frame, u32. */
  #newest = 0;

  /** Output timestamp of a packet of the present layer. */
  map(timestamp: number): number {
    const mapped = (timestamp + this.offset) >>> 0;
    if (!this.#started || ((mapped - this.#newest) | 0) > 0) this.#newest = mapped;
    this.#started = true;
    return mapped;
  }

  /**
   * Fixes the offset for the layer of `to`, whose frame follows the frame `from` of the layer before
   * it. The first frame of the new layer leaves at least one tick after all that left.
   */
  switchTo(from: Readonly<LayerTime>, to: Readonly<LayerTime>, clockRate: number): void {
    const ticks = this.#between(from, to, clockRate);
    let output = (from.timestamp + this.offset + ticks) >>> 0;
    if (this.#started && ((output - this.#newest) | 0) <= 0) output = (this.#newest + 1) >>> 0;
    this.offset = (output - to.timestamp) >>> 0;
  }

  /** Ticks from the capture of frame `from` to that of frame `to`. */
  #between(from: Readonly<LayerTime>, to: Readonly<LayerTime>, clockRate: number): number {
    const arrivalUs = to.arrivalUs - from.arrivalUs;
    const captureUs = capturedAt(to, clockRate) - capturedAt(from, clockRate);
    const reportUs = reportedAt(to, clockRate) - reportedAt(from, clockRate);
    let chosen = arrivalUs;
    this.alignedBy = "arrival";
    // NaN compares false: an unknown clock is never plausible.
    if (Math.abs(captureUs - arrivalUs) < PLAUSIBLE_US) {
      chosen = captureUs;
      this.alignedBy = "capture";
    } else if (Math.abs(reportUs - arrivalUs) < PLAUSIBLE_US) {
      chosen = reportUs;
      this.alignedBy = "reports";
    }
    return Math.round((chosen * clockRate) / 1e6);
  }
}

/** The publisher's time of a frame by abs-capture-time of it or of another frame of its layer. */
function capturedAt(layer: Readonly<LayerTime>, clockRate: number): number {
  const ticks = (layer.timestamp - layer.captureTimestamp) | 0;
  return layer.captureUs + (ticks * 1e6) / clockRate;
}

function reportedAt(layer: Readonly<LayerTime>, clockRate: number): number {
  const ticks = (layer.timestamp - layer.reportTimestamp) | 0;
  return layer.reportNtpUs + (ticks * 1e6) / clockRate;
}
