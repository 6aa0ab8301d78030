/** `ring`: how soon a sleeping reader wakes, and what a ring carries before it laps its reader. */

import { monotonicUs } from "../../src/io/clock.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { Histogram, type HistogramData } from "../../src/load/histogram.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import type { Bench, Row } from "./harness.ts";
import type { RingReaderStart } from "./ring-reader.ts";

const PAYLOAD_BYTES = 1100;

export const ring: Bench = {
  name: "ring",
  summary: "Wake-up of a sleeping reader by its doorbell; packets and laps at full speed.",
  conditions: { payloadBytes: PAYLOAD_BYTES, threads: "one writer, one reader, not pinned" },
  async run({ quick }, row) {
    for (const perSecond of [200, 2000, 20_000, 200_000]) {
      row(await measure(perSecond, quick ? 1 : 5));
    }
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
