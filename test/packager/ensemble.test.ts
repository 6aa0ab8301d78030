import { expect, test } from "bun:test";
import { Ensemble, type Member } from "../../src/packager/ensemble.ts";
import { FIRST_MSN } from "../../src/packager/part.ts";

const SECOND = 1_000_000;

function member(changes: Partial<Member> = {}): Member {
  return { cutUs: 0, shownUs: 0, tracks: { off: false }, ...changes };
}

test("V04: a source breaks once, whoever begins first", () => {
  const ensemble = new Ensemble();
  expect(ensemble.enter(null, 0, true)).toBe(0);
  expect(ensemble.enter(null, 5, true)).toBe(0);
  ensemble.newEpoch();
  expect(ensemble.enter(0, 9, true)).toBe(1);
  expect(ensemble.enter(0, 12, true)).toBe(1);
  expect(ensemble.beganUs).toBe(9);
  // One of them had not begun when the next source came.
  ensemble.newEpoch();
  ensemble.newEpoch();
  expect(ensemble.beganUs).toBeNull();
  expect(ensemble.enter(0, 20, true)).toBe(2);
  expect(ensemble.enter(1, 21, true)).toBe(2);
});

test("a source that never began breaks nothing", () => {
  const ensemble = new Ensemble();
  ensemble.newEpoch();
  expect(ensemble.enter(null, 0, true)).toBe(0);
});

test("V04: who is cut where another was keeps to it, unless its segment has just begun", () => {
  const ensemble = new Ensemble();
  for (const msn of [0, 1]) ensemble.note(msn, msn * 10 * SECOND);
  ensemble.join(member({ cutUs: 10 * SECOND }));
  ensemble.join(member({ cutUs: null }));
  const cuts = (us: number, age: number) => ensemble.cutsAt(us * SECOND, (us - age) * SECOND);
  expect(cuts(10.1, 1.2)).toBeTrue();
  expect(cuts(9.9, 0.6)).toBeTrue();
  expect(cuts(10.1, 0.3)).toBeFalse();
  expect(cuts(10.5, 1.2)).toBeFalse();
  // The other one is over, too.
  expect(cuts(12, 1.2)).toBeTrue();
  expect(cuts(10.5, 1.95)).toBeTrue();
});

test("the first segment is over after a second, for players begin when one is", () => {
  const ensemble = new Ensemble();
  ensemble.join(member());
  ensemble.note(0, 0);
  expect(ensemble.segmentUs).toBe(SECOND);
  expect(ensemble.cutsAt(0.89 * SECOND, 0)).toBeFalse();
  expect(ensemble.cutsAt(0.95 * SECOND, 0)).toBeTrue();
  ensemble.note(1, SECOND);
  expect(ensemble.segmentUs).toBe(2 * SECOND);
  expect(ensemble.cutsAt(1.85 * SECOND, 0.9 * SECOND)).toBeFalse();
});

test("times break where the first of them is cut, not in the midst of a turn", () => {
  const ensemble = new Ensemble();
  const [one, other] = [member({ tracks: { off: true } }), member({ cutUs: 2 * SECOND })];
  ensemble.join(one);
  ensemble.join(other);
  expect(ensemble.breaksAt(2.1 * SECOND, one)).toBeFalse();
  expect(ensemble.breaksAt(4.1 * SECOND, one)).toBeTrue();
  // What is off in one has to break in all.
  expect(ensemble.breaksAt(4.1 * SECOND, other)).toBeTrue();
});

test("a rendition that begins later has the number of the others there", () => {
  const ensemble = new Ensemble();
  expect(ensemble.msnAt(0)).toBe(FIRST_MSN);
  for (let msn = 0; msn < 5; msn += 1) ensemble.note(msn, msn * 2 * SECOND);
  expect([0, 1, 3.9, 7, 60].map((us) => ensemble.msnAt(us * SECOND))).toEqual([0, 0, 2, 3, 4]);
});
