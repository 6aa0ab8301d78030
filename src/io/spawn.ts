import { WORKER_KINDS, type WorkerKind } from "../contract/workers.ts";

/** Worker entry points: each has a file in workers/ and a line in scripts/build.ts. */
export const WORKER_NAMES = [
  ...(Object.keys(WORKER_KINDS) as WorkerKind[]),
  "load",
  "floor",
  "reader",
] as const;
export type WorkerName = (typeof WORKER_NAMES)[number];

/**
 * Starts a worker thread; the only place that does. In the compiled executable a worker is found by
 * its path relative to the bundle's root (a URL fails with ModuleNotFound on Bun 1.4.5), from source
 * only by URL, since a relative path would depend on the working directory.
 */
export function spawnWorker(name: WorkerName): Worker {
  const entry = `workers/${name}.ts`;
  const compiled = import.meta.url.includes("/$bunfs/");
  return new Worker(compiled ? `./${entry}` : new URL(`../../${entry}`, import.meta.url).href, {
    name,
  });
}
