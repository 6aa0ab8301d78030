import { assert } from "../../assert.ts";
import type { WorkerCounts, WorkerTable } from "../../contract/workers.ts";
import { READER_THREADS_MAX } from "../../limits.ts";

/** A worker's numbers. They are its own for good: a thread that replaces a lost one has them, too. */
export interface RosterEntry<Kind extends string> {
  readonly kind: Kind;
  /** 0-based among workers of its kind. */
  readonly index: number;
  /** Among all workers. */
  readonly number: number;
  /** Reader-thread number in ring headers; -1 for one that reads no rings. */
  readonly reader: number;
  /** 0-based among workers with sockets; -1 for one without. */
  readonly port: number;
}

/** All workers in the order of the table; every one that reads rings has a reader number. */
export function createRoster<Kind extends string>(
  kinds: WorkerTable<Kind>,
  counts: WorkerCounts<Kind>,
): readonly RosterEntry<Kind>[] {
  const roster: RosterEntry<Kind>[] = [];
  let readers = 0;
  let ports = 0;
  for (const kind in kinds) {
    const { readsRings, hasSockets } = kinds[kind];
    for (let index = 0; index < counts[kind]; index += 1) {
      const reader = readsRings ? readers++ : -1;
      const port = hasSockets ? ports++ : -1;
      roster.push({ kind, index, number: roster.length, reader, port });
    }
  }
  assert(readers <= READER_THREADS_MAX, "every reader has its words in a ring");
  return roster;
}
