import type { SdpProblem } from "./problem.ts";

/** One a= line, split at its first colon. `value` is "" for a flag. */
export interface Attribute {
  readonly key: string;
  readonly value: string;
}

/** One m= line with the a= lines below it. */
export interface ParsedMedia {
  /** Lower case: "audio", "video", "application". */
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: readonly Attribute[];
}

/** A session description as lines: nothing interpreted, nothing lost. */
export interface ParsedSdp {
  readonly attributes: readonly Attribute[];
  readonly media: readonly ParsedMedia[];
}

export declare function parseSdp(text: string): ParsedSdp | SdpProblem;
