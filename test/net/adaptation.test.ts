/**
 * Chromium watches Chromium's simulcast and SVC through the link emulator: the frame size follows the
 * rate. How soon, and with what gaps, is measured by `bun run bench network`, which needs the machine
 * for itself; here it is told when a bound is missed.
 */
import { describe, expect } from "bun:test";
import { lacksChromium } from "../support/browser.ts";
import { isShort } from "../support/long.ts";
import { inTime, timed } from "../support/timed.ts";
import { lacksEmulator } from "./emulator.ts";
import { type PhaseResult, runScenario, SCENARIOS } from "./scenarios.ts";

const WHAT = "adaptation in a browser";
const REST = "adaptation with layers in one stream";
const SEED = 1;

describe.skipIf(lacksChromium(WHAT) || lacksEmulator(WHAT))("adaptation", () => {
  const ordinary = SCENARIOS.filter(({ inSuite }) => inSuite);
  for (const scenario of isShort(REST) ? ordinary.slice(0, 1) : ordinary) {
    const name = `the picture that Chromium decodes follows the rate of its network: ${scenario.name}`;
    timed(
      name,
      async () => {
        const results: PhaseResult[] = [];
        await inTime(() => runScenario(scenario, SEED, (result) => results.push(result)));
        const missed = results.flatMap((result) =>
          result.missed.map((m) => `${result.phase}: ${m}`),
        );
        if (missed.length > 0) console.log(`seed ${SEED}: ${missed.join(", ")}`);
        const widths = results.map(({ seen }) => seen.width);
        const told = results.map(({ phase, seen }) => ({ phase, ...seen, beliefs: undefined }));
        const said = `seed ${SEED}: ${JSON.stringify(told)}`;
        inTime(() => expect(widths, said).toEqual([960, 240, 960]));
      },
      90_000,
    );
  }
});
