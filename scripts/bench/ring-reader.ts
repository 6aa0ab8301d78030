/** The reading thread of ring.ts: sleeps as a media worker does, reads what is written. */
import { monotonicUs } from "../../src/io/clock.ts";
import { createPollFd } from "../../src/io/epoll.ts";
import { Poller } from "../../src/io/poller.ts";
import { SLEEP_MAX_US, SLOT_BYTES } from "../../src/limits.ts";
import { Histogram } from "../../src/load/histogram.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { Slot } from "../../src/ring/layout.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";

declare const self: Worker;

export interface RingReaderStart {
  readonly ring: SharedArrayBuffer;
  readonly block: SharedArrayBuffer;
  readonly doorbellFd: number;
  /** [0]: 1 to end. */
  readonly control: SharedArrayBuffer;
}

self.onmessage = ({ data }: MessageEvent<RingReaderStart>) => {
  const block = new WorkerBlock(data.block);
  const poller = new Poller(createPollFd(), [], data.doorbellFd);
  const control = new Int32Array(data.control);
  const reader = new RingReader(data.ring, 0);
  reader.want(true);
  const arrivals = new Int32Array(64);
  const target = new Uint8Array(SLOT_BYTES);
  const view = new DataView(target.buffer);
  const latency = new Histogram();
  let read = 0;
  let laps = 0;
  Atomics.store(control, 1, 1);
  while (Atomics.load(control, 0) === 0) {
    if (block.fallAsleep()) {
      poller.wait(SLEEP_MAX_US / 1000);
      block.wakeUp();
    }
    const woken = monotonicUs();
    block.takeMarked(() => {});
    for (let count = reader.takeArrivals(arrivals, 64); count !== 0; ) {
      if (count < 0) laps += 1;
      for (let i = 0; i < count; i += 1) {
        if (reader.read(arrivals[i]!, target, 0) !== ReadResult.ok) continue;
        read += 1;
        if (i === 0) latency.record(woken - view.getFloat64(Slot.arrival, true));
      }
      count = reader.takeArrivals(arrivals, 64);
    }
  }
  postMessage({ read, laps, latency: latency.toData() });
};
