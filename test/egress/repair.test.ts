import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { RTX_BURST_BYTES } from "../../src/limits.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";
import {
  CAPTURE_ID,
  extensionIds,
  H264,
  KEY,
  PLAYOUT_ID,
  RTX_SSRC,
  Sim,
  sourceOf,
  TRANSPORT_ID,
  Track,
  VIDEO_SSRC,
  VP8,
  videoSection,
  withoutRtx,
} from "./harness.ts";

const RTX = { media: [videoSection()] };
const PLAIN = { media: [withoutRtx(videoSection())] };

function nack(sim: Sim, viewer: { session: number }, ...indices: readonly number[]): void {
  const bytes = new Uint8Array(nackLengthMax(indices.length));
  const sequences = Uint16Array.from(indices, (index) => index & 0xffff);
  const length = writeNack(bytes, 0, 1, VIDEO_SSRC, sequences, indices.length);
  sim.rtcp(viewer, bytes.subarray(0, length));
}

function fill(sim: Sim, track: Track, first: number, count: number, length = 100): void {
  for (let k = first; k < first + count; k += 1) {
    track.put(k, k * 3000, sim.now, { flags: k === 0 ? KEY : SlotFlag.frameStart, length });
  }
}

describe("by RTX (RFC 4588)", () => {
  test.each([...WRAP_STARTS_16])(
    "from index %d: own numbers, original number in front",
    (start) => {
      const sim = new Sim(1, start);
      const video = new Track("video");
      const viewer = sim.open(sourceOf({ video: [video] }), RTX);
      fill(sim, video, 0, 20);
      sim.forward(video);
      const asked = viewer.of(VIDEO_SSRC)[7]!;
      nack(sim, viewer, asked.index, asked.index + 2);
      const [first, second] = viewer.of(RTX_SSRC);
      expect(first!.payloadType).toBe(97);
      expect(Buffer.from(first!.payload).readUInt16BE(0)).toBe(asked.index & 0xffff);
      expect(first!.payload.slice(2)).toEqual(new Uint8Array(asked.payload));
      expect(first!.timestamp).toBe(asked.timestamp);
      expect(second!.index).toBe(first!.index + 1);
      const numbers = viewer.rtp.map(({ extensions }) => {
        const element = extensions.get(TRANSPORT_ID)!;
        return (element[0]! << 8) | element[1]!;
      });
      expect(numbers).toEqual(numbers.map((_, i) => i));
    },
  );

  test("a reserved number without media, and the cached parameter sets, are repaired too", () => {
    const sim = new Sim();
    const video = new Track("video", Codec.h264);
    const sets = Uint8Array.of(0x78, 0, 2, 0x67, 1, 0, 1, 0x68);
    video.writer.setParameterSets(sets);
    const viewer = sim.open(sourceOf({ video: [video] }), RTX);
    video.put(0, 0, sim.now, { flags: KEY | SlotFlag.needsParameterSets });
    video.put(1, 0, sim.now, { flags: SlotFlag.skip });
    sim.forward(video);
    const [front, , skip] = viewer.of(VIDEO_SSRC);
    nack(sim, viewer, front!.index, skip!.index);
    const [again, empty] = viewer.of(RTX_SSRC);
    expect(again!.payload.slice(2)).toEqual(sets);
    expect(again!.payloadType).toBe(103);
    expect(again!.timestamp).toBe(front!.timestamp);
    expect([empty!.payload.length, empty!.padding]).toEqual([2, 0]);
  });

  test("after a codec change the old packets keep their old payload type", () => {
    for (const options of [RTX, PLAIN]) {
      const sim = new Sim();
      const video = new Track("video");
      const viewer = sim.open(sourceOf({ video: [video] }), options);
      fill(sim, video, 0, 5);
      sim.forward(video);
      video.describe(Codec.h264);
      video.put(5, 15_000, sim.now, { flags: KEY });
      sim.forward(video);
      const [, old] = viewer.of(VIDEO_SSRC);
      const fresh = viewer.of(VIDEO_SSRC).at(-1)!;
      expect(fresh.payloadType).toBe(H264.payloadType);
      nack(sim, viewer, old!.index, fresh.index);
      const types = viewer.rtp.slice(-2).map(({ payloadType }) => payloadType);
      if (options === RTX) expect(types).toEqual([97, 103]);
      else expect(types).toEqual([VP8.payloadType, H264.payloadType]);
    }
  });
});

