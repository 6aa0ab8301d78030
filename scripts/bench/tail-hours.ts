/**
 * Hours of a tail in virtual time, for `bench tail`: `bun scripts/bench/tail-hours.ts HOURS [dvr]`.
 * Prints a row for each of them as JSON: memory, and what is kept; with `dvr`, which is twelve hours, what
 * its playlists cost control: each part, a delta update (made and zipped), and a whole one.
 */
import { heapStats } from "bun:jsc";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { TailNews, TailPlaylist } from "../../src/contract/tail.ts";
import type { Stream } from "../../src/control/streams/stream.ts";
import { Tail } from "../../src/control/streams/tail.ts";
import { DVR_MAX_US } from "../../src/limits.ts";
import { Packager } from "../../src/packager/packager.ts";
import { WALL_OFFSET_US } from "../../test/egress/harness.ts";
import { EDITION, READER, RingPublisher, STREAM } from "../../test/packager/broadcast.ts";

const STEP_US = 20_000;
const HOUR_US = 3_600_000_000;
const MIB = 2 ** 20;

let now = 100_000_000;
let ended = now;
const publisher = new RingPublisher(now, { frameBytes: 1200 });
const goesBack = process.argv[3] === "dvr";
const shelf = { has: () => true, read: () => Promise.resolve(null) };
const dvr = goesBack ? { windowUs: DVR_MAX_US, shelf } : null;
const tail = new Tail({} as Stream, EDITION, { now, always: true, dvr, recording: null });
/** us of processor time in this hour, and parts; whole playlists are asked for at its end. */
const spent = { take: 0, delta: 0, whole: 0, parts: 0, wholes: 0 };
const WHOLE_US = 60_000_000;
const packager = new Packager({
  reader: READER,
  wish: () => {},
  tell: (event) => {
    if (event.type === "tail-still" || event.type === "tail-cut") return;
    spent.take += timeOf(() => tail.take(event, now));
    spent.parts += 1;
    if (event.type === "tail-news") ask(event);
  },
  failed: (error) => {
    throw error;
  },
  gzip: (text) => Bun.gzipSync(text),
  wallOffsetUs: WALL_OFFSET_US,
  counters: new Float64Array(COUNTER_NAMES.length),
});
packager.command({ type: "source", stream: STREAM, source: publisher.source }, now);
const open = { stream: STREAM, edition: EDITION, partUs: 500_000, dvr: goesBack };
packager.command({ type: "tail-open", ...open }, now);

let newest: TailPlaylist | null = null;
const rows: unknown[] = [];
const hours = Number(process.argv[2]);
for (let hour = 1; hour <= hours; hour += 1) {
  const began = performance.now();
  Object.assign(spent, { take: 0, delta: 0, whole: 0, parts: 0, wholes: 0 });
  ended = now + HOUR_US;
  while (now < ended) {
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
    ...(goesBack ? costs() : {}),
    "took s": Math.round((performance.now() - began) / 100) / 10,
  });
}
console.log(JSON.stringify(rows));

function ask({ playlist }: TailNews): void {
  newest = playlist;
  spent.delta += timeOf(() => tail.textOf(playlist, "v2").gzip);
  if (now < ended - WHOLE_US) return;
  spent.whole += timeOf(() => tail.textOf(playlist, null).gzip);
  spent.wholes += 1;
}

function costs(): Record<string, number> {
  const kib = (skip: "v2" | null) => tail.textOf(newest!, skip).gzip.length / 1024;
  return {
    "us/part": Math.round(spent.take / spent.parts),
    "us/delta": Math.round(spent.delta / spent.parts),
    "us/whole": Math.round(spent.whole / spent.wholes),
    "delta KiB": Math.round(kib("v2") * 10) / 10,
    "whole KiB": Math.round(kib(null)),
  };
}

/** us of processor time. */
function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
