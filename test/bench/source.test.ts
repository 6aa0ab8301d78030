import { expect, test } from "bun:test";
import { sourceOf } from "../../src/bench/source.ts";
import { parseLoadArguments } from "../../src/cli/load-options.ts";

test("the floor sends what the load tool sends by the same options", () => {
  const args = ["http://h/whep/x", "--bitrate", "600000"];
  for (const [spreadMs, arrival] of [
    [0, ["--burst"]],
    [15, ["--spread", "15"]],
  ] as const) {
    const { source } = parseLoadArguments([...args, ...arrival], {}).plan;
    expect(sourceOf({ bitrate: 600_000, spreadMs })).toEqual(source);
  }
});
