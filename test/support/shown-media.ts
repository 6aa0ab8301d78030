/** What must hold of the samples of a show, beside its playlists. */
import type { Sample } from "../../src/packager/sample.ts";
import type { Show, ShownPart } from "./tail-show.ts";

/** What is wrong with them; nothing, if all is well. */
export function mediaProblems(show: Show): string[] {
  const problems: string[] = [];
  for (const [first, end] of stretches(show)) {
    const parts = show.parts.slice(first, end);
    for (const track of [1, 2] as const) problems.push(...holes(parts, track));
  }
  for (const part of show.parts) problems.push(...partProblems(part));
  for (const segment of show.segments) {
    const parts = show.parts.filter(({ msn }) => msn === segment.msn);
    const first = parts.flatMap((part) => samplesOf(part, 1))[0];
    if (first !== undefined && segment.independent && !first.key) {
      problems.push(`V03: segment ${segment.msn} begins without a keyframe`);
    }
    if (parts[0]!.startUs !== segment.startUs) problems.push(`L06: segment ${segment.msn}`);
  }
  return [...new Set(problems)];
}

export function samplesOf({ runs }: ShownPart, track: 1 | 2): readonly Sample[] {
  return runs.find((run) => run.track === track)?.samples ?? [];
}

/** Parts between two discontinuities, as [first, end). */
function stretches({ segments, parts }: Show): [number, number][] {
  const starts = segments.filter(({ breaks }) => breaks > 0).map(({ part }) => part);
  const bounds = [0, ...starts, parts.length];
  return bounds.slice(1).map((end, at) => [bounds[at]!, end]);
}

/** Each sample begins where the one before ends, and each part where the one before ends. */
function holes(parts: readonly ShownPart[], track: 1 | 2): string[] {
  const problems: string[] = [];
  const samples = parts.flatMap((part) => samplesOf(part, track));
  for (const [at, sample] of samples.slice(1).entries()) {
    const { time, duration } = samples[at]!;
    if (time + duration === sample.time && duration > 0) continue;
    problems.push(`track ${track}: ${time} + ${duration}, then ${sample.time}`);
  }
  for (const [at, part] of parts.slice(1).entries()) {
    if (parts[at]!.endUs !== part.startUs) problems.push(`part ${part.number}: a hole before it`);
  }
  return problems;
}

function partProblems(part: ShownPart): string[] {
  const { number, independent, endUs, runs } = part;
  const pictures = samplesOf(part, 1);
  const problems: string[] = [];
  const key = pictures.some((sample) => sample.key);
  const soundOnly = pictures.length === 0 && independent;
  if (key !== independent && !soundOnly) problems.push(`L04: part ${number}`);
  for (const { track, samples } of runs) {
    const rate = track === 1 ? 90_000 : 48_000;
    if (samples.length === 0) problems.push(`part ${number}: an empty run`);
    // Ends of parts are whole us, and pictures whole ticks.
    const late = samples.find(({ time }) => (time * 1e6) / rate >= endUs + 1);
    if (late !== undefined) problems.push(`part ${number}: track ${track} begins behind its end`);
    if (samples.some(({ time }) => time < 0)) problems.push(`part ${number}: before zero`);
  }
  return problems;
}
