import { expect, test } from "bun:test";
import { Gray, type LinkFigures } from "../../src/cascade/gray.ts";
import { seeded } from "../support/random.ts";

const WELL: LinkFigures = {
  ...{ newest: 0, come: 0, laterUs: 0, lagUs: 0 },
  ...{ unansweredUs: 0, unanswered: 0 },
};
const LOOK_US = 200_000;

/** A link that sends so many datagrams between two looks. */
class Ground {
  readonly gray = new Gray();
  readonly random: () => number;
  now = 1_000_000;
  loss = 0;
  change: Partial<LinkFigures> = {};
  #newest = 0;
  #come = 0;

  constructor(
    seed: number,
    readonly sent: number,
  ) {
    this.random = seeded(seed);
  }

  run(us: number): void {
    for (const end = this.now + us; this.now < end; this.now += LOOK_US) {
      for (let i = 0; i < this.sent; i += 1) {
        this.#newest += 1;
        if (this.random() >= this.loss) this.#come += 1;
      }
      const figures = { ...WELL, newest: this.#newest, come: this.#come, ...this.change };
      this.gray.look(this.now, () => figures);
    }
  }
}

test("seeds: loss over 8 % is found within 1.5 s of its beginning, less is taken for none", () => {
  let wrong = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const ground = new Ground(seed, 80);
    ground.loss = 0.04;
    ground.run(20_000_000);
    wrong += ground.gray.begun;
    ground.loss = 0.2;
    ground.run(1_400_000);
    expect(ground.gray.words).toMatch(/^loses \d+ % of what is sent$/);
  }
  // 200 links for 20 s.
  expect(wrong).toBeLessThanOrEqual(1);
});

test("cascade-gray: seeds: a slow link may lose one of twenty, and is found when it loses one of seven", () => {
  let wrong = 0;
  for (const sent of [11, 20, 40, 60]) {
    let found = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const ground = new Ground(seed, sent);
      ground.loss = 0.05;
      ground.run(20_000_000);
      wrong += ground.gray.begun;
      ground.loss = 0.15;
      ground.run(6_000_000);
      found += ground.gray.isGray ? 1 : 0;
    }
    expect(found).toBeGreaterThan(180);
  }
  // 800 links for 20 s, which is more than four hours of one: it comes once in two or so.
  expect(wrong).toBeLessThanOrEqual(4);
});

test("cascade-gray: it is well again when nothing was wrong for 3 s", () => {
  const ground = new Ground(1, 80);
  ground.loss = 0.3;
  ground.run(2_000_000);
  ground.loss = 0;
  ground.run(3_000_000);
  expect(ground.gray.isGray).toBeTrue();
  ground.run(2_000_000);
  expect(ground.gray.isGray).toBeFalse();
  expect(ground.gray.begun).toBe(1);
});

test("few datagrams, and a new session that counts from its beginning, are no loss", () => {
  const few = new Ground(1, 4);
  few.loss = 0.5;
  few.run(10_000_000);
  expect(few.gray.isGray).toBeFalse();
  const gray = new Gray();
  for (let i = 0; i < 20; i += 1) {
    const newest = i < 10 ? 1_000_000 + 100 * i : 100 * (i - 10);
    gray.look(i * LOOK_US, () => ({ ...WELL, newest, come: 100 * i }));
  }
  expect(gray.begun).toBe(0);
});

test("cascade-gray: a longer way, media that is late and pings without answer are told", () => {
  for (const [change, words] of [
    [{ laterUs: 100_001 }, "takes 100 ms longer than before"],
    [{ lagUs: 130_000 }, "gives media 130 ms late"],
    [{ unansweredUs: 600_001, unanswered: 3 }, "answers no ping"],
    [{ laterUs: 100_000, lagUs: 100_000, unansweredUs: 600_000, unanswered: 9 }, null],
    // A thread that stood still.
    [{ unansweredUs: 5_000_000, unanswered: 2 }, null],
  ] as const) {
    const ground = new Ground(1, 80);
    ground.change = change;
    ground.run(400_000);
    expect(ground.gray.words).toBe(words);
  }
});
