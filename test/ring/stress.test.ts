import { expect, test } from "bun:test";
import { SLOT_BYTES } from "../../src/limits.ts";
import { createRing, RingViews, Slot } from "../../src/ring/layout.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { isStressPayload } from "./stress-payload.ts";

const RUN_MS = 2000;
/** What a run must have seen to prove anything; on a loaded machine it takes longer than RUN_MS. */
const WHOLE_MIN = 10_000;
const WRITTEN_MIN = 100_000;
const RUN_MAX_MS = 15_000;

type Read = (sequence: number, target: Uint8Array) => boolean;

/** Reads random slots of the tiny ring while another thread writes it; counts whole and torn. */
async function stress(makeRead: (ring: SharedArrayBuffer) => Read, untilTorn: boolean) {
  const ring = createRing("audio");
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const worker = new Worker(new URL("./stress-writer.ts", import.meta.url).href);
  const stopped = new Promise((resolve) => {
    worker.addEventListener("message", resolve);
  });
  worker.postMessage({ ring, control });
  while (Atomics.load(words, 1) < 1000) await Bun.sleep(1);
  const reader = new RingReader(ring, 0);
  const read = makeRead(ring);
  const target = new Uint8Array(SLOT_BYTES);
  const view = new DataView(target.buffer);
  let whole = 0;
  let torn = 0;
  const start = performance.now();
  const goesOn = () => {
    const elapsed = performance.now() - start;
    if (elapsed < RUN_MS) return true;
    const enough = whole > WHOLE_MIN && Atomics.load(words, 1) > WRITTEN_MIN;
    return !enough && elapsed < RUN_MAX_MS;
  };
  for (let i = 0; goesOn() && !(untilTorn && torn > 0); i += 1) {
    // From just written to about to be overwritten: the dangerous end is the older one.
    const sequence = (reader.head - 1 - (i % 128)) | 0;
    if (!read(sequence, target)) continue;
    const length = view.getUint16(Slot.payloadLength, true);
    const right =
      length === 256 + ((sequence * 7) & 1023) &&
      view.getUint32(Slot.timestamp, true) === sequence >>> 0 &&
      view.getFloat64(Slot.arrival, true) === sequence &&
      isStressPayload(target, Slot.payload, length, sequence);
    if (right) whole += 1;
    else torn += 1;
  }
  Atomics.store(words, 0, 1);
  await stopped;
  worker.terminate();
  return { whole, torn, written: Atomics.load(words, 1) };
}

test("a reader of a ring that is overwritten at full speed sees no torn packet", async () => {
  const result = await stress((ring) => {
    const reader = new RingReader(ring, 0);
    return (sequence, target) => reader.read(sequence, target, 0) === ReadResult.ok;
  }, false);
  expect(result.torn).toBe(0);
  expect(result.whole).toBeGreaterThan(WHOLE_MIN);
  expect(result.written).toBeGreaterThan(WRITTEN_MIN);
}, 80_000);

test("the same reader without the checks after the copy does see torn packets", async () => {
  const result = await stress((ring) => {
    const views = new RingViews(ring);
    return (sequence, target) => {
      const offset = views.base + (sequence & (views.slotsMax - 1)) * SLOT_BYTES;
      if (Atomics.load(views.slotWords, offset >> 2) !== sequence) return false;
      target.set(views.bytes.subarray(offset, offset + SLOT_BYTES));
      return true;
    };
  }, true);
  expect(result.torn).toBeGreaterThan(0);
}, 80_000);
