import { expect, test } from "bun:test";
import { zippedFor } from "../../../src/control/http/tail-copies.ts";
import { TAIL_COPIES_BYTES_MAX } from "../../../src/limits.ts";
import { seeded } from "../../support/random.ts";

test("one copy a playlist and token", () => {
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
  expect(zippedFor(first, "b", make("z"))).not.toBe(copy);
  expect(zippedFor(first, "a", make("x"))).toBe(copy);
});

test("as far as there is room: the newest ones, and of long ones few", () => {
  const random = seeded(1);
  const letters = Array.from({ length: TAIL_COPIES_BYTES_MAX / 2 }, () =>
    String.fromCharCode(33 + Math.floor(random() * 90)),
  );
  const playlist = {};
  const copyOf = (key: string, text: string) => zippedFor(playlist, key, () => text);
  const long = letters.join("");
  const [a, b, c] = ["a", "b", "c"].map((key) => copyOf(key, long));
  expect(copyOf("c", long)).toBe(c!);
  expect(copyOf("b", long)).toBe(b!);
  expect(copyOf("d", "x")).toBe(copyOf("d", "x"));
  // The oldest went.
  expect(copyOf("a", long)).not.toBe(a!);
  // What it is kept by counts, too.
  const token = "e".repeat(TAIL_COPIES_BYTES_MAX + 1);
  expect(copyOf(token, "x")).not.toBe(copyOf(token, "x"));
});
