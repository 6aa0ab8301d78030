import { describe, expect, test } from "bun:test";
import { parseBenchArguments } from "../../src/cli/bench.ts";
import { UsageError } from "../../src/cli/command.ts";

const parse = (...args: string[]) => parseBenchArguments(args);

describe("bench's command line", () => {
  test("has defaults: two minutes, 1.5 Mb/s in bursts", () => {
    expect(parse()).toEqual({
      ...{ load: { bitrate: 1_500_000, spreadMs: 0 }, seconds: 120, json: false },
    });
    expect(parse("--burst")).toEqual(parse());
  });

  test("takes bit rate, spread and time", () => {
    const args = ["--bitrate", "600k", "--spread", "15", "--seconds", "30", "--json"];
    expect(parse(...args)).toEqual({
      ...{ load: { bitrate: 600_000, spreadMs: 15 }, seconds: 30, json: true },
    });
  });

  test.each([
    [["x"], 'bench: "x" is one argument too many'],
    [["--bitrate", "1"], 'bench: --bitrate is 10k to 1000M, not "1"'],
    [["--spread", "34"], "bench: --spread is longer than a frame lasts"],
    [["--spread", "15", "--burst"], "bench: --burst and --spread exclude each other"],
    [["--seconds", "9"], 'bench: --seconds is a number from 10 to 3600, not "9"'],
    [["--secs", "9"], "(see spillway bench --help)"],
  ])("refuses %p", (args, complaint) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(complaint);
  });
});
