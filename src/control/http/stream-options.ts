import type { Keep } from "../../archive/recording.ts";
import { keeps } from "../../config/archive.ts";
import { modeOf } from "../../config/hls.ts";
import type { Takeover } from "../../config/values.ts";
import type { Config } from "../../config.ts";
import { type ViewLimits, viewLimits } from "../streams/layer-limits.ts";
import { matchesPattern } from "./pattern.ts";

export interface StreamOptions {
  readonly takeover: Takeover;
  readonly waitForStream: boolean;
  /** Whether it has a tail: for whom asks, from its beginning on, or never. */
  readonly hls: Config["hls"]["mode"];
  /** What is kept of it on a disk; null for nothing. */
  readonly keep: Keep | null;
  /** Whether viewers may say something of it. */
  readonly chat: boolean;
  /** In the extension's unit of 10 ms; null sends none. */
  readonly playoutDelay: { readonly min: number; readonly max: number } | null;
  /** What its viewers may have of the layers. */
  readonly limits: ViewLimits;
}

/** The options of one stream: the first [[streams]] rule that matches, else the general ones. */
export function streamOptions(config: Config, name: string): StreamOptions {
  const rule = config.streams.find((candidate) => matchesPattern(candidate.match, name));
  const min = rule?.["playout-delay-min-ms"];
  const max = rule?.["playout-delay-max-ms"];
  return {
    takeover: rule?.takeover ?? config.takeover,
    waitForStream: rule?.["wait-for-stream"] ?? config.waitForStream,
    hls: (rule && modeOf(rule)) ?? config.hls.mode,
    keep:
      rule !== undefined && keeps(rule)
        ? { dvrUs: rule.dvr ?? 0, folder: rule.record ?? null }
        : null,
    chat: rule?.chat ?? false,
    playoutDelay:
      min === undefined && max === undefined
        ? null
        : { min: Math.floor((min ?? 0) / 10), max: Math.floor((max ?? min ?? 0) / 10) },
    limits: viewLimits({
      width: rule?.["max-width"],
      height: rule?.["max-height"],
      bitrate: rule?.["max-bitrate"],
    }),
  };
}
