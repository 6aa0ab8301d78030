/**
 * Chromium watches a simulcast Chromium through the link emulator: the frame size follows the rate.
 * The whole matrix is `bun run bench network`.
 */
import { describe, expect, test } from "bun:test";
import { lacksChromium } from "../support/browser.ts";
import { lacksEmulator } from "./emulator.ts";
import { type PhaseResult, runScenario, VP8_DEEP } from "./scenarios.ts";

const WHAT = "adaptation in a browser";
const SEED = 1;

describe.skipIf(lacksChromium(WHAT) || lacksEmulator(WHAT))("adaptation", () => {
  test("the picture that Chromium decodes follows the rate of its network", async () => {
    const results: PhaseResult[] = [];
    await runScenario(VP8_DEEP, SEED, (result) => results.push(result));
    const missed = results.flatMap((result) => result.missed.map((m) => `${result.phase}: ${m}`));
    if (missed.length > 0) console.log(`seed ${SEED}`, JSON.stringify(results));
    expect(missed).toEqual([]);
    expect(results.map(({ seen }) => seen.width)).toEqual([960, 240, 960]);
  }, 90_000);
});
