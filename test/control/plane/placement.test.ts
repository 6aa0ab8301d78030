import { expect, test } from "bun:test";
import { WORKER_KINDS } from "../../../src/contract/workers.ts";
import { leastLoaded } from "../../../src/control/plane/placement.ts";

const PACKAGER = {
  serves: null,
  readsRings: true,
  writesRings: false,
  hasSockets: false,
  hasLinks: false,
};

function worker(name: string, sessions: number, changes: object = {}) {
  const abilities = WORKER_KINDS.egress;
  return {
    name,
    abilities,
    ready: true,
    overloaded: false,
    sessions: { size: sessions },
    ...changes,
  };
}

test("a session goes to the worker with the fewest, among those that serve its role and are ready", () => {
  const workers = [
    worker("packager", 0, { abilities: PACKAGER }),
    worker("ingest", 7, { abilities: WORKER_KINDS.ingest }),
    worker("starting", 0, { ready: false }),
    worker("full", 5),
    worker("free", 4),
  ];
  expect(leastLoaded(workers, "viewer")?.name).toBe("free");
  expect(leastLoaded(workers, "publisher")?.name).toBe("ingest");
  expect(leastLoaded(workers.slice(0, 1), "viewer")).toBeNull();
});

test("an overloaded one only where all are", () => {
  const late = worker("late", 1, { overloaded: true });
  expect(leastLoaded([late, worker("free", 9)], "viewer")?.name).toBe("free");
  expect(leastLoaded([worker("free", 9), late], "viewer")?.name).toBe("free");
  expect(leastLoaded([worker("later", 2, { overloaded: true }), late], "viewer")?.name).toBe(
    "late",
  );
});
