import type { WhipOptions } from "../client/whip.ts";
import type { SourcePlan } from "./options.ts";
import type { FeedbackPlan } from "./viewer-feedback.ts";

/** A whole load as the command line describes it. */
export interface LoadPlan extends WhipOptions {
  /** WHEP addresses that viewers are spread over; empty for publishers alone. */
  readonly watch: readonly string[];
  /** WHIP addresses, one synthetic publisher each. */
  readonly publish: readonly string[];
  readonly source: SourcePlan;
  readonly viewers: number;
  /** Joins a second. */
  readonly rate: number;
  /** Viewers that come before and are not counted: this tool's own code is compiled. */
  readonly rehearse: number;
  /** How long is measured once all viewers are in. */
  readonly durationSeconds: number;
  /** Each viewer leaves after this; 0 for the end. Measuring then begins with the first join. */
  readonly holdSeconds: number;
  readonly threads: number;
  readonly sample: number;
  /** Folder for the pictures of the checked viewers; null for none. */
  readonly record: string | null;
  /** 0..1 */
  readonly loss: number;
  readonly feedback: FeedbackPlan;
  readonly gro: boolean;
  readonly captureTime: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly srtpProfiles: string | null;
  readonly serverPid: number | null;
}
