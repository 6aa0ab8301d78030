/** Whether the workers of all kinds together are not too many. */
import {
  countAble,
  WORKER_KINDS,
  type WorkerCounts,
  type WorkerKind,
  type WorkerTable,
} from "../contract/workers.ts";
import { READER_THREADS_MAX } from "../limits.ts";
import { ConfigError } from "./file.ts";

/** Throws where more threads would read rings than a ring has words for. */
export function checkReaders<Kind extends string>(
  kinds: WorkerTable<Kind>,
  counts: WorkerCounts<Kind>,
): void {
  const readers = countAble(kinds, counts, "readsRings");
  if (readers <= READER_THREADS_MAX) return;
  const names = (Object.keys(kinds) as Kind[]).filter((kind) => kinds[kind].readsRings);
  // The one with the most has the most to give.
  const most = names.reduce((a, b) => (counts[b] > counts[a] ? b : a));
  throw new ConfigError(
    `${most}-workers: ${readers} workers would read rings (${names.join(", ")}), ${READER_THREADS_MAX} can`,
  );
}

/** UDP ports that these workers take: one each that has sockets. */
export function portsOf(counts: WorkerCounts<WorkerKind>): number {
  return countAble(WORKER_KINDS, counts, "hasSockets");
}
