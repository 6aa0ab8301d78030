/**
 * `ring`: how soon a sleeping reader wakes, what a ring carries before it laps its reader, and how soon
 * a reader's wish is with the writer.
 */

import { monotonicUs } from "../../src/io/clock.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { Histogram, type HistogramData } from "../../src/load/histogram.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import type { Bench, Row } from "./harness.ts";
import type { RingReaderStart } from "./ring-reader.ts";
import type { RingWriterStart } from "./ring-writer.ts";

const PAYLOAD_BYTES = 1100;

export const ring: Bench = {
  name: "ring",
  summary: "Wake-up of a sleeping reader by its doorbell; packets and laps at full speed; wishes.",
  conditions: { payloadBytes: PAYLOAD_BYTES, threads: "one writer, one reader, not pinned" },
  async run({ quick }, row) {
    for (const perSecond of [200, 2000, 20_000, 200_000]) {
      row(await measure(perSecond, quick ? 1 : 5));
    }
    for (const busy of [0, 0.25, 0.45]) row(await measureWishes(busy, quick ? 50 : 1_000));
  },
};

/** Writes `perSecond` packets for some seconds, those of a millisecond together. */
async function measure(perSecond: number, seconds: number): Promise<Row> {
  const buffer = createRing("video");
  const block = WorkerBlock.create();
  const doorbellFd = createEventFd();
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const worker = new Worker(new URL("./ring-reader.ts", import.meta.url).href);
  const done = new Promise<{ read: number; laps: number; latency: HistogramData }>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  const order: RingReaderStart = { ring: buffer, block: block.buffer, doorbellFd, control };
  worker.postMessage(order);
  while (Atomics.load(words, 1) === 0) await Bun.sleep(1);
  const writer = new RingWriter(buffer);
  const doorbells = new Doorbells([block], [0], () => ringEventFd(doorbellFd));
  const payload = new Uint8Array(PAYLOAD_BYTES);
  const start = monotonicUs();
  let written = 0;
  let writeUs = 0;
  for (let now = start; now < start + seconds * 1e6; now = monotonicUs()) {
    const due = Math.floor(((now - start) / 1e6) * perSecond);
    for (; written < due; written += 1) put(writer, payload, written, now);
    if (due > 0) doorbells.ring(0, writer);
    writeUs += monotonicUs() - now;
    Bun.sleepSync(1);
  }
  Atomics.store(words, 0, 1);
  const result = await done;
  worker.terminate();
  const latency = new Histogram();
  latency.merge(result.latency);
  return {
    "packets/s": perSecond,
    written,
    read: result.read,
    laps: result.laps,
    "write us": round(writeUs / Math.max(1, written)),
    "wake p50 us": round(latency.percentile(0.5) ?? 0),
    "wake p90 us": round(latency.percentile(0.9) ?? 0),
    "wake p99 us": round(latency.percentile(0.99) ?? 0),
  };
}

/** Wishes of a reader for a keyframe, some 100 a second, until what they ask leaves their writer. */
async function measureWishes(busy: number, wishes: number): Promise<Row> {
  const block = WorkerBlock.create();
  const doorbellFd = createEventFd();
  const wish = new SharedArrayBuffer(8);
  const control = new SharedArrayBuffer(12);
  const wishedAt = new Float64Array(wish);
  const words = new Int32Array(control);
  const worker = new Worker(new URL("./ring-writer.ts", import.meta.url).href);
  const done = new Promise<HistogramData>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  const order: RingWriterStart = { block: block.buffer, doorbellFd, busy, wish, control };
  worker.postMessage(order);
  while (Atomics.load(words, 1) === 0) await Bun.sleep(1);
  const bells = new Doorbells([block], [], () => ringEventFd(doorbellFd));
  const reader = new RingReader(createRing("video"), 0, () => bells.wish(0, 0));
  for (let i = 0; i < wishes; i += 1) {
    // At another moment of the writer's millisecond each time.
    Bun.sleepSync(7 + (i % 8) * 0.87);
    wishedAt[0] = monotonicUs();
    reader.requestKeyframe("failure");
    while (Atomics.load(words, 2) <= i) Bun.sleepSync(1);
  }
  Atomics.store(words, 0, 1);
  const latency = new Histogram();
  latency.merge(await done);
  worker.terminate();
  return {
    "writer busy %": busy * 100,
    wishes,
    "wish p50 us": round(latency.percentile(0.5) ?? 0),
    "wish p90 us": round(latency.percentile(0.9) ?? 0),
    "wish p99 us": round(latency.percentile(0.99) ?? 0),
  };
}

function put(writer: RingWriter, payload: Uint8Array, sequence: number, arrival: number): void {
  const offset = writer.reserve(sequence);
  if (offset < 0) return;
  writer.setDescription(offset, sequence, payload.length, arrival, Codec.h264, 0, null);
  writer.setPayload(offset, payload, 0, payload.length);
  writer.commit(sequence, offset);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
