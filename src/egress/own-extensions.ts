import { SlotFlag } from "../ring/layout.ts";
import { Extension } from "../wire/extensions.ts";
import type { EgressContext } from "./context.ts";
import type { Feed } from "./feed.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Staging } from "./staging.ts";

/** Packets at the start of a segment that carry the playout-delay hint: any of them may be lost. */
const PLAYOUT_HINT_PACKETS = 32;
/** abs-capture-time is repeated at least once a second, as its specification asks. */
const CAPTURE_TIME_INTERVAL_US = 1_000_000;

export interface PlayoutDelay {
  /** 10 ms units. */
  readonly min: number;
  readonly max: number;
}

/** Which packets of one track carry header extensions of our own. */
export class OwnExtensions {
  private hintPackets = 0;
  private captureAt = 0;
  private readonly playoutDelay: PlayoutDelay | null;
  private readonly captureTimes: boolean;

  /** `ids`: the viewer's, by internal id. */
  constructor(
    private readonly context: EgressContext,
    ids: readonly number[],
    playoutDelay: PlayoutDelay | null,
  ) {
    this.playoutDelay = ids[Extension.playoutDelay] !== 0 ? playoutDelay : null;
    this.captureTimes = ids[Extension.absCaptureTime] !== 0;
  }

  /** A segment begins. */
  begin(): void {
    this.hintPackets = this.playoutDelay === null ? 0 : PLAYOUT_HINT_PACKETS;
    this.captureAt = 0;
  }

  /** Adds what is due to the packet of slot `i`. */
  add(packet: Outgoing, feed: Feed, clockRate: number, batch: Staging, i: number, now: number) {
    if (this.hintPackets > 0) {
      this.hintPackets -= 1;
      this.addHint(packet);
    }
    if (!this.captureTimes || now < this.captureAt || feed.bringsCaptureTime) return;
    if ((batch.flags[i]! & SlotFlag.frameStart) === 0) return;
    packet.captureNtpUs = this.captureTime(feed, clockRate, batch.timestamps[i]!, now);
    this.captureAt = now + CAPTURE_TIME_INTERVAL_US;
  }

  /** Adds the hint as it was on a packet that leaves again. */
  addHint(packet: Outgoing): void {
    packet.playoutMin = this.playoutDelay!.min;
    packet.playoutMax = this.playoutDelay!.max;
  }

  /** When the frame was captured, on our wall clock (us since 1900); 0 if unknown. */
  private captureTime(feed: Feed, clockRate: number, timestamp: number, now: number): number {
    const live = feed.clock.timestampAt(now, clockRate, feed.source, feed.clock.hasReport);
    if (live === null) return 0;
    const age = (((live - timestamp) | 0) * 1e6) / clockRate;
    return this.context.ntpUs(now) - age;
  }
}
