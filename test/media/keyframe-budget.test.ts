import { expect, test } from "bun:test";
import { KeyframeBudget } from "../../src/media/keyframe-budget.ts";

test("S9: a wish that is repeated until its keyframe leaves costs one token", () => {
  const budget = new KeyframeBudget(4, 0.1);
  for (let failure = 0; failure < 3; failure += 1) {
    const start = failure * 30e6;
    for (let ms = 0; ms < 400; ms += 20) expect(budget.ask(start + ms * 1000)).toBe("failure");
    budget.keyframe(start + 400_000, 100_000);
  }
});

test("S9: what was sent before the keyframe can have been seen asks for no other one", () => {
  const budget = new KeyframeBudget(4, 0.1);
  expect(budget.ask(0)).toBe("failure");
  budget.keyframe(200_000, 250_000);
  expect(budget.ask(449_000)).toBeNull();
  // That was an echo, not a wish held back.
  expect(budget.due(10e6)).toBeFalse();
  expect(budget.ask(450_000)).toBe("failure");
});

test("S9: a keyframe that nobody here asked for hides no failure of its own", () => {
  const budget = new KeyframeBudget(4, 0.1);
  budget.keyframe(0, 250_000);
  expect(budget.ask(1_000)).toBe("failure");
});

test("S9: a held wish is due with the next token, and gone with the next keyframe", () => {
  const budget = new KeyframeBudget(1, 0.1);
  expect(budget.ask(0)).toBe("join");
  expect(budget.ask(3e6)).toBeNull();
  expect([budget.due(9.9e6), budget.due(10e6)]).toEqual([false, true]);
  budget.keyframe(10e6, 0);
  expect(budget.due(11e6)).toBeFalse();
});
