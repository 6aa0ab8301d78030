import { describe, expect, test } from "bun:test";
import { NO_SIGHT, type Sight, TierRules, type TierWish } from "../../src/web/tiers.ts";

const LOOK_MS = 250;
const FLOWS: Sight = { ...NO_SIGHT, flows: true, isSteady: true, connected: true };
const MINUTE = 60_000;

/** A player in virtual time: what each playback would look like while it runs is set by the test. */
class Show {
  now = 1_000;
  realtime: Sight = NO_SIGHT;
  tail: Sight = NO_SIGHT;
  /** When real time was started, in seconds since the begin. */
  readonly starts: number[] = [];
  readonly rules: TierRules;
  #ran = false;
  #askedAt = 0;

  constructor(wish: TierWish, options: { webrtc?: boolean; blocked?: boolean } = {}) {
    const { webrtc = true, blocked = false } = options;
    this.rules = new TierRules({ wish, webrtc, blocked }, this.now);
  }

  get seconds(): number {
    return (this.now - 1_000) / 1_000;
  }

  run(ms: number): this {
    for (const end = this.now + ms; this.now < end; this.now += LOOK_MS) this.look();
    return this;
  }

  look(): void {
    const { rules } = this;
    if (rules.runsRealtime && !this.#ran) {
      this.starts.push(this.seconds);
      this.#askedAt = this.now;
    }
    this.#ran = rules.runsRealtime;
    const realtime = { ...this.realtime, askedAt: this.#askedAt };
    rules.look(
      this.now,
      rules.runsRealtime ? realtime : NO_SIGHT,
      rules.runsTail ? this.tail : NO_SIGHT,
    );
  }

  /** What runs and what is shown, "rt>tail": both run, the tail is shown. */
  get picture(): string {
    const { runsRealtime, runsTail, shown } = this.rules;
    return `${runsRealtime ? "r" : ""}${runsTail ? "t" : ""}>${shown ?? "nothing"}`;
  }
}

/** One that fell at its begin and is on the tail. */
function fallen(): Show {
  const show = new Show("auto");
  show.tail = FLOWS;
  return show.run(4_000);
}

describe("downwards", () => {
  test("F19: no first picture 3 s after the POST: the tail, beside real time until one has pictures", () => {
    const show = new Show("auto").run(1_500);
    expect(show.picture).toBe("r>nothing");
    // It gets ready before.
    show.run(500).tail = FLOWS;
    expect(show.run(1_000).picture).toBe("rt>nothing");
    expect(show.run(500).picture).toBe("t>tail");
  });

  test("a first picture of either ends the other", () => {
    const show = new Show("auto").run(3_500);
    show.realtime = FLOWS;
    expect(show.run(500).picture).toBe("r>realtime");
  });

  test("a picture in time: the tail is never asked for", () => {
    const show = new Show("auto").run(1_500);
    show.realtime = FLOWS;
    expect(show.run(10 * MINUTE).picture).toBe("r>realtime");
  });

  for (const refusal of [503, 422]) {
    test(`${refusal} falls at once`, () => {
      const show = new Show("auto");
      show.realtime = { ...NO_SIGHT, refusal };
      expect(show.run(500).picture).toBe("rt>nothing");
    });
  }

  test("a browser without WebRTC plays the tail and never tries", () => {
    const show = new Show("auto", { webrtc: false });
    show.tail = FLOWS;
    expect(show.run(10 * MINUTE).picture).toBe("t>tail");
    show.tail = NO_SIGHT;
    show.rules.promote(show.now);
    expect(show.run(MINUTE).picture).toBe("t>tail");
    expect(show.starts).toEqual([]);
  });

  test("F21: never on 409, however long, nor once the publisher is away", () => {
    const show = new Show("auto");
    show.realtime = { ...NO_SIGHT, waits: true };
    expect(show.run(10 * MINUTE).picture).toBe("r>nothing");
    show.realtime = NO_SIGHT;
    expect(show.run(1_250).picture).toBe("r>nothing");
    show.realtime = FLOWS;
    show.run(1_000);
    show.realtime = { ...NO_SIGHT, waits: true };
    expect(show.run(10 * MINUTE).picture).toBe("r>realtime");
  });

  test("F21: a tail that does not flow, for it is stale or gone, is tried and never shown", () => {
    const show = new Show("auto").run(MINUTE);
    expect(show.picture).toBe("rt>nothing");
    show.realtime = { ...NO_SIGHT, waits: true };
    expect(show.run(500).picture).toBe("r>nothing");
  });

  test("F22: pictures that stop fall at once, and the old one stays until the tail is steady", () => {
    const show = new Show("auto");
    show.realtime = FLOWS;
    show.run(MINUTE);
    show.realtime = { ...NO_SIGHT, connected: true };
    expect(show.run(250).picture).toBe("rt>realtime");
    show.tail = { ...FLOWS, isSteady: false };
    expect(show.run(2_000).picture).toBe("rt>realtime");
    show.tail = FLOWS;
    expect(show.run(250).picture).toBe("t>tail");
  });

  test("packets that fail to come make the tail get ready, and it goes if they come again", () => {
    const show = new Show("auto");
    show.realtime = FLOWS;
    expect(show.run(10_000).picture).toBe("r>realtime");
    show.realtime = { ...FLOWS, isDoubtful: true };
    expect(show.run(500).picture).toBe("rt>realtime");
    show.realtime = FLOWS;
    expect(show.run(500).picture).toBe("r>realtime");
    show.realtime = { ...FLOWS, isDoubtful: true };
    show.tail = FLOWS;
    expect(show.run(MINUTE).picture).toBe("rt>realtime");
    show.realtime = { ...NO_SIGHT, connected: true };
    expect(show.run(500).picture).toBe("t>tail");
  });

  test("F21: nor does a doubt that turns out to be the publisher's end fall", () => {
    const show = new Show("auto");
    show.realtime = FLOWS;
    show.run(10_000).realtime = { ...FLOWS, isDoubtful: true };
    show.run(1_000).realtime = { ...NO_SIGHT, waits: true };
    expect(show.run(MINUTE).picture).toBe("r>realtime");
  });

  test("a session that is replaced, for its worker was lost, has 1.5 s to come back", () => {
    const show = new Show("auto");
    show.realtime = FLOWS;
    show.run(MINUTE);
    show.realtime = NO_SIGHT;
    expect(show.run(750).picture).toBe("r>realtime");
    expect(show.run(500).picture).toBe("rt>realtime");
    expect(show.run(500).picture).toBe("rt>realtime");
    show.realtime = FLOWS;
    expect(show.run(250).picture).toBe("r>realtime");
  });

  for (const refusal of [400, 401, 403, 404]) {
    test(`${refusal} asks for a person, not for the tail`, () => {
      const show = new Show("auto");
      show.realtime = { ...NO_SIGHT, refusal };
      expect(show.run(MINUTE).picture).toBe("r>nothing");
    });
  }
});

describe("upwards", () => {
  test("after 20 s, then 1.5 times as long each time, to 120 s", () => {
    const show = fallen().run(12 * MINUTE);
    const waits = show.starts.slice(1).map((start, index) => start - show.starts[index]!);
    // Each try takes 8 s (the first, at the begin, took 3.25 s).
    const expected = [23.5, 38, 53, 75.5, 109.5, 128, 128, 128];
    for (const [index, wait] of expected.entries()) {
      expect(Math.abs(waits[index]! - wait)).toBeLessThan(1.5);
    }
    expect(show.picture).toEndWith(">tail");
  });

  test("real time is shown once it is steady, and the tail ends then", () => {
    const show = fallen().run(20_500);
    expect(show.picture).toBe("rt>tail");
    show.realtime = { ...FLOWS, isSteady: false };
    expect(show.run(500).picture).toBe("rt>tail");
    show.realtime = FLOWS;
    expect(show.run(500).picture).toBe("r>realtime");
  });

  for (const why of ["online", "promote"] as const) {
    test(`at once on ${why}`, () => {
      const show = fallen();
      if (why === "online") show.rules.hurry(show.now);
      else show.rules.promote(show.now);
      expect(show.run(500).picture).toBe("rt>tail");
    });
  }

  test("a refused try is over at once", () => {
    const show = fallen().run(20_500);
    show.realtime = { ...NO_SIGHT, refusal: 503 };
    expect(show.run(500).picture).toBe("t>tail");
  });

  test("two falls within five minutes wait for 120 s; later ones for 20 s again", () => {
    const show = fallen();
    const rise = () => {
      show.rules.hurry(show.now);
      show.realtime = FLOWS;
      show.run(1_000);
      expect(show.picture).toBe("r>realtime");
    };
    const fall = () => {
      show.realtime = { ...NO_SIGHT, connected: true };
      show.run(1_000);
      expect(show.picture).toBe("t>tail");
      const before = show.starts.length;
      const at = show.seconds;
      show.run(125_000);
      return show.starts[before]! - at;
    };
    rise();
    expect(Math.abs(fall() - 120)).toBeLessThan(2);
    rise();
    show.run(6 * MINUTE);
    expect(Math.abs(fall() - 20)).toBeLessThan(2);
  });

  test("a tail that ends while nothing else is shown brings real time back at once", () => {
    const show = fallen();
    show.tail = NO_SIGHT;
    expect(show.run(500).picture).toBe("rt>tail");
    show.realtime = { ...NO_SIGHT, waits: true };
    expect(show.run(500).picture).toBe("r>tail");
  });
});

describe("F20: a blocked network", () => {
  test("is one that answers, and never connects; pictures refute it", () => {
    const show = fallen();
    expect(show.rules.blocked).toBe(true);
    show.rules.hurry(show.now);
    show.realtime = FLOWS;
    show.run(1_000);
    expect(show.rules.blocked).toBe(false);
  });

  test("is not one whose server is full, or whose publisher sends nothing", () => {
    for (const realtime of [
      { ...NO_SIGHT, refusal: 503 },
      { ...NO_SIGHT, connected: true },
    ]) {
      const show = new Show("auto");
      show.realtime = realtime;
      show.tail = FLOWS;
      show.run(4_000);
      expect([show.picture, show.rules.blocked]).toEqual(["t>tail", false]);
    }
  });

  test("begins with the tail, and still looks after 20 s", () => {
    const show = new Show("auto", { blocked: true });
    show.tail = FLOWS;
    expect(show.run(500).picture).toBe("t>tail");
    show.run(30_000);
    expect(Math.abs(show.starts[0]! - 20)).toBeLessThan(1);
  });

  test("where there is no tail, real time is tried all the same", () => {
    const show = new Show("auto", { blocked: true });
    show.tail = { ...NO_SIGHT, refusal: 404, waits: true };
    expect(show.run(500).picture).toBe("rt>nothing");
  });
});

describe("tier=tail", () => {
  test("stays there, also when it stalls; promoted, it goes up for 120 s", () => {
    const show = new Show("tail");
    show.tail = FLOWS;
    show.run(10 * MINUTE);
    show.tail = NO_SIGHT;
    expect(show.run(MINUTE).picture).toBe("t>tail");
    show.tail = FLOWS;
    show.realtime = FLOWS;
    show.run(1_000);
    expect(show.starts).toEqual([]);
    show.rules.promote(show.now);
    expect(show.run(1_000).picture).toBe("r>realtime");
    expect(show.run(118_000).picture).toBe("r>realtime");
    expect(show.run(2_000).picture).toBe("t>tail");
    show.run(10 * MINUTE);
    expect(show.starts.length).toBe(1);
  });

  test("again promoted, it stays up for as long again; real time stays until the tail is steady", () => {
    const show = new Show("tail");
    show.tail = FLOWS;
    show.realtime = FLOWS;
    show.run(1_000);
    show.rules.promote(show.now, 5_000);
    show.run(4_000);
    show.rules.promote(show.now, 5_000);
    expect(show.run(4_000).picture).toBe("r>realtime");
    show.tail = { ...FLOWS, isSteady: false };
    expect(show.run(10_000).picture).toBe("rt>realtime");
    show.tail = FLOWS;
    expect(show.run(500).picture).toBe("t>tail");
  });
});

test("tier=realtime never touches the tail", () => {
  const show = new Show("realtime");
  expect(show.run(10 * MINUTE).picture).toBe("r>nothing");
  show.realtime = FLOWS;
  show.run(1_000);
  show.realtime = NO_SIGHT;
  expect(show.run(10 * MINUTE).picture).toBe("r>realtime");
});

describe("going back", () => {
  /** Real time plays, and somebody goes back in it. */
  function behind(): Show {
    const show = new Show("auto");
    show.realtime = FLOWS;
    show.run(2_000).rules.goBack();
    show.look();
    return show;
  }

  test("real time is shown until the tail has what was asked for", () => {
    const show = behind();
    expect(show.picture).toBe("rt>realtime");
    expect(show.rules.isBehind).toBe(true);
    show.run(2_000).tail = FLOWS;
    expect(show.run(500).picture).toBe("t>tail");
  });

  test("who is behind stays there: nothing lifts them, not a network that comes back, nor promote()", () => {
    const show = behind();
    show.tail = FLOWS;
    show.run(MINUTE);
    show.rules.hurry(show.now);
    show.rules.promote(show.now);
    expect(show.run(10 * MINUTE).picture).toBe("t>tail");
    expect(show.starts).toEqual([0]);
  });

  test("a segment that is slow to come is waited for", () => {
    const show = behind();
    show.tail = FLOWS;
    show.run(1_000).tail = NO_SIGHT;
    expect(show.run(MINUTE).picture).toBe("t>tail");
  });

  test("to live: real time, as before; the tail is shown until that has pictures", () => {
    const show = behind();
    show.tail = FLOWS;
    show.run(MINUTE).realtime = NO_SIGHT;
    show.rules.goLive(show.now);
    expect(show.run(500).picture).toBe("rt>tail");
    show.realtime = FLOWS;
    expect(show.run(500).picture).toBe("r>realtime");
    expect(show.rules.isBehind).toBe(false);
  });

  test("to live before the tail had pictures: real time never went", () => {
    const show = behind();
    show.rules.goLive(show.now);
    expect(show.run(MINUTE).picture).toBe("r>realtime");
    expect(show.starts).toEqual([0]);
  });

  test("who was on the tail comes back to the tail, and rises as always", () => {
    const show = fallen();
    show.rules.goBack();
    expect(show.run(5 * MINUTE).picture).toBe("t>tail");
    show.rules.goLive(show.now);
    expect(show.run(15_000).picture).toBe("t>tail");
    expect(show.run(MINUTE).starts.length).toBeGreaterThan(1);
  });

  test("tier=tail: there and back without real time", () => {
    const show = new Show("tail");
    show.tail = FLOWS;
    show.run(1_000).rules.goBack();
    show.run(MINUTE).rules.goLive(show.now);
    expect(show.run(5 * MINUTE).picture).toBe("t>tail");
    expect(show.starts).toEqual([]);
  });

  test("tier=tail, up for a while: who comes back later than that stays on the tail", () => {
    const show = new Show("tail");
    show.tail = FLOWS;
    show.realtime = FLOWS;
    show.run(1_000).rules.promote(show.now);
    expect(show.run(1_000).picture).toBe("r>realtime");
    show.rules.goBack();
    show.run(10_000).rules.goLive(show.now);
    expect(show.run(1_000).picture).toBe("r>realtime");
    show.rules.goBack();
    show.run(5 * MINUTE).rules.goLive(show.now);
    expect(show.run(MINUTE).picture).toBe("t>tail");
  });

  test("a tail that is over, or refused, is no place to be behind in", () => {
    for (const end of [
      { ...NO_SIGHT, waits: true },
      { ...NO_SIGHT, refusal: 503 },
    ]) {
      const show = behind();
      show.tail = end;
      expect(show.run(1_000).picture).toBe("r>realtime");
      expect(show.rules.isBehind).toBe(false);
    }
  });

  test("tier=realtime has no tail to go back in", () => {
    const show = new Show("realtime");
    show.realtime = FLOWS;
    show.run(1_000).rules.goBack();
    expect(show.run(1_000).picture).toBe("r>realtime");
    expect(show.rules.isBehind).toBe(false);
  });
});
