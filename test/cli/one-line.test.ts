import { expect, test } from "bun:test";
import { oneLine } from "../../src/cli/one-line.ts";

test("what a file calls its codec cannot steer a terminal, break a line or fill a screen", () => {
  expect(oneLine("its video is \x1b[2J\x07\u009b31mavc1\r\n\u2028x")).toBe(
    "its video is  [2J 31mavc1 x",
  );
  expect(oneLine("film é 映画.mp4: is empty")).toBe("film é 映画.mp4: is empty");
  expect(oneLine("x".repeat(5_000))).toHaveLength(1_004);
});
