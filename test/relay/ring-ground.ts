import { PulledRing } from "../../src/relay/pulled-ring.ts";
import { Slot, SlotFlag } from "../../src/ring/layout.ts";
import { ReadResult, type RingKeyframe, RingReader } from "../../src/ring/reader.ts";
import { DataFrame, readData } from "../../src/wire/cascade/data.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { counters, grantOf, READER } from "./slots.ts";

const VIDEO: NamedTrack = { kind: "video", rid: "h", codec: "h264", fmtp: "f", channels: 0 };
export const ROUND_TRIP_US = 20_000;

/** A pulled ring, its packets as a parent gives them, and what its readers see. */
export class RingGround {
  now = 10_000_000;
  readonly ring: PulledRing;
  readonly reader: RingReader;

  constructor(track = VIDEO) {
    const grant = grantOf(track.kind);
    this.ring = new PulledRing(grant, track, 1, counters());
    this.reader = new RingReader(grant.buffer, READER, () => {});
    this.reader.want(true);
    this.ring.setFlowing(this.ring.isWanted(this.now), this.now);
  }

  put(sequence: number, flags = SlotFlag.frameStart | SlotFlag.frameEnd, timestamp = 9): boolean {
    this.now += 1_000;
    const payload = new Uint8Array(50).fill(sequence);
    const bytes = dataBytes({ codec: Codec.h264, sequence, flags, payload, timestamp });
    const frame = new DataFrame();
    readData(bytes, 0, bytes.length, frame);
    return this.ring.put(frame, bytes, this.now - 30_000, this.now, ROUND_TRIP_US);
  }

  /** `lateUs`: what it says comes here so much later by itself. */
  head(head: number, lateUs = 0): void {
    this.ring.noteHead(head, this.now, ROUND_TRIP_US, this.now + lateUs);
  }

  look(us: number): void {
    this.now += us;
    this.ring.look(this.now, ROUND_TRIP_US);
  }

  /** What the parents are asked for. */
  asked(): number[] {
    const out = new Int32Array(600);
    const count = this.ring.missing.collect(this.now + 50_000, ROUND_TRIP_US, out);
    return [...out.subarray(0, count)];
  }

  flags(sequence: number): number | null {
    const slot = new Uint8Array(2048);
    if (this.reader.read(sequence, slot, 0) !== ReadResult.ok) return null;
    return new DataView(slot.buffer).getUint32(Slot.flags, true);
  }

  get keyframe(): number | null {
    const keyframe: RingKeyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
    return this.reader.newestKeyframe(keyframe) ? keyframe.sequence : null;
  }
}
