import { COUNTER_NAMES } from "../counters.ts";
import type { Region } from "../srtp/cipher.ts";
import { HeaderWriter } from "./header-writer.ts";
import type { Output } from "./output.ts";
import { Staging } from "./staging.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** us between 1900 (NTP, RFC 5905) and 1970. */
const NTP_EPOCH_US = 2_208_988_800e6;

export interface EgressEnvironment {
  readonly output: Output;
  /** Memory that the ciphers can address. */
  readonly allocate: (bytes: number) => Region;
  /** Wall clock minus monotonic clock, us, at start: our NTP time never steps. */
  readonly wallOffsetUs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The worker's counters (src/counters.ts). */
  readonly counters: Float64Array;
}

/** What all viewers of one worker share: scratch memory, output, clock. */
export class EgressContext {
  readonly output: Output;
  readonly headers = new HeaderWriter();
  /** One packet at a time: catch-up and repairs. */
  readonly scratch: Staging;
  readonly parameterSets: Region;
  readonly counters: Float64Array;
  readonly random: () => number;
  /** Tracks that send from the cached keyframe toward the live edge. */
  readonly catchingUp: ViewerTrack[] = [];
  private readonly wallOffsetUs: number;

  constructor(environment: EgressEnvironment) {
    this.output = environment.output;
    this.scratch = new Staging(environment.allocate(Staging.bytes(1)), 1);
    this.parameterSets = environment.allocate(4096);
    this.counters = environment.counters;
    this.random = environment.random;
    this.wallOffsetUs = environment.wallOffsetUs;
  }

  /** us since 1900 on our wall clock. */
  ntpUs(now: number): number {
    return now + this.wallOffsetUs + NTP_EPOCH_US;
  }

  startCatchUp(track: ViewerTrack): void {
    if (!this.catchingUp.includes(track)) this.catchingUp.push(track);
  }

  count(counter: number, amount = 1): void {
    this.counters[counter] = this.counters[counter]! + amount;
  }

  /** A reserved number without media leaves as one octet of padding, so that it is no hole. */
  writeEmptyPadding(batch: Staging, i: number): number {
    batch.region.bytes[batch.payloadOffset(i)] = 1;
    return 1;
  }
}

/** Length of the counters array, for simulations that make their own. */
export const COUNTERS_LENGTH = COUNTER_NAMES.length;
