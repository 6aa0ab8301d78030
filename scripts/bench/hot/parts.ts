/** What the processes of `hot` lack, and the parts that come of it. */
import type { HotOutputKind } from "./output.ts";

/** Parts of a packet's way, in the order in which they are taken out. */
export const PARTS = ["note", "commit", "seal", "header"] as const;
type Part = (typeof PARTS)[number];

export interface HotVariant {
  readonly name: "all" | "segments" | Part;
  readonly output: HotOutputKind;
  readonly without: readonly Part[];
}

/**
 * `all` lacks nothing, each further one what it is named after and what those before it lack: so the
 * parts add up to the whole. `segments` has all, and UdpSender for the sink.
 */
export const VARIANTS: readonly HotVariant[] = [
  { name: "all", output: "sink", without: [] },
  ...PARTS.map((name, i) => {
    const without = PARTS.slice(0, i + 1);
    return { name, output: without.includes("commit") ? "none" : "sink", without } as const;
  }),
  { name: "segments", output: "segments", without: [] },
];

/** ns a packet of each variant, and what is left when all parts are taken out. */
export type HotCosts = Readonly<Record<HotVariant["name"], number>>;

export interface HotParts extends Readonly<Record<Part, number>> {
  readonly all: number;
  readonly walk: number;
  /** Not within `all`. */
  readonly segments: number;
}

export function partsOf(costs: HotCosts): HotParts {
  const { all, note, commit, seal, header, segments } = costs;
  return {
    all,
    walk: header,
    header: seal - header,
    seal: commit - seal,
    note: all - note,
    commit: note - commit,
    segments: segments - all,
  };
}
