import { expect, test } from "bun:test";
import { parseProfileLevelId } from "../../src/wire/h264-profile.ts";

test("profile-level-ids of real offers", () => {
  for (const [text, profile, level] of [
    ["42e01f", "constrained-baseline", 31],
    ["42C01E", "constrained-baseline", 30],
    ["42001f", "baseline", 31],
    ["4d001f", "main", 31],
    ["4d801f", "constrained-baseline", 31],
    ["58c00a", "constrained-baseline", 10],
    ["64001f", "high", 31],
    ["640c1f", "constrained-high", 31],
    ["f4001f", "high-4:4:4", 31],
    // Q-F3: FFmpeg 8.0.
    ["422001f", "constrained-baseline", 31],
    ["422000a", "constrained-baseline", 10],
  ] as const) {
    expect(parseProfileLevelId(text), text).toMatchObject({ profile, level });
  }
  for (const text of ["", "42e0", "42e01g", "00001f", "42e01f00", "640001f"]) {
    expect(parseProfileLevelId(text), text).toBeNull();
  }
});
