import { describe, expect, test } from "bun:test";
import { KeyframeHabit } from "../../src/media/keyframe-habit.ts";

/** A request, its time for an answer that is over, or a keyframe, at this many seconds. */
type Step = { readonly asked: number } | { readonly missed: true } | { readonly key: number };

/** What is known after all of it: seconds; null while nothing is. */
function known(steps: readonly Step[], ignored = false): number | null {
  const habit = new KeyframeHabit();
  let askedAt = Number.NEGATIVE_INFINITY;
  for (const step of steps) {
    if ("asked" in step) askedAt = step.asked;
    else if ("missed" in step) habit.miss();
    else habit.keyframe(step.key * 1e6, (step.key - askedAt) * 1e6);
  }
  return habit.isUnknown(ignored) ? null : habit.intervalUs(ignored) / 1e6;
}

describe("L10: whether an encoder makes keyframes on request", () => {
  test("is not known before one was asked for", () => {
    expect(known([])).toBeNull();
    expect(known([{ key: 0 }, { key: 5 }])).toBeNull();
  });

  test("is known with a prompt answer, or two later ones in a row", () => {
    expect(known([{ key: 0 }, { asked: 1 }, { key: 1.2 }])).toBe(0);
    const late: Step[] = [{ key: 0 }, { asked: 1 }, { key: 1.8 }];
    expect(known(late)).toBeNull();
    expect(known([...late, { asked: 2.8 }, { key: 3.6 }])).toBe(0);
    expect(known([...late, { asked: 2.8 }, { missed: true }, { asked: 4 }, { key: 4.7 }])).not.toBe(
      0,
    );
  });

  test("is not doubted for a request that was lost later", () => {
    const answered: Step[] = [{ key: 0 }, { asked: 1 }, { key: 1.1 }];
    expect(known([...answered, { asked: 3 }, { missed: true }, { asked: 4 }, { key: 4.1 }])).toBe(
      0,
    );
  });

  test("is not shown by the next one of those that it makes by itself", () => {
    const alone: Step[] = [{ key: 0 }, { key: 8 }];
    expect(known([...alone, { asked: 15.9 }, { key: 16 }])).toBeNull();
    expect(known([...alone, { asked: 12 }, { key: 12.1 }])).toBe(0);
  });

  test("is forgotten of one that answers no more", () => {
    const answered: Step[] = [{ key: 0 }, { asked: 1 }, { key: 1.1 }];
    expect(known(answered, true)).toBeNull();
  });
});

describe("L10: how far apart they are without", () => {
  test("is known with the first group in which a request got none", () => {
    const missed: Step[] = [{ key: 0 }, { asked: 0 }, { missed: true }, { asked: 1 }];
    expect(known(missed)).toBeNull();
    expect(known([...missed, { key: 2 }])).toBe(2);
    expect(known([...missed, { key: 8.2 }])).toBe(8.2);
    // So far apart a browser's are that has lost a request.
    expect(known([...missed, { key: 60 }])).toBeNull();
  });

  test("is not counted over a pause", () => {
    const habit = new KeyframeHabit();
    habit.keyframe(0, Number.POSITIVE_INFINITY);
    habit.miss();
    habit.rest();
    habit.keyframe(9e6, Number.POSITIVE_INFINITY);
    expect(habit.isUnknown(false)).toBe(true);
  });
});
