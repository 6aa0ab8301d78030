/** Whether streams have a tail, and what it may take. */
import { keeps } from "./archive.ts";
import type { HLS_CHILDREN, HLS_MODES, OptionReader } from "./options.ts";
import type { StreamRule } from "./tables.ts";
import type { Memory } from "./values.ts";

export interface HlsConfig {
  /** Of streams that no rule speaks of: for whom asks, from the beginning on, or never. */
  readonly mode: (typeof HLS_MODES)[number];
  /** PART-TARGET, us. */
  readonly partUs: number;
  /** For the files of all tails. */
  readonly memoryBytes: number;
  /** What opens the files that index.m3u8 names. */
  readonly children: (typeof HLS_CHILDREN)[number];
}

/** `machineBytes`: the memory that shares are of. */
export function hlsOf(read: OptionReader, machineBytes: number): HlsConfig {
  return {
    mode: read("hls")!,
    partUs: read("hls-part")!,
    memoryBytes: bytesOf(read("hls-memory")!, machineBytes),
    children: read("hls-children")!,
  };
}

/** Whether any stream may have a tail. */
export function hasTails({ mode }: HlsConfig, streams: readonly StreamRule[]): boolean {
  return mode !== "off" || streams.some((rule) => (modeOf(rule) ?? "off") !== "off");
}

/** What a rule says of it: what is kept is cut from its beginning on. */
export function modeOf(rule: StreamRule): HlsConfig["mode"] | undefined {
  return keeps(rule) ? "always" : rule.hls;
}

/** A size, or a share of the machine's memory. */
export function bytesOf(memory: Memory, machineBytes: number): number {
  return "bytes" in memory ? memory.bytes : Math.floor(memory.share * machineBytes);
}
