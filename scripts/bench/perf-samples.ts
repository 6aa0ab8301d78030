/** What `perf script -F ip,sym,dso` wrote, as shares of functions, libraries, user and kernel. */
import { basename } from "node:path";
import type { Row } from "./harness.ts";
import type { JitSymbols } from "./jit-symbols.ts";

const TOP = 10;

export interface Sample {
  readonly entry: string;
  readonly library: string;
  readonly kernel: boolean;
}

export function readSamples(text: string, jit: Pick<JitSymbols, "nameOf">): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*([0-9a-f]+) (.*) \(((?:[^()]| \(deleted\))*)\)$/.exec(line);
    return match === null ? [] : [sampleOf(match[1]!, match[2]!, match[3]!, jit)];
  });
}

function sampleOf(
  address: string,
  symbol: string,
  object: string,
  jit: Pick<JitSymbols, "nameOf">,
): Sample {
  // The upper half of the address space, whichever module it is.
  const kernel = /^[89a-f][0-9a-f]{15}$/.test(address);
  // perf takes memory that belongs to no file for code of its map file.
  if (/^(\/tmp\/perf-\d+\.map|\/\/anon|anon_inode.*|\[anon.*)$/.test(object)) {
    const name = jit.nameOf(Number.parseInt(address, 16));
    return { entry: name ?? "(unnamed)", library: "JavaScript", kernel };
  }
  const library = kernel ? "kernel" : basename(object.replace(" (deleted)", ""));
  return {
    entry: symbol === "[unknown]" ? "(unnamed)" : symbol,
    library: library === "spillway" ? "Bun" : library,
    kernel,
  };
}

/** The hottest functions, then the libraries, then user and kernel. */
export function summary(samples: readonly Sample[]): Row[] {
  const percent = (count: number) => Math.round((1000 * count) / samples.length) / 10;
  const functions = counted(samples.map(({ entry, library }) => `${library}\t${entry}`));
  const top = functions.slice(0, TOP).map(([key, count], index) => {
    const [library, entry] = key.split("\t");
    return { rank: index + 1, entry: entry!, library: library!, "%": percent(count) };
  });
  const libraries = counted(samples.map(({ library }) => library))
    .map(([library, count]) => ({ library, "%": percent(count) }))
    .filter((line) => line["%"] >= 0.1);
  const kernel = samples.filter((sample) => sample.kernel).length;
  const split = {
    "user %": percent(samples.length - kernel),
    "kernel %": percent(kernel),
    samples: samples.length,
  };
  return [...top, ...libraries, split];
}

/** How often each occurs, the most frequent first. */
function counted(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
