/** What an emulator and its forwarder process say to each other: a line of JSON each. */
import type { LinkOptions } from "../sim/link.ts";

/** Of a path with two ends; `down` is from the near side (the server's) to the far one (the viewer's). */
export const DIRECTIONS = ["down", "up"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Seconds from now and bits a second; the first at 0. */
export type RateSteps = readonly (readonly [number, number])[];

/** One direction between two ends, by their places. */
export interface LinkPlan {
  readonly from: number;
  readonly to: number;
  readonly options: Omit<LinkOptions, "rate">;
}

export interface ForwarderPlan {
  readonly seed: number;
  /** Namespaces. With more than two, a packet goes where its address says: see `addressOf`. */
  readonly ends: readonly string[];
  readonly device: string;
  readonly links: readonly LinkPlan[];
  /** The forwarder ends by itself, and everything with it, after so long. */
  readonly seconds: number;
}

/** `link`: its place in the plan. */
export type ForwarderCommand =
  | { readonly type: "rate"; readonly link: number; readonly steps: RateSteps }
  /** From now on, or no more, nothing passes by this link. */
  | { readonly type: "cut"; readonly link: number; readonly on: boolean }
  /** From now on longer packets are lost on this link, and nobody is told. */
  | { readonly type: "mtu"; readonly link: number; readonly bytes: number }
  /** From now on, or no more, no link loses anything by chance. */
  | { readonly type: "calm"; readonly on: boolean }
  /** Asks for the figures since the last such command. */
  | { readonly type: "figures" };

/** One link's figures. */
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

/** What all links had in common. */
interface CommonFigures {
  readonly seconds: number;
  /** ms by which packets left later than the model said: what this machine adds. */
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface ForwarderFigures extends CommonFigures {
  /** In the plan's order. */
  readonly links: readonly DirectionFigures[];
}

export interface Figures extends CommonFigures {
  readonly down: DirectionFigures;
  readonly up: DirectionFigures;
}

const NETWORK = "10.231.0";

/** Inside the namespaces alone, so that it cannot clash. */
export function addressOf(end: number): string {
  return `${NETWORK}.${end + 1}`;
}
