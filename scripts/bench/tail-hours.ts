/**
 * Hours of a tail in virtual time, for `bench tail`: `bun scripts/bench/tail-hours.ts HOURS`. Prints
 * a row for each of them as JSON: memory, and what is kept.
 */
import { heapStats } from "bun:jsc";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { Stream } from "../../src/control/streams/stream.ts";
import { Tail } from "../../src/control/streams/tail.ts";
import { Packager } from "../../src/packager/packager.ts";
import { WALL_OFFSET_US } from "../../test/egress/harness.ts";
import { EDITION, READER, RingPublisher, STREAM } from "../../test/packager/broadcast.ts";

const STEP_US = 20_000;
const HOUR_US = 3_600_000_000;
const MIB = 2 ** 20;

let now = 100_000_000;
const publisher = new RingPublisher(now, { frameBytes: 1200 });
const tail = new Tail({} as Stream, EDITION, { now, always: true, dvr: null, recording: null });
const packager = new Packager({
  reader: READER,
  wish: () => {},
  tell: (event) => {
    if (event.type !== "tail-still" && event.type !== "tail-cut") tail.take(event, now);
  },
  failed: (error) => {
    throw error;
  },
  gzip: (text) => Bun.gzipSync(text),
  wallOffsetUs: WALL_OFFSET_US,
  counters: new Float64Array(COUNTER_NAMES.length),
});
packager.command({ type: "source", stream: STREAM, source: publisher.source }, now);
const open = { stream: STREAM, edition: EDITION, partUs: 500_000, dvr: false };
packager.command({ type: "tail-open", ...open }, now);

const rows: unknown[] = [];
const hours = Number(process.argv[2]);
for (let hour = 1; hour <= hours; hour += 1) {
  const began = performance.now();
  for (const end = now + HOUR_US; now < end; ) {
    now += STEP_US;
    publisher.pass(now);
    packager.look(now);
  }
  Bun.gc(true);
  rows.push({
    hour,
    "RSS MiB": Math.round(process.memoryUsage().rss / MIB),
    objects: heapStats().objectCount,
    "kept MiB": Math.round((tail.bytes / MIB) * 10) / 10,
    keyframes: publisher.keyframes,
    "took s": Math.round((performance.now() - began) / 100) / 10,
  });
}
console.log(JSON.stringify(rows));
