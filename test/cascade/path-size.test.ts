import { expect, test } from "bun:test";
import { LINK_PAYLOAD_MAX, LINK_PAYLOAD_MIN, PathSize } from "../../src/cascade/path-size.ts";

const SECOND = 1_000_000;
const ROUND_TRIP_US = 20_000;
const STEPS = [1_272, 1_344, 1_404, 1_424, 1_444];

/** A path that takes datagrams up to `longest`, and what was sent by it. */
class Path {
  now = 1_000_000;
  /** Ends that are late say nothing of that in their answers. */
  lateUs = 0;
  longest = Number.POSITIVE_INFINITY;
  /** Whether anything passes. */
  cut = false;
  /** Media of this size is sent all the time. */
  media = 0;
  readonly size = new PathSize(this.now);
  readonly probes: number[] = [];
  readonly #answers: { at: number; mark: number }[] = [];

  run(us: number): number[] {
    const { size } = this;
    for (const end = this.now + us; this.now < end; this.now += 5_000) {
      for (const answer of this.#answers.filter(({ at }) => at <= this.now)) {
        this.#answers.splice(this.#answers.indexOf(answer), 1);
        size.answered(answer.mark, this.now);
      }
      if (Math.min(this.media, size.bytes) > LINK_PAYLOAD_MIN) size.used = true;
      if (this.now < size.nextTimeout()) continue;
      const bytes = size.poll(this.now, ROUND_TRIP_US);
      if (bytes === null) continue;
      const mark = this.now - 1;
      size.sent(mark, this.now);
      size.used ||= bytes > LINK_PAYLOAD_MIN;
      this.probes.push(bytes);
      if (this.cut) continue;
      const at = this.now + ROUND_TRIP_US + this.lateUs;
      if (bytes <= this.longest) this.#answers.push({ at, mark });
      this.#answers.push({ at, mark: this.now });
    }
    return this.probes.splice(0);
  }
}

test("cascade-mtu: from what every path takes up, a step at each answer, and then no more", () => {
  const path = new Path();
  expect(path.size.bytes).toBe(LINK_PAYLOAD_MIN);
  expect(path.run(SECOND)).toEqual(STEPS);
  expect(path.size.bytes).toBe(LINK_PAYLOAD_MAX);
  expect(path.run(3_600 * SECOND)).toEqual([]);
});

test("cascade-mtu: a size that does not pass is tried five times, and again after 10 min", () => {
  const path = new Path();
  path.longest = 1_400;
  expect(path.run(10 * SECOND)).toEqual([1_272, 1_344, ...Array(5).fill(1_404)]);
  expect(path.size.bytes).toBe(1_344);
  expect(path.run(580 * SECOND)).toEqual([]);
  path.longest = Number.POSITIVE_INFINITY;
  expect(path.run(20 * SECOND)).toEqual([1_404, 1_424, 1_444]);
});

test("cascade-mtu: what is in use is tried each second, and what is not is let be", () => {
  const path = new Path();
  path.run(SECOND);
  path.media = 1_000;
  expect(path.run(10 * SECOND)).toEqual([]);
  path.media = 1_300;
  const probes = path.run(10 * SECOND);
  expect([...new Set(probes)]).toEqual([LINK_PAYLOAD_MAX]);
  expect(probes.length).toBeWithin(9, 11);
});

test("cascade-mtu: where it passes no more, it is less within two seconds, then as much as passes", () => {
  const path = new Path();
  path.media = 1_444;
  path.run(5 * SECOND);
  path.longest = 1_350;
  path.run(1_700_000);
  expect(path.size.bytes).toBe(1_344);
  path.longest = 1_250;
  path.run(1_700_000);
  expect(path.size.bytes).toBe(LINK_PAYLOAD_MIN);
});

test("cascade-mtu: where some of it was missed the least is used until a probe is answered", () => {
  const path = new Path();
  path.run(5 * SECOND);
  const { size } = path;
  size.doubt(path.now);
  expect([size.bytes, size.found]).toEqual([LINK_PAYLOAD_MIN, LINK_PAYLOAD_MAX]);
  expect(path.run(50_000)).toEqual([LINK_PAYLOAD_MAX]);
  expect(size.bytes).toBe(LINK_PAYLOAD_MAX);
  // Loss by chance is no reason to ask all the time.
  size.doubt(path.now);
  expect(size.bytes).toBe(LINK_PAYLOAD_MAX);
});

test("cascade-mtu: answers that are later than is waited for count, and so does that they come alone", () => {
  const path = new Path();
  path.lateUs = 300_000;
  path.run(5 * SECOND);
  expect(path.size.found).toBe(LINK_PAYLOAD_MAX);
  path.longest = 1_250;
  path.media = 1_444;
  path.run(3 * SECOND);
  expect(path.size.found).toBe(LINK_PAYLOAD_MIN);
});

test("cascade-mtu: of a path by which nothing comes nothing is learnt", () => {
  const path = new Path();
  path.media = 1_444;
  path.run(5 * SECOND);
  path.cut = true;
  expect(path.run(30 * SECOND).length).toBeGreaterThan(20);
  expect(path.size.bytes).toBe(LINK_PAYLOAD_MAX);
  path.cut = false;
  path.run(SECOND);
  expect(path.size.bytes).toBe(LINK_PAYLOAD_MAX);
});

test("the answer to a probe before the last counts, those of others do not", () => {
  const { size, now } = new Path();
  for (const at of [now, now + 200_000]) {
    expect(size.poll(at, ROUND_TRIP_US)).toBe(1_272);
    size.sent(at - 1, at);
  }
  size.answered(now, now);
  size.answered(7, now);
  expect(size.bytes).toBe(LINK_PAYLOAD_MIN);
  size.answered(now - 1, now);
  expect(size.bytes).toBe(1_272);
});
