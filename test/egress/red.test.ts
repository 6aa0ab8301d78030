import { expect, test } from "bun:test";
import { SlotFlag } from "../../src/ring/layout.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { AUDIO_SSRC, audioSection, OPUS, Sim, sourceOf, Track } from "./harness.ts";

/** An earlier frame of 3 bytes and the present one of 2, as the publisher's payload type 100. */
const RED = [0x80 | 100, 0x0f, 0x00, 0x03, 100, 1, 2, 3, 9, 8];
const flags = SlotFlag.marker | SlotFlag.red;

test("redundant audio goes as it is to who takes it, and as plain Opus to who does not", () => {
  const sim = new Sim();
  const audio = new Track("audio");
  const source = sourceOf({ audio });
  const takes = { ...OPUS, redPayloadType: 63 };
  const with63 = sim.open(source, { media: [audioSection({ formats: [takes] })] });
  const without = sim.open(source, { media: [audioSection()] });
  for (let k = 0; k < 20; k += 1) {
    const plain = k % 4 === 3;
    const payload = Uint8Array.from(plain ? [7, 7, k] : [...RED.slice(0, -1), k]);
    audio.put(k, k * 960, sim.now, { payload, flags: plain ? SlotFlag.marker : flags });
    sim.forward(audio);
    sim.pass(20_000);
  }
  const wrapped = with63.of(AUDIO_SSRC);
  const bare = without.of(AUDIO_SSRC);
  expect(wrapped.length).toBe(20);
  expect(bare.length).toBe(20);
  wrapped.forEach((packet, k) => {
    const plain = k % 4 === 3;
    expect(packet.payloadType).toBe(plain ? 111 : 63);
    const red = [0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 9, k];
    expect([...packet.payload]).toEqual(plain ? [7, 7, k] : red);
  });
  bare.forEach((packet, k) => {
    expect(packet.payloadType).toBe(111);
    expect([...packet.payload]).toEqual(k % 4 === 3 ? [7, 7, k] : [9, k]);
  });
});

test("a lost redundant packet is sent again as it left", () => {
  const sim = new Sim();
  const audio = new Track("audio");
  const formats = [{ ...OPUS, redPayloadType: 63 }];
  const viewer = sim.open(sourceOf({ audio }), { media: [audioSection({ formats })] });
  for (let k = 0; k < 5; k += 1) {
    audio.put(k, k * 960, sim.now, { payload: Uint8Array.from([...RED.slice(0, -1), k]), flags });
    sim.forward(audio);
    sim.pass(20_000);
  }
  const lost = viewer.of(AUDIO_SSRC)[2]!;
  const bytes = new Uint8Array(nackLengthMax(1));
  const length = writeNack(bytes, 0, 1, AUDIO_SSRC, Uint16Array.of(lost.index & 0xffff), 1);
  sim.egress.handleRtcp(viewer.session, sim.now, bytes, 0, length);
  const again = viewer.of(AUDIO_SSRC).at(-1)!;
  expect(again.index).toBe(lost.index);
  expect(again.payloadType).toBe(63);
  expect([...again.payload]).toEqual([...lost.payload]);
});
