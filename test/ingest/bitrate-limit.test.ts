import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { readRemb } from "../../src/wire/rtcp/remb.ts";
import {
  AUDIO_TYPE,
  ascii,
  audioSection,
  build,
  isNack,
  isPli,
  isRemb,
  MID_ID,
  RID_ID,
  Session,
  section,
  VP8_TYPE,
  vp8,
} from "./harness.ts";

/** Of the harness' publishers. */
const LIMIT = 4e6;
const TICK_US = 20_000;

/** A simulcast of three layers with audio; `rates`: bits a second of each layer. */
class Sender {
  readonly session: Session;
  now = 1e6;
  readonly #sequences = [0, 0, 0, 0];
  readonly #rids = ["h", "m", "l"];

  constructor(private readonly layers = 3) {
    const rids = layers > 1 ? this.#rids.slice(0, layers) : [];
    this.session = new Session([audioSection(), section({ rids })], this.now);
  }

  run(seconds: number, rates: readonly number[]): void {
    for (const end = this.now + seconds * 1e6; this.now < end; this.now += TICK_US) {
      this.#send(3, AUDIO_TYPE, 160, [[MID_ID, ascii("0")]]);
      for (let layer = 0; layer < this.layers; layer += 1) {
        for (let bytes = ((rates[layer] ?? 0) * TICK_US) / 8e6; bytes > 20; bytes -= 1212) {
          const rid = this.layers > 1 ? [[RID_ID, ascii(this.#rids[layer]!)] as const] : [];
          this.#send(layer, VP8_TYPE, Math.min(1200, bytes), [[MID_ID, ascii("1")], ...rid]);
        }
      }
      this.session.turn(this.now);
    }
  }

  #send(
    source: number,
    type: number,
    length: number,
    extensions: readonly (readonly [number, Uint8Array])[],
  ): void {
    const sequence = this.#sequences[source]! & 0xffff;
    this.#sequences[source] = sequence + 1;
    const payload = type === AUDIO_TYPE ? new Uint8Array(length) : vp8(sequence === 0, 1, length);
    const timestamp = Math.floor(this.now * 0.09) >>> 0;
    this.session.rtp(
      this.now,
      build({ type, ssrc: 100 + source, sequence, timestamp, payload, extensions, marker: true }),
    );
  }

  /** Packets in the ring of a section's layer. */
  packets(part: number, layer = 0): number {
    return this.session.publisher.stats(this.now).tracks[part + layer]!.packets;
  }

  get stage() {
    return this.session.publisher.limit.stage;
  }

  rembs(since: number): number[] {
    return this.session.sent
      .filter((sent) => isRemb(sent) && sent.at >= since)
      .map(({ bytes }) => readRemb(bytes, 0, bytes.length));
  }
}

test("S10: asked by REMB for less than the limit, then the largest layer is not taken", () => {
  const sender = new Sender();
  sender.run(10, [1.5e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("within");
  expect(Math.max(...sender.rembs(0))).toBeCloseTo(LIMIT, -4);
  const start = sender.now;
  sender.run(7, [9e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("asked");
  expect(Math.min(...sender.rembs(start))).toBeLessThan(0.75 * LIMIT);
  expect(Math.min(...sender.rembs(start))).toBeGreaterThanOrEqual(0.49 * LIMIT);
  sender.run(3, [9e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("dropped");
  const [high, middle, audio] = [sender.packets(1), sender.packets(1, 1), sender.packets(0)];
  sender.run(4, [9e6, 0.6e6, 0.2e6]);
  expect(sender.packets(1)).toBe(high);
  expect(sender.packets(1, 1)).toBeGreaterThan(middle + 190);
  expect(sender.packets(0)).toBe(audio + 200);
  expect(sender.session.readers[1]![0]!.describe().inactive).toBeTrue();
  expect(sender.session.counters[Counter.packetsOverBitrate!]).toBeGreaterThan(1000);
  sender.run(8, [9e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("ended");
});

test("S10: back within the rate the layer returns after 30 s, with a keyframe asked and no NACK", () => {
  const sender = new Sender();
  sender.run(2, [1.5e6, 0.6e6, 0.2e6]);
  sender.run(10, [9e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("dropped");
  const back = sender.now;
  sender.run(28, [1.5e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("dropped");
  sender.run(10, [1.5e6, 0.6e6, 0.2e6]);
  expect(sender.stage).toBe("within");
  const before = sender.packets(1);
  sender.run(5, [1.5e6, 0.6e6, 0.2e6]);
  expect(sender.packets(1)).toBeGreaterThan(before + 300);
  expect(sender.session.readers[1]![0]!.describe().inactive).toBeFalse();
  const since = sender.session.sent.filter(({ at }) => at >= back);
  expect(since.filter(isNack)).toEqual([]);
  expect(since.filter((sent) => isPli(sent) && sent.mediaSsrc === 100).length).toBeGreaterThan(0);
  expect(sender.rembs(sender.now - 1e6).every((bps) => Math.abs(bps - LIMIT) < 0.01 * LIMIT)).toBe(
    true,
  );
});

test("S10: a single layer, and the audio, are never taken away: the session ends", () => {
  const sender = new Sender(1);
  sender.run(12, [9e6]);
  const [audio, video] = [sender.packets(0), sender.packets(1)];
  sender.run(2, [9e6]);
  expect(sender.packets(1)).toBeGreaterThan(video + 1000);
  expect(sender.packets(0)).toBe(audio + 100);
  sender.run(8, [9e6]);
  expect(sender.stage).toBe("ended");
});

test("S10: padding counts: probes without payload fill a link as well", () => {
  const { session } = new Sender(1);
  let sequence = 0;
  for (let now = 1e6; now < 25e6; now += 1000) {
    const payload = sequence % 100 === 0 ? vp8(true) : new Uint8Array(0);
    const extensions = [[MID_ID, ascii("1")]] as const;
    for (let i = 0; i < 4; i += 1) {
      session.rtp(
        now,
        build({ type: VP8_TYPE, ssrc: 9, sequence, payload, padding: 255, extensions }),
      );
      sequence = (sequence + 1) & 0xffff;
    }
    session.turn(now);
  }
  expect(session.publisher.limit.stage).toBe("ended");
});
