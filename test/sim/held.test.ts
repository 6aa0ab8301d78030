/**
 * A worker that lets packets wait for the end of their frame, and one that does not, in front of a
 * path that takes 1.3 times the stream: the same seeds, in virtual time.
 */
import { expect, test } from "bun:test";
import { wireRate } from "./packet.ts";
import { constant } from "./rate-trace.ts";
import { simulate } from "./simulate.ts";

const BITRATE = 1_500_000;
const RATE = 1.3 * wireRate(BITRATE);
const PACKET_BYTES = 1_240;
const SECONDS = 20;
const SETTLED_MS = 2_000;
const SEEDS = [1, 2];
/** Of a worker that has time, of one at half load, and of a full one. */
const PATIENCE = [1_000, 5_000, 10_000];

/** The first packet of a frame is a millisecond later: 0.3 ms of 5 (and 10 in bursts). */
const QUEUE_FACTOR = 1.1;

/** What is dropped, and the queue's mean, ms, of all seeds together. */
function behind(room: number, spreadUs: number, patienceUs: number) {
  const rate = constant(RATE);
  const queueMs = (room * PACKET_BYTES * 8_000) / RATE;
  let dropped = 0;
  let queue = 0;
  for (const seed of SEEDS) {
    const scenario = { seconds: SECONDS, layers: [BITRATE], rate, queueMs, spreadUs, patienceUs };
    const run = simulate(scenario, seed);
    dropped += run.link.dropped;
    queue += run.queue.subarray(SETTLED_MS).reduce((sum, us) => sum + us, 0) / 1000;
  }
  return { dropped, queueMs: queue / SEEDS.length / (SECONDS * 1000 - SETTLED_MS) };
}

for (const room of [15, 30]) {
  for (const [arrival, spreadUs] of [
    ["in bursts", 0],
    ["spread over 15 ms", 15_000],
  ] as const) {
    test(`frames ${arrival}, room for ${room} packets: no more is lost, and the queue is as long`, () => {
      const before = behind(room, spreadUs, 0);
      for (const patience of PATIENCE) {
        const held = behind(room, spreadUs, patience);
        const told = JSON.stringify({ patience, before, held });
        expect(held.dropped, told).toBeLessThanOrEqual(before.dropped);
        expect(held.queueMs, told).toBeLessThan(before.queueMs * QUEUE_FACTOR);
      }
    });
  }
}
