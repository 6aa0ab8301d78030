/** Drills of the test suite; control passes them on only with --drills. */
import type { SessionDrill } from "../commands.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import { monotonicUs } from "./clock.ts";
import type { MediaLogic } from "./media-loop.ts";

/** What a whole worker is made to do. */
export function drillWorker(kind: "throw" | "hang" | "block"): void {
  if (kind === "throw") throw new Error("drill: a worker throws");
  const end = monotonicUs() + HEARTBEAT_TIMEOUT_MS * 60_000;
  while (kind === "hang" && monotonicUs() < end);
  // In native code no request to end can reach the thread.
  if (kind === "block") Bun.sleepSync(HEARTBEAT_TIMEOUT_MS * 60);
}

/** Makes `peer` throw at `place` from now on; the logic that the loop is to use then. */
export function drillSession(logic: MediaLogic, place: SessionDrill, peer: Peer): MediaLogic {
  const fail = (): never => {
    throw new Error(`drill: a session throws (${place})`);
  };
  if (place === "datagram") {
    peer.handleDatagram = fail;
    peer.handleStun = fail;
  } else if (place === "timer") {
    peer.nextTimeout = () => 0;
    peer.handleTimeout = fail;
  } else if (place === "transmit") peer.pollTransmit = fail;
  else if (place === "close") peer.close = fail;
  else {
    const before = logic[place].bind(logic);
    const drilled: MediaLogic = Object.create(logic);
    drilled[place] = (of, ...rest) => (of === peer ? fail() : before(of, ...rest));
    return drilled;
  }
  return logic;
}
