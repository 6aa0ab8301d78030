/** What the emulator and its forwarder process say to each other: a line of JSON each. */
import type { LinkOptions } from "../sim/link.ts";

/** `down` is from the near side (the server's) to the far one (the viewer's). */
export const DIRECTIONS = ["down", "up"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Seconds from now and bits a second; the first at 0. */
export type RateSteps = readonly (readonly [number, number])[];

export interface ForwarderPlan {
  readonly seed: number;
  readonly near: string;
  readonly far: string;
  readonly device: string;
  readonly down: Omit<LinkOptions, "rate">;
  readonly up: Omit<LinkOptions, "rate">;
  /** The forwarder ends by itself, and everything with it, after so long. */
  readonly seconds: number;
}

export type ForwarderCommand =
  | { readonly type: "rate"; readonly direction: Direction; readonly steps: RateSteps }
  /** From now on, or no more, nothing passes in this direction. */
  | { readonly type: "cut"; readonly direction: Direction; readonly on: boolean }
  /** Asks for the figures since the last such command. */
  | { readonly type: "figures" };

/** One direction's figures. */
export interface DirectionFigures {
  readonly packets: number;
  readonly bytes: number;
  /** Size of the largest packet: the MTU at most, if the kernel cut what it should. */
  readonly largest: number;
  /** Did not fit into the queue. */
  readonly dropped: number;
  readonly lost: number;
  readonly cut: number;
  /** ms that a packet would have waited, over time. */
  readonly queueMs: { readonly p50: number; readonly p95: number; readonly max: number };
}

export interface Figures {
  readonly down: DirectionFigures;
  readonly up: DirectionFigures;
  readonly seconds: number;
  /** ms by which packets left later than the model said: what this machine adds. */
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number };
}
