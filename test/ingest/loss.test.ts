import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { ReadResult } from "../../src/ring/reader.ts";
import { readU16 } from "../../src/wire/bytes.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";
import { build, format, isNack, Session, section, VP8_RTX_TYPE, VP8_TYPE, vp8 } from "./harness.ts";

const MEDIA_SSRC = 9;
const RTX_SSRC = 10;
const ONE_WAY_US = 25_000;

interface Run {
  readonly seed: number;
  readonly start: number;
  readonly packets: number;
  readonly loss: number;
  readonly rtx: boolean;
  readonly nack?: boolean;
}

/**
 * A sender of 250 packets a second, in frames of 8, a keyframe every 2 s, behind a link that loses,
 * delays by 25 ms each way and reorders one packet in 20; NACKs are answered. Virtual time.
 */
function transfer(run: Run) {
  const random = seeded(run.seed);
  const formats = [
    format({ nack: run.nack ?? true, rtxPayloadType: run.rtx ? VP8_RTX_TYPE : null }),
  ];
  const session = new Session([
    section({ formats, ssrcs: [MEDIA_SSRC], rtxSsrcs: run.rtx ? [RTX_SSRC] : [] }),
  ]);
  const queue = new Map<number, Uint8Array[]>();
  const sentPackets = new Map<number, Uint8Array>();
  let rtxSequence = run.start;
  let nacked = 0;
  const send = (now: number, packet: Uint8Array) => {
    if (random() < run.loss) return;
    const delay = ONE_WAY_US + (random() < 0.05 ? Math.floor(random() * 12_000) : 0);
    const at = Math.ceil((now + delay) / 1000);
    queue.set(at, [...(queue.get(at) ?? []), packet]);
  };
  const answer = (now: number, sequence: number) => {
    const original = sentPackets.get(sequence);
    if (original === undefined) return;
    if (!run.rtx) {
      send(now, original);
      return;
    }
    const payload = new Uint8Array([sequence >> 8, sequence, ...original.subarray(12)]);
    const timestamp = new DataView(original.buffer).getUint32(4);
    const packet = { type: VP8_RTX_TYPE, ssrc: RTX_SSRC, sequence: rtxSequence & 0xffff };
    rtxSequence += 1;
    send(now, build({ ...packet, timestamp, payload }));
  };
  const end = run.packets * 4 + 1500;
  const nackQueue = new Map<number, number[]>();
  for (let ms = 0; ms < end; ms += 1) {
    const index = ms / 4;
    if (ms % 4 === 0 && index < run.packets) {
      const sequence = (run.start + index) & 0xffff;
      const frame = Math.floor(index / 8);
      const payload = vp8(index % 500 === 0, index & 0xff);
      if (index % 8 !== 0) payload[0] = 0;
      payload.set([index >> 8, index], 20);
      const packet = { type: VP8_TYPE, ssrc: MEDIA_SSRC, sequence, timestamp: frame * 2880 };
      const bytes = build({ ...packet, marker: index % 8 === 7, payload });
      sentPackets.set(sequence, bytes);
      // The first and the last arrive: what is lost beyond them nobody can know of.
      if (index === 0 || index === run.packets - 1) queue.set(ms + 25, [bytes]);
      else send(ms * 1000, bytes);
    }
    for (const packet of queue.get(ms) ?? []) session.rtp(ms * 1000, packet);
    queue.delete(ms);
    for (const sent of session.turn(ms * 1000)) {
      if (!isNack(sent)) continue;
      expect(sent.mediaSsrc).toBe(MEDIA_SSRC);
      nacked += sent.nacked.length;
      if (random() < run.loss) continue;
      nackQueue.set(ms + 25, [...(nackQueue.get(ms + 25) ?? []), ...sent.nacked]);
    }
    for (const sequence of nackQueue.get(ms) ?? []) answer(ms * 1000, sequence);
    nackQueue.delete(ms);
    if (ms % 500 === 0) checkWindow(session, run, Math.min(index, run.packets));
  }

  return { session, nacked, lost: session.counters[Counter.packetsLost]! };
}

/** Every packet in the ring is in its own place. */
function checkWindow(session: Session, run: Run, sentCount: number): void {
  for (let back = 60; back < 300; back += 1) {
    const index = Math.floor(sentCount) - back;
    if (index < 0) return;
    const slot = session.read(65_536 + run.start + index);
    if (slot === null) continue;
    expect(readU16(slot.payload, 20)).toBe(index & 0xffff);
    expect(slot.timestamp).toBe(Math.floor(index / 8) * 2880);
  }
}

describe("5 % loss both ways and reordering", () => {
  for (const rtx of [true, false]) {
    test(`residual loss below 0.1 % with ${rtx ? "RTX" : "plain retransmissions"}`, () => {
      const run = { seed: 4, start: 65_000, packets: 20_000, loss: 0.05, rtx };
      const { session, nacked, lost } = transfer(run);
      const received = session.publisher.stats(0).tracks[0]!;
      expect(lost / run.packets, `seed ${run.seed}`).toBeLessThan(0.001);
      expect(received.packets).toBe(run.packets - lost);
      // One request a loss and a tenth more for what was lost again; reordering asks for little.
      expect(nacked).toBeLessThan(run.packets * 0.05 * 1.6);
      expect(received.retransmissions).toBeGreaterThan(run.packets * 0.04);
      const stats = session.publisher.stats(0);
      expect(stats.roundTripMs).toBeGreaterThan(40);
      expect(stats.roundTripMs).toBeLessThan(80);
    }, 120_000);
  }

  test("without NACK the same link loses what it loses, and asks for nothing", () => {
    const run = { seed: 4, start: 65_000, packets: 5000, loss: 0.05, rtx: true, nack: false };
    const { nacked, lost } = transfer(run);
    expect(nacked).toBe(0);
    expect(lost / run.packets).toBeGreaterThan(0.03);
  }, 120_000);

  for (const start of WRAP_STARTS_16) {
    test(`complete from sequence number ${start}`, () => {
      const run = { seed: start + 1, start, packets: 700, loss: 0.05, rtx: true };
      const { session, lost } = transfer(run);
      const reader = session.readers[0]![0]!;
      expect(reader.head).toBe(65_536 + start + run.packets);
      let holes = 0;
      for (let index = run.packets - 400; index < run.packets; index += 1) {
        if (reader.read(65_536 + start + index, new Uint8Array(2048), 0) !== ReadResult.ok)
          holes += 1;
      }
      expect(holes, `seed ${run.seed}`).toBeLessThanOrEqual(lost);
      expect(lost, `seed ${run.seed}`).toBeLessThanOrEqual(1);
    });
  }
});
