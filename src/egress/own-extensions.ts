import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { SlotFlag } from "../ring/layout.ts";
import { Extension } from "../wire/extensions.ts";
import type { EgressContext } from "./context.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PlayoutHint } from "./playout-hint.ts";

/** Packets at the start of a segment that carry the playout-delay hint: any of them may be lost. */
const PLAYOUT_HINT_PACKETS = 32;
/** abs-capture-time is repeated at least once a second, as its specification asks. */
const CAPTURE_TIME_INTERVAL_US = 1_000_000;

/** Which packets of one track carry header extensions of our own. */
export class OwnExtensions {
  private hintPackets = 0;
  private captureAt = 0;
  private readonly hint: PlayoutHint | null;
  private hintVersion = 0;
  /** First index with the present hint. */
  private hintFrom = 0;
  private readonly captureTimes: boolean;

  /** `ids`: the viewer's, by internal id. */
  constructor(
    private readonly context: EgressContext,
    ids: readonly number[],
    hint: PlayoutHint | null,
  ) {
    this.hint = ids[Extension.playoutDelay] !== 0 ? hint : null;
    this.captureTimes = ids[Extension.absCaptureTime] !== 0;
  }

  /** A segment begins. */
  begin(): void {
    this.hintPackets = this.hint === null ? 0 : PLAYOUT_HINT_PACKETS;
    this.captureAt = 0;
  }

  /** No packet carries the hint now. */
  get idle(): boolean {
    return this.hintPackets === 0 && (this.hint === null || this.hint.version === this.hintVersion);
  }

  /** When the next capture time is due; Infinity for never. */
  get dueAt(): number {
    return this.captureTimes ? this.captureAt : Number.POSITIVE_INFINITY;
  }

  /** Adds what is due to the packet of slot `i`. */
  add(packet: Outgoing, feed: Feed, clockRate: number, batch: Staging, i: number, now: number) {
    if (this.hint !== null && this.hint.version !== this.hintVersion) {
      this.hintVersion = this.hint.version;
      this.hintPackets = PLAYOUT_HINT_PACKETS;
      this.hintFrom = packet.index;
    }
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
    packet.playoutMin = this.hint!.min;
    packet.playoutMax = this.hint!.max;
  }

  /** Whether the hint of a packet that left under `index` is still the same. */
  keepsHint(index: number): boolean {
    return this.hint === null || (index >= this.hintFrom && this.hint.version === this.hintVersion);
  }

  /** When the frame was captured, on our wall clock (us since 1900); 0 if unknown. */
  private captureTime(feed: Feed, clockRate: number, timestamp: number, now: number): number {
    const live = feed.clock.timestampAt(now, clockRate, feed.source, feed.clock.hasReport);
    if (live === null) return 0;
    const age = (((live - timestamp) | 0) * 1e6) / clockRate;
    return this.context.ntpUs(now) - age;
  }
}