describe("without RTX", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    test(`every packet leaves again byte for byte (seed ${seed})`, () => {
      const random = seeded(seed);
      const sim = new Sim(seed, 65_300);
      const video = new Track("video", seed % 2 === 0 ? Codec.h264 : Codec.vp8);
      video.writer.setParameterSets(Uint8Array.of(0x78, 0, 1, 0x67));
      const section = withoutRtx(
        videoSection({
          extensionIds: extensionIds([
            [Extension.transportCc, TRANSPORT_ID],
            [Extension.absCaptureTime, CAPTURE_ID],
            [Extension.playoutDelay, PLAYOUT_ID],
            [Extension.videoOrientation, 9],
          ]),
        }),
      );
      const media = [section];
      const viewer = sim.open(sourceOf({ video: [video] }), {
        media,
        playoutDelay: { min: 0, max: 40 },
      });
      for (let k = 0; k < 400; k += 1) {
        const start = k % 8 === 0;
        const flags =
          (k === 0 ? KEY | SlotFlag.needsParameterSets : start ? SlotFlag.frameStart : 0) |
          (k % 8 === 7 ? SlotFlag.frameEnd | SlotFlag.marker : 0) |
          (k % 50 === 30 ? SlotFlag.skip : 0);
        video.put(k, Math.floor(k / 8) * 3000, sim.now, {
          flags,
          length: 500 + Math.floor(random() * 4),
          extensions: random() < 0.2 ? [[Extension.videoOrientation, Uint8Array.of(k & 3)]] : [],
        });
        if (k % 8 === 7) {
          sim.forward(video);
          sim.pass(33_333);
        }
      }
      const sent = viewer.of(VIDEO_SSRC);
      expect(sent.some(({ padding }) => padding > 1)).toBeTrue();
      expect(sent.filter(({ extensions }) => extensions.has(CAPTURE_ID)).length).toBeGreaterThan(1);
      expect(sent[1]!.extensions.has(PLAYOUT_ID)).toBeTrue();
      const before = viewer.rtp.length;
      for (const packet of sent) {
        nack(sim, viewer, packet.index);
        // Earns the budget for the next.
        sim.pass(30_000);
        sim.egress.viewers.get(viewer.session)!.link.budget.earn(10_000, 0);
      }
      const again = viewer.rtp.slice(before);
      expect(again.length).toBe(sent.length);
      again.forEach((packet, i) => {
        expect(packet.again).toBeTrue();
        expect(packet.bytes, `seed ${seed}, packet ${i}`).toEqual(sent[i]!.bytes);
      });
    });
  }
});

describe("refused", () => {
  test("a hole, a number never used, one of the future, and one that the ring has lost", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), RTX);
    fill(sim, video, 0, 5);
    fill(sim, video, 6, 5);
    sim.forward(video);
    const first = viewer.of(VIDEO_SSRC)[0]!.index;
    nack(sim, viewer, first + 5, first - 1, first + 11, first + 40_000);
    expect(viewer.of(RTX_SSRC)).toEqual([]);
    expect(viewer.rtp.length).toBe(10);
    expect(sim.count("retransmissionsRefused")).toBe(4);
    fill(sim, video, 11, 600);
    sim.forward(video);
    nack(sim, viewer, first + 2);
    expect(viewer.of(RTX_SSRC)).toEqual([]);
    // The hole fills late: then it leaves by itself, and is repaired like any other.
    fill(sim, video, 611, 1);
    video.put(612, 0, sim.now);
    sim.forward(video);
    nack(sim, viewer, first + 612);
    expect(viewer.of(RTX_SSRC).length).toBe(1);
  });

  test("a second time within a round trip", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), RTX);
    fill(sim, video, 0, 5);
    sim.forward(video);
    const index = viewer.of(VIDEO_SSRC)[1]!.index;
    nack(sim, viewer, index, index);
    nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(1);
    sim.pass(19_000);
    nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(1);
    sim.pass(1_000);
    nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(2);
    sim.egress.viewers.get(viewer.session)!.link.roundTripLowUs = 200_000;
    sim.pass(199_000);
    nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(2);
  });

  test("beyond the budget: a burst, then a share of what is sent", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), RTX);
    fill(sim, video, 0, 400, 1000);
    sim.forward(video);
    const indices = viewer.of(VIDEO_SSRC).map(({ index }) => index);
    for (const index of indices) nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(Math.floor(RTX_BURST_BYTES / 1000));
    fill(sim, video, 400, 20, 1000);
    sim.forward(video);
    for (const { index } of viewer.of(VIDEO_SSRC).slice(-20)) nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC).length).toBe(Math.floor((RTX_BURST_BYTES + 20_000 * 0.15) / 1000));
  });

  test("from a ring that was given back, and without consent", () => {
    const sim = new Sim();
    const video = new Track("video");
    const viewer = sim.open(sourceOf({ video: [video] }), RTX);
    fill(sim, video, 0, 5);
    sim.forward(video);
    const index = viewer.of(VIDEO_SSRC)[1]!.index;
    sim.peers.get(viewer.session)!.mediaAllowed = false;
    nack(sim, viewer, index);
    sim.peers.get(viewer.session)!.mediaAllowed = true;
    sim.egress.setSource(1, null, sim.now);
    nack(sim, viewer, index);
    expect(viewer.of(RTX_SSRC)).toEqual([]);
    expect(sim.counters[Counter.nacksReceived!]).toBe(2);
  });
});
