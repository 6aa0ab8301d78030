import { expect, test } from "bun:test";
import { zippedFor } from "../../../src/control/http/tail-copies.ts";
import { TAIL_COPIES_MAX } from "../../../src/limits.ts";

test("one copy a playlist and token, and not without end", () => {
  let made = 0;
  const make = (text: string) => () => {
    made += 1;
    return text;
  };
  const first = {};
  const copy = zippedFor(first, "a", make("x"));
  expect(Buffer.from(Bun.gunzipSync(copy)).toString()).toBe("x");
  expect(zippedFor(first, "a", make("x"))).toBe(copy);
  expect(made).toBe(1);
  // The next part, another token.
  expect(zippedFor({}, "a", make("y"))).not.toBe(copy);
  for (let i = 1; i < TAIL_COPIES_MAX; i += 1) zippedFor(first, `b${i}`, make("z"));
  made = 0;
  zippedFor(first, "late", make("z"));
  zippedFor(first, "late", make("z"));
  expect(made).toBe(2);
  expect(zippedFor(first, "a", make("x"))).toBe(copy);
});
