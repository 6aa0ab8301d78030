/** `network`: real browsers through the link emulator, against the bounds of their adaptation. */
import { lacksEmulator } from "../../test/net/emulator.ts";
import { type PhaseResult, runScenario, SCENARIOS, VP8_DEEP } from "../../test/net/scenarios.ts";
import { lacksChromium } from "../../test/support/browser.ts";
import type { Bench, Row } from "./harness.ts";

const SEED = 1;

export const network: Bench = {
  name: "network",
  summary: "The picture that Chromium gets through paths whose rate falls and rises.",
  conditions: {
    publisher: "Chromium, canvas 960x540 at 25 fps; layers of 0.15, 0.35 and 1.4 Mb/s, and Opus",
    path: "emulated between two namespaces: 40 ms RTT, a queue of 300 ms at the first rate",
    seed: SEED,
    pinning: "browsers, server and path share all cores: late p99 is what that adds",
  },
  async run({ quick }, row) {
    if (lacksChromium("network") || lacksEmulator("network")) return;
    for (const scenario of quick ? [VP8_DEEP] : SCENARIOS) {
      try {
        await runScenario(scenario, SEED, (result) => row(rowOf(scenario.name, result)));
      } catch (error) {
        // A codec that this browser cannot send leaves the others to be measured.
        console.error(`${scenario.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  },
};

function rowOf(scenario: string, { phase, bps, seen, gapMs, missed }: PhaseResult): Row {
  const { down, seconds, lateMs } = seen.network;
  return {
    scenario,
    phase,
    "kb/s": bps / 1000,
    width: seen.width,
    "settled ms": Number.isFinite(seen.settledMs) ? Math.round(seen.settledMs) : null,
    switches: seen.switches,
    "gap ms": Math.round(seen.gapMs),
    "gap allowed": Number.isFinite(gapMs) ? gapMs : null,
    freezes: seen.freezes,
    "audio lost": seen.audioLost,
    "used %": Math.round((down.bytes * 800) / seconds / bps),
    "queue p95": down.queueMs.p95,
    "late p99": lateMs.p99,
    missed: missed.join("; "),
  };
}
