import type { PackagerPlane } from "../plane/plane.ts";
import type { Tail } from "./tail.ts";
import type { Waiters } from "./waiters.ts";

/** The packager worker tells of an end within its next look. */
const LAST_NEWS_US = 500_000;

/** What is recorded of tails ends whole; resolves when it is on its disk. `now`: us. */
export async function endRecordings(
  tails: Iterable<Tail>,
  packager: PackagerPlane,
  waiters: Waiters,
  now: number,
): Promise<void> {
  const recorded = [...tails].filter(({ recording }) => recording !== null);
  for (const { state, stream } of recorded) {
    if (state === "live") packager.send({ type: "tail-end", stream: stream.number });
  }
  await waiters.wait({
    ...{ address: null, until: now + LAST_NEWS_US, signal: new AbortController().signal },
    isOver: () => recorded.every(({ state }) => state !== "live"),
  });
  await Promise.all(recorded.map(({ recording }) => recording!.close()));
}
