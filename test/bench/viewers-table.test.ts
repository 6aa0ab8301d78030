import { expect, test } from "bun:test";
import type { BenchResult, Row } from "../../scripts/bench/harness.ts";
import { viewersBlock } from "../../scripts/bench/viewers-table.ts";

function result(results: readonly Row[]): BenchResult {
  return {
    ...{ name: "viewers", command: "bun run bench viewers", commit: "abc1234", results },
    date: "2030-01-02T03:04:05Z",
    machine: { cpu: "A Processor", cores: 2, kernel: "6.1" },
    versions: { system: "Debian" },
    conditions: {},
  };
}

test("without figures the block says how to come by them", () => {
  for (const none of [null, result([])]) {
    expect(viewersBlock(none)).toContain("`npm run bench -- viewers` measures them");
  }
});

test("rates stand beside each other, burst above spread, machine and command below", () => {
  const block = viewersBlock(
    result([
      { mbps: 0.6, arrival: "burst", viewers: 2040, "at least": true },
      { mbps: 0.6, arrival: "spread", viewers: 1210, "at least": false },
      { mbps: 1.5, arrival: "burst", viewers: 880, "at least": false },
      { mbps: 1.5, arrival: "spread", viewers: null, "at least": null },
    ]),
  );
  expect(block.split("\n")).toEqual([
    "| Viewers a core | 0.6 Mb/s | 1.5 Mb/s |",
    "| --- | --- | --- |",
    "| packets of a frame at once | at least 2,040 | 880 |",
    "| packets of a frame over 15 ms | 1,210 | - |",
    "",
    "Measured by `npm run bench -- viewers`, that is `spillway bench` six times, on A Processor, 2 cores, Linux 6.1, Debian; commit abc1234, 2030-01-02.",
  ]);
});
