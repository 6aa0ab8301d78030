import { expect, test } from "bun:test";
import { messageOf } from "../src/errors.ts";

test("what is thrown need not be an error", () => {
  expect(messageOf(new TypeError("no"))).toBe("no");
  expect(messageOf("no")).toBe("no");
  expect(messageOf(undefined)).toBe("undefined");
});
