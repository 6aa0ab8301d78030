import { describe, expect, test } from "bun:test";
import { UsageError } from "../../src/cli/command.ts";
import { parseLoadArguments } from "../../src/cli/load-options.ts";

const URL = "http://127.0.0.1:8080/whep/x";
const parse = (...args: string[]) => parseLoadArguments(args, {}).plan;

function problem(...args: string[]): string {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

describe("load's command line", () => {
  test("has defaults of a browser's viewer and a usual stream", () => {
    const plan = parse(URL);
    expect(plan).toMatchObject({ viewers: 100, rate: 50, threads: 1, loss: 0, gro: true });
    expect(plan.feedback).toEqual({ nack: true, transportIntervalUs: 100_000 });
    expect(plan.source).toMatchObject({ bitrate: 2.5e6, fps: 30, spreadUs: 0 });
    expect(plan.watch).toEqual([URL]);
    expect(plan.publish).toEqual([]);
  });

  test("opens about fifty viewers unless told otherwise", () => {
    expect(parse(URL, "--viewers", "10").sample).toBe(1);
    expect(parse(URL, "--viewers", "2000").sample).toBe(40);
    expect(parse(URL, "--viewers", "2000", "--sample", "3").sample).toBe(3);
  });

  test("numbers streams in both URLs", () => {
    const plan = parse("http://h/whep/s{n}", "--publish", "http://h/whip/s{n}", "--streams", "3");
    expect(plan.watch).toEqual(["http://h/whep/s1", "http://h/whep/s2", "http://h/whep/s3"]);
    expect(plan.publish[2]).toBe("http://h/whip/s3");
  });

  test("publishes alone without viewers", () => {
    expect(parse("--publish", URL)).toMatchObject({ viewers: 0, watch: [] });
  });

  test("takes the token from the environment", () => {
    expect(parseLoadArguments([URL], { WHIP_TOKEN: "t" }).plan.token).toBe("t");
    expect(parseLoadArguments([URL, "--token", "u"], { WHIP_TOKEN: "t" }).plan.token).toBe("u");
  });

  test.each([
    [[], "needs a WHEP-URL"],
    [["ftp://h/x"], "not an http(s) URL"],
    [["nonsense"], "not an http(s) URL"],
    [[URL, URL], "one argument too many"],
    [[URL, "--viewers", "0"], "--viewers is a number from 1"],
    [[URL, "--viewers", "2.5"], "--viewers is a whole number"],
    [[URL, "--viewers", "many"], '"many"'],
    [["--publish", URL, "--viewers", "5"], "needs a WHEP-URL to watch"],
    [[URL, "--rate", "0"], "--rate"],
    [[URL, "--duration", "-1"], "--duration"],
    [[URL, "--loss", "101"], "--loss"],
    [[URL, "--bitrate", "fast"], "--bitrate"],
    [[URL, "--bitrate", "1k"], "--bitrate"],
    [[URL, "--burst", "--spread", "5"], "exclude each other"],
    [[URL, "--spread", "40"], "longer than a frame"],
    [[URL, "--no-audio", "--no-video"], "nothing is left"],
    [[URL, "--streams", "2"], "needs {n}"],
    [[URL, "--srtp", "rot13"], "gcm, gcm256 or cm"],
    [[URL, "--server-pid", "0"], "--server-pid"],
    [[URL, "--packet-bytes", "20"], "--packet-bytes"],
    [[URL, "--layers", "4"], "--layers"],
    [[URL, "--frobnicate"], "Unknown option '--frobnicate'"],
  ])("%p is refused", (args, message) => {
    expect(problem(...args)).toContain(message);
  });
});
