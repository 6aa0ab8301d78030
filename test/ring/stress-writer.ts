/** The writing thread of stress.test.ts: fills a ring at full speed until told to stop. */
import { PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { fillStressPayload } from "./stress-payload.ts";

interface Start {
  readonly ring: SharedArrayBuffer;
  /** [0]: 1 to stop; [1]: packets written. */
  readonly control: SharedArrayBuffer;
}

addEventListener("message", (event: MessageEvent<Start>) => {
  const control = new Int32Array(event.data.control);
  const writer = new RingWriter(event.data.ring);
  const payload = new Uint8Array(PAYLOAD_BYTES_MAX);
  let sequence = 0x7ffff000;
  while (Atomics.load(control, 0) === 0) {
    // Every 16th number comes late, every 64th never.
    const late = (sequence & 15) === 8;
    const number = late ? (sequence - 8) | 0 : sequence;
    if ((sequence & 15) !== 0 || (sequence & 63) === 0) put(writer, payload, number);
    sequence = (sequence + 1) | 0;
    Atomics.add(control, 1, 1);
  }
  postMessage("stopped");
});

function put(writer: RingWriter, payload: Uint8Array, sequence: number): void {
  const offset = writer.reserve(sequence);
  if (offset < 0) return;
  const length = 256 + ((sequence * 7) & 1023);
  fillStressPayload(payload, sequence, length);
  writer.setDescription(offset, sequence >>> 0, length, sequence, Codec.opus, 0, null);
  writer.setPayload(offset, payload, 0, length);
  writer.commit(sequence, offset);
}
