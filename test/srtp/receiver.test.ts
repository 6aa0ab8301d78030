import { describe, expect, test } from "bun:test";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { REPLAY_WINDOW, SSRCS_EXTRA_MAX } from "../../src/limits.ts";
import { SrtpReceiver, SrtpReject } from "../../src/srtp/receiver.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { writeU32 } from "../../src/wire/bytes.ts";
import { FACTORIES, material, PROFILES } from "./ciphers.ts";

const region = pinnedRegion(2048);
const SSRC = 0xcafe0001;
const BODY = 40;

for (const { name, factory } of FACTORIES) {
  for (const p of PROFILES) {
    const create = (sourcesMax = 2) => {
      const key = material(p.key, 5);
      const salt = material(p.salt, 6);
      const sender = new SrtpSender(factory.create(p.profile, key, salt));
      const receiver = new SrtpReceiver(factory.create(p.profile, key, salt), sourcesMax);
      return { sender, receiver };
    };
    const seal = (sender: SrtpSender, index: number, ssrc = SSRC) => {
      region.bytes.fill(index & 0xff, 0, 12 + BODY);
      writeU32(region.bytes, 8, ssrc);
      const stream = sender.stream(ssrc);
      const length = sender.sealRtp(stream, region, 0, 12, region, 12, BODY, index);
      return region.bytes.slice(0, length);
    };
    const open = (receiver: SrtpReceiver, packet: Uint8Array, index: number, ssrc = SSRC) => {
      region.bytes.set(packet);
      return receiver.openRtp(region, 0, packet.length, 12, ssrc, index & 0xffff);
    };
    const openAt = (
      receiver: SrtpReceiver,
      packet: Uint8Array,
      index: number,
      told = index,
      ssrc = SSRC,
    ) => {
      region.bytes.set(packet);
      return receiver.openRtpAt(region, 0, packet.length, 12, ssrc, index % 65536, told);
    };
    const sealReport = (sender: SrtpSender, ssrc = SSRC) => {
      region.bytes.fill(9, 0, 28);
      writeU32(region.bytes, 4, ssrc);
      return region.bytes.slice(0, sender.sealRtcp(region, 0, 28));
    };
    const openReport = (receiver: SrtpReceiver, packet: Uint8Array) => {
      region.bytes.set(packet);
      return receiver.openRtcp(region, 0, packet.length);
    };

    describe(`${name} ${p.name}`, () => {
      test("follows the roll-over counter from sixteen starts, with reordering", () => {
        for (let start = 0; start < 16; start += 1) {
          const { sender, receiver } = create();
          const first = (start * 4096 + 65_000) % 65_536;
          for (const step of [0, 2, 1, 500, 499, 33_000, 65_700, 65_699, 98_000, 130_500]) {
            const index = first + step;
            expect(open(receiver, seal(sender, index), index)).toBe(12 + BODY);
            expect(receiver.index).toBe(index);
          }
        }
      });

      test("refuses a replay, inside and behind the window", () => {
        const { sender, receiver } = create();
        const early = seal(sender, 100);
        expect(open(receiver, early, 100)).toBe(12 + BODY);
        expect(open(receiver, early, 100)).toBe(SrtpReject.replayed);
        const late = seal(sender, 101);
        const edge = 100 + REPLAY_WINDOW;
        expect(open(receiver, seal(sender, edge), edge)).toBe(12 + BODY);
        expect(open(receiver, early, 100)).toBe(SrtpReject.tooOld);
        expect(open(receiver, late, 101)).toBe(12 + BODY);
        expect(open(receiver, late, 101)).toBe(SrtpReject.replayed);
      });

      test("a forged packet changes nothing", () => {
        const { sender, receiver } = create();
        const good = seal(sender, 10);
        const forged = good.slice();
        forged[20]! ^= 1;
        expect(open(receiver, forged, 10)).toBe(SrtpReject.forged);
        expect(receiver.sources).toBe(0);
        expect(open(receiver, good, 10)).toBe(12 + BODY);
        expect(receiver.sources).toBe(1);
        // Neither the window nor the roll-over counter moves.
        const next = seal(sender, 11);
        const ahead = seal(sender, 30_000);
        ahead[ahead.length - 1]! ^= 1;
        expect(open(receiver, ahead, 30_000)).toBe(SrtpReject.forged);
        expect(open(receiver, next, 11)).toBe(12 + BODY);
        for (let ssrc = 1; ssrc < 100; ssrc += 1) {
          const stranger = good.slice();
          writeU32(stranger, 8, ssrc);
          expect(open(receiver, stranger, 10, ssrc)).toBe(SrtpReject.forged);
        }
        expect(receiver.sources).toBe(1);
      });

      test("bounds the number of sources", () => {
        const { sender, receiver } = create(2);
        for (let i = 0; i < 2; i += 1) expect(open(receiver, seal(sender, 5, i), 5, i)).toBe(52);
        expect(open(receiver, seal(sender, 5, 7), 5, 7)).toBe(SrtpReject.tooManySources);
        for (let i = 0; i < 2 + SSRCS_EXTRA_MAX; i += 1) {
          expect(openReport(receiver, sealReport(sender, i))).toBe(28);
        }
        expect(openReport(receiver, sealReport(sender, 99))).toBe(SrtpReject.tooManySources);
      });

      test("an index that is told is not guessed: from any distance, in the same window", () => {
        const { sender, receiver } = create();
        for (const index of [
          70_000,
          70_000 + 40_000,
          5 * 65536,
          2 ** 32 + 7,
          2 ** 40,
          2 ** 48 - 1,
        ]) {
          const packet = seal(sender, index);
          expect(openAt(receiver, packet, index)).toBe(12 + BODY);
          expect(receiver.index).toBe(index);
          expect(openAt(receiver, packet, index)).toBe(SrtpReject.replayed);
        }
        const { sender: other, receiver: both } = create();
        const [late, early, told, guessed] = [1, 2, 100_000, 100_001].map((i) => seal(other, i));
        expect(openAt(both, early!, 2)).toBe(12 + BODY);
        expect(open(both, early!, 2)).toBe(SrtpReject.replayed);
        expect(openAt(both, told!, 100_000)).toBe(12 + BODY);
        // What is guessed goes on from there.
        expect(open(both, guessed!, 100_001)).toBe(12 + BODY);
        expect(openAt(both, guessed!, 100_001)).toBe(SrtpReject.replayed);
        expect(openAt(both, late!, 1)).toBe(SrtpReject.tooOld);
        expect(both.sources).toBe(1);
      });

      test("an index that is told must be of the packet, and the limits are those of guessed ones", () => {
        const { sender, receiver } = create(1);
        const packet = seal(sender, 70_000);
        const wrong = [
          70_001,
          70_000 - 65_536,
          70_000 + 65_536,
          70_000 - 2 * 65_536,
          2 ** 48 + 4464,
        ];
        for (const told of [...wrong, 70_000.5, Number.NaN]) {
          expect(openAt(receiver, packet, 70_000, told)).toBe(SrtpReject.forged);
        }
        expect(receiver.sources).toBe(0);
        expect(openAt(receiver, packet.subarray(0, 20), 70_000)).toBe(SrtpReject.tooShort);
        expect(openAt(receiver, packet, 70_000)).toBe(12 + BODY);
        const second = seal(sender, 5, 9);
        expect(openAt(receiver, second, 5, 5, 9)).toBe(SrtpReject.tooManySources);
      });

      test("SRTCP: replays, short packets and a flipped bit in any byte are refused", () => {
        const { sender, receiver } = create();
        const report = sealReport(sender);
        for (let i = 0; i < report.length; i += 1) {
          const flipped = report.slice();
          flipped[i]! ^= 1 << (i & 7);
          expect(openReport(receiver, flipped)).toBe(SrtpReject.forged);
        }
        expect(openReport(receiver, report)).toBe(28);
        expect(openReport(receiver, report)).toBe(SrtpReject.replayed);
        expect(openReport(receiver, report.slice(0, 12))).toBe(SrtpReject.tooShort);
        for (let i = 0; i < REPLAY_WINDOW + 5; i += 1) openReport(receiver, sealReport(sender));
        expect(openReport(receiver, report)).toBe(SrtpReject.tooOld);
        expect(open(receiver, report.slice(0, 20), 1)).toBe(SrtpReject.tooShort);
      });
    });
  }
}
