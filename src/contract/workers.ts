/**
 * The kinds of media workers and what each can do: the one place that tells them apart. Who deals with
 * workers asks for an ability, not for a name; a new kind is a row here, a file in workers/ and a
 * number in the configuration.
 */

export interface WorkerAbilities {
  /** Whose sessions are placed on it; null: nobody's. */
  readonly serves: "publisher" | "viewer" | null;
  /** It has a reader's words in every ring, is told of each change of source, and answers. */
  readonly readsRings: boolean;
  /** Rings are granted to it. */
  readonly writesRings: boolean;
  /** It has a socket on each local address, all on a port of its own, for sessions of clients. */
  readonly hasSockets: boolean;
  /** It has the port where other nodes reach this one. */
  readonly hasLinks: boolean;
  /** It cuts the tails of streams: files for HTTP. */
  readonly packages: boolean;
}

/** In the order of their numbers, and so of their ports. */
export const WORKER_KINDS = {
  ingest: {
    serves: "publisher",
    readsRings: false,
    writesRings: true,
    hasSockets: true,
    hasLinks: false,
    packages: false,
  },
  egress: {
    serves: "viewer",
    readsRings: true,
    writesRings: false,
    hasSockets: true,
    hasLinks: false,
    packages: false,
  },
  relay: {
    serves: null,
    readsRings: true,
    writesRings: true,
    hasSockets: false,
    hasLinks: true,
    packages: false,
  },
  packager: {
    serves: null,
    readsRings: true,
    writesRings: false,
    hasSockets: false,
    hasLinks: false,
    packages: true,
  },
} as const satisfies Readonly<Record<string, WorkerAbilities>>;

export type WorkerKind = keyof typeof WORKER_KINDS;

/** How many there are of each kind. */
export type WorkerCounts<Kind extends string = WorkerKind> = Readonly<Record<Kind, number>>;

/** Kinds by name; a test has its own. */
export type WorkerTable<Kind extends string = WorkerKind> = Readonly<Record<Kind, WorkerAbilities>>;

/** How many workers of all kinds have an ability. */
export function countAble<Kind extends string>(
  kinds: WorkerTable<Kind>,
  counts: WorkerCounts<Kind>,
  ability: "readsRings" | "writesRings" | "hasSockets",
): number {
  let sum = 0;
  for (const kind in kinds) if (kinds[kind][ability]) sum += counts[kind];
  return sum;
}
