/**
 * Chromium watches a simulcast Chromium through the link emulator: the frame size follows the rate.
 * How soon, and with what gaps, is measured by `bun run bench network`, which needs the machine for
 * itself: here two encoders, a decoder and the rest of the test run share its cores.
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
    if (missed.length > 0) console.log(`seed ${SEED}: ${missed.join(", ")}`);
    const widths = results.map(({ seen }) => seen.width);
    expect(widths, `seed ${SEED}: ${JSON.stringify(results)}`).toEqual([960, 240, 960]);
  }, 90_000);
});
