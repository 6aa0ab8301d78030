/** Drills of the test suite; control passes them on only with --drills. */
import type { SessionDrill, WorkerCommand } from "../contract/messages.ts";
import { monotonicUs } from "../io/clock.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import type { PeerTable } from "../peer/peer-table.ts";
import type { MediaLogic } from "./media-logic.ts";

type WorkerDrill = Extract<WorkerCommand, { type: "drill" }>["drill"];

/** Makes the worker or one of its sessions fail; the logic that the loop is to use then. */
export function obeyDrill(drill: WorkerDrill, logic: MediaLogic, table: PeerTable): MediaLogic {
  if (!("session" in drill)) {
    drillWorker(drill.kind);
    return logic;
  }
  const peer = table.bySession(drill.session);
  return peer === null ? logic : drillSession(logic, drill.kind, peer);
}

/** Makes the worker as a whole fail. */
export function drillWorker(kind: "throw" | "hang" | "block"): void {
  if (kind === "throw") throw new Error("drill: a worker throws");
  const end = monotonicUs() + HEARTBEAT_TIMEOUT_MS * 60_000;
  while (kind === "hang" && monotonicUs() < end);
  // In native code no request to end can reach the thread.
  if (kind === "block") Bun.sleepSync(HEARTBEAT_TIMEOUT_MS * 60);
}

/** `peer` throws at `place` from now on. */
function drillSession(logic: MediaLogic, place: SessionDrill, peer: Peer): MediaLogic {
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
  else if (place === "media") peer.sender!.sealRtp = fail;
  else if (place === "close") peer.close = fail;
  else {
    const before = logic[place].bind(logic);
    const drilled: MediaLogic = Object.create(logic);
    drilled[place] = (of, ...rest) => (of === peer ? fail() : before(of, ...rest));
    return drilled;
  }
  return logic;
}
