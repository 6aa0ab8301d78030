import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { REPLAY_WINDOW } from "../../src/limits.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { seeded } from "../support/random.ts";
import { FACTORIES, material, PROFILES } from "./ciphers.ts";

const region = pinnedRegion(256);
const gcm = PROFILES[1];
const newSender = () =>
  new SrtpSender(
    FACTORIES[0].factory.create(gcm.profile, material(gcm.key, 1), material(gcm.salt, 1)),
  );

test("an index is sealed once, and sent again only after that", () => {
  const sender = newSender();
  const stream = sender.stream(1);
  const seal = (index: number, again = false) =>
    sender.sealRtp(stream, region, 0, 12, region, 12, 20, index, again);
  const reseal = (index: number) => seal(index, true);
  expect(() => reseal(50)).toThrow(AssertionError);
  seal(50);
  expect(() => seal(50)).toThrow(AssertionError);
  seal(60);
  seal(55);
  expect(() => seal(55)).toThrow(AssertionError);
  expect(() => reseal(56)).toThrow(AssertionError);
  expect(reseal(55)).toBe(48);
  expect(() => reseal(61)).toThrow(AssertionError);
  seal(60 + REPLAY_WINDOW);
  expect(() => seal(57)).toThrow(AssertionError);
  expect(reseal(55)).toBe(48);
  expect(sender.stream(1)).toBe(stream);
});

test("whatever canSeal allows is fresh, over random walks", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const stream = newSender().stream(2);
    const sealed = new Set<number>();
    let head = Math.floor(random() * 70_000);
    for (let i = 0; i < 3000; i += 1) {
      const ahead = random() < 0.7;
      if (ahead) head += Math.floor(random() * (random() < 0.01 ? 3000 : 4));
      const index = ahead ? head : head - Math.floor(random() * 1500);
      if (!stream.canSeal(index)) continue;
      expect(`seed ${seed}: ${sealed.has(index)}`).toBe(`seed ${seed}: false`);
      sealed.add(index);
      stream.sealed.commit(index);
      expect(stream.canResend(index)).toBe(true);
    }
  }
});

test("sealing one after the other keeps the rule too, whoever else seals between", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const sender = newSender();
    const stream = sender.stream(3);
    const first = 1500 + Math.floor(random() * 70_000);
    stream.sealNext(region, 0, 12, region, 12, 20, first);
    const sealed = new Set([first]);
    let next = first + 1;
    for (let i = 0; i < 3000; i += 1) {
      const ahead = random() < 0.01 ? Math.floor(random() * 2000) : 0;
      const index = random() < 0.9 ? next + ahead : next - Math.floor(random() * 1500);
      const text = `seed ${seed}, ${index} of ${next}`;
      if (random() < 0.8) {
        const seal = () => stream.sealNext(region, 0, 12, region, 12, 20, index);
        if (index < next) {
          expect(seal, text).toThrow(AssertionError);
          continue;
        }
        expect(seal(), text).toBe(48);
      } else {
        const allowed = stream.canSeal(index);
        if (sealed.has(index)) expect(allowed, text).toBe(false);
        if (!allowed) continue;
        sender.sealRtp(stream, region, 0, 12, region, 12, 20, index);
      }
      next = Math.max(next, index + 1);
      sealed.add(index);
    }
    for (const index of sealed) expect(stream.canSeal(index), `seed ${seed}`).toBe(false);
  }
});

test("an index has 48 bits", () => {
  const stream = newSender().stream(4);
  const seal = (index: number) => stream.sealNext(region, 0, 12, region, 12, 20, index);
  expect(seal(2 ** 48 - 1)).toBe(48);
  expect(() => seal(2 ** 48)).toThrow(AssertionError);
});
