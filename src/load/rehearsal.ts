import { LOAD_BLOCK_BYTES, LoadCounters } from "./counters.ts";
import type { ViewerLoad } from "./options.ts";
import { ViewerShard } from "./viewer-shard.ts";

const JOINS_PER_SECOND = 100;
/** Until the first keyframe has come, and with it every kind of packet. */
const HOLD_US = 500_000;
const LOOK_MS = 50;
/** Viewers that have not left by then are ended. */
const TIMEOUT_MS = 10_000;
/** Between the rehearsal and the first join that counts: the server is quiet again. */
const PAUSE_MS = 1_000;

/**
 * Viewers that join and leave and are not counted. A thread's code is compiled while it makes its
 * first hundred sessions, on the processor that the measured ones need.
 */
export async function rehearse(load: ViewerLoad): Promise<void> {
  if (load.rehearse > 0) {
    const block = new SharedArrayBuffer(LOAD_BLOCK_BYTES);
    const counters = new LoadCounters(block);
    const shard = new ViewerShard({
      ...load,
      ...{ viewers: load.rehearse, rate: JOINS_PER_SECOND, holdUs: HOLD_US, record: null, block },
    });
    const ended = shard.run();
    const waits = () => counters.get("left") + counters.get("joinsFailed") < load.rehearse;
    for (let ms = 0; waits() && ms < TIMEOUT_MS; ms += LOOK_MS) await Bun.sleep(LOOK_MS);
    shard.stop();
    await ended;
    await Bun.sleep(PAUSE_MS);
  }
  new LoadCounters(load.block).add("rehearsed");
}
