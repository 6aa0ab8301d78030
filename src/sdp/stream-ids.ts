/** What a section says of the streams in it: SSRCs, their RTX, simulcast rids, msid. */
import { RIDS_OFFERED_MAX, SSRCS_OFFERED_MAX } from "../limits.ts";
import { allValues, decimal, firstValue, headAndRest, words } from "./attributes.ts";
import type { Attribute } from "./parse.ts";
import { type SdpProblem, tooLarge } from "./problem.ts";

export interface OfferedSsrcs {
  readonly ssrcs: readonly number[];
  /** RTX SSRC of each of `ssrcs`, in that order, or empty. */
  readonly rtxSsrcs: readonly number[];
}

/**
 * Reads a=ssrc and a=ssrc-group lines (RFC 5576, FID of RFC 4588 8.3); SSRCs that only repair
 * others are not in `ssrcs`. Error: 413 beyond SSRCS_OFFERED_MAX.
 */
export function readSsrcs(attributes: readonly Attribute[]): OfferedSsrcs | SdpProblem {
  const declared = new Set<number>();
  const rtxOf = new Map<number, number>();
  const repair = new Set<number>();
  for (const value of allValues(attributes, "ssrc-group")) {
    const [semantics, ...members] = words(value);
    const [primary, secondary] = members.map(readSsrc);
    if (primary == null || secondary == null) continue;
    // SIM groups list equals, every other kind an SSRC and what repairs it.
    if (semantics?.toUpperCase() === "SIM") continue;
    repair.add(secondary);
    if (semantics?.toUpperCase() === "FID" && !rtxOf.has(primary)) rtxOf.set(primary, secondary);
  }
  for (const value of allValues(attributes, "ssrc")) {
    const ssrc = readSsrc(headAndRest(value)[0]);
    if (ssrc !== null) declared.add(ssrc);
  }
  for (const primary of rtxOf.keys()) declared.add(primary);
  if (declared.size > SSRCS_OFFERED_MAX) {
    return tooLarge(`A section declares more than ${SSRCS_OFFERED_MAX} SSRCs by a=ssrc.`);
  }
  const ssrcs = [...declared].filter((ssrc) => !repair.has(ssrc));
  const rtxSsrcs = ssrcs.map((ssrc) => rtxOf.get(ssrc)).filter((ssrc) => ssrc !== undefined);
  return { ssrcs, rtxSsrcs: rtxSsrcs.length === ssrcs.length ? rtxSsrcs : [] };
}

/**
 * The rids that a section sends (or receives), in the order of preference of its a=simulcast line (RFC
 * 8853 5.1): the first alternative of each stream, paused or not. Also takes the draft's form
 * "a=simulcast: send rid=a;b" of very old Firefox. Error: 413 beyond RIDS_OFFERED_MAX.
 */
export function readRids(
  attributes: readonly Attribute[],
  direction: "send" | "recv",
): readonly string[] | SdpProblem {
  const simulcast = firstValue(attributes, "simulcast");
  if (simulcast === null) return [];
  const parts = words(simulcast);
  const list = parts[parts.indexOf(direction) + 1];
  if (!parts.includes(direction) || list === undefined) return [];
  const streams = list.replace(/^rid=/, "").split(";", RIDS_OFFERED_MAX + 1);
  if (streams.length > RIDS_OFFERED_MAX) {
    return tooLarge(`a=simulcast lists more than ${RIDS_OFFERED_MAX} streams.`);
  }
  const declared = declaredRids(attributes, direction);
  const rids = streams.map((stream) => (stream.split(",", 1)[0] ?? "").replace(/^~/, ""));
  return [...new Set(rids)].filter((rid) => declared.has(rid));
}

/** a=rid:<id> <direction> (RFC 8851 4); ids that fit a one-byte header extension element. */
function declaredRids(
  attributes: readonly Attribute[],
  wanted: "send" | "recv",
): ReadonlySet<string> {
  const rids = new Set<string>();
  for (const value of allValues(attributes, "rid")) {
    const [rid, direction] = words(value);
    if (direction === wanted && rid !== undefined && /^[\w-]{1,16}$/.test(rid)) rids.add(rid);
  }
  return rids;
}

/** MediaStream ids of a=msid lines; "-" means none (RFC 8830 2, RFC 9429 5.2.1). */
export function readStreamIds(attributes: readonly Attribute[]): readonly string[] {
  const ids = allValues(attributes, "msid").map((value) => headAndRest(value)[0]);
  return [...new Set(ids)].filter((id) => id !== "-" && id !== "");
}

function readSsrc(text: string): number | null {
  const ssrc = decimal(text, 0xffff_ffff);
  return ssrc === 0 ? null : ssrc;
}
