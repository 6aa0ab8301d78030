import { expect, test } from "bun:test";
import { parseLoadArguments } from "../../src/cli/load-options.ts";
import { difference, type LoadTotals, sumCounters } from "../../src/load/counters.ts";
import { createDistributions } from "../../src/load/distributions.ts";
import { type LoadResult, makeReport } from "../../src/load/report.ts";
import { reportTable } from "../../src/load/table.ts";

const MIB = 2 ** 20;

function totals(values: Partial<LoadTotals>): LoadTotals {
  return { ...sumCounters([]), ...values };
}

function result(changes: Partial<LoadResult> = {}): LoadResult {
  const { plan } = parseLoadArguments(
    ["http://h/whep/x", "--viewers", "10", "--server-pid", "7"],
    {},
  );
  const usage = (cpuSeconds: number, mib: number) => ({
    cpuSeconds,
    rssBytes: mib * MIB,
    heapBytes: 0,
  });
  const before = totals({ packets: 1000, bytes: 1e6 });
  const after = totals({
    joinsStarted: 10,
    joinsConnected: 10,
    packets: 201_000,
    bytes: 251e6,
    lost: 99,
    simulatedLoss: 50,
  });
  return {
    plan,
    totals: after,
    measured: difference(after, before),
    seconds: 10,
    viewerFailures: {},
    publisherFailures: {},
    distributions: createDistributions(),
    timeline: null,
    recordings: [],
    toolCpuSeconds: 0.5,
    server: {
      before: usage(1, 100),
      joined: usage(1.05, 101),
      start: usage(2, 101),
      end: usage(2.4, 101),
      joinPackets: 5000,
    },
    ...changes,
  };
}

test("traffic and cost are those of the measured time", () => {
  const { traffic, server, tool, quality } = makeReport(result());
  expect(traffic.packets).toBe(200_000);
  expect(traffic.packetsPerSecond).toBe(20_000);
  expect(traffic.megabitsPerSecond).toBe(200);
  expect(server?.cpuPercent).toBe(4);
  expect(server?.cpuUsPerPacket).toBe(2);
  expect(server?.milliCpuPerViewer).toBe(4);
  expect(server?.rssKibPerViewer).toBe(102.4);
  // 50 ms for ten joins, of which 5,000 packets at 2 us are 10 ms.
  expect(server?.cpuMsPerJoin).toBe(4);
  expect(tool).toEqual({ cpuPercent: 5, cpuUsPerPacket: 2.5 });
  // What was dropped on purpose is no packet that came.
  expect(quality.lossPercent).toBe(0.049);
});

test("nothing received is no division by zero", () => {
  const nothing = totals({});
  const { traffic, server, quality } = makeReport(result({ totals: nothing, measured: nothing }));
  expect(traffic.packetsPerSecond).toBe(0);
  expect(traffic.delayMs).toBeNull();
  expect(quality.lossPercent).toBe(0);
  expect(server?.cpuUsPerPacket).toBeNull();
  expect(server?.rssKibPerViewer).toBeNull();
});

test("the table fits 100 columns and names failures", () => {
  const distributions = createDistributions();
  distributions.connectUs.record(12_345);
  const failed = totals({ joinsStarted: 10, joinsConnected: 8, joinsFailed: 2, packets: 10 });
  const report = makeReport(
    result({ totals: failed, viewerFailures: { "answered 503": 2 }, distributions }),
  );
  const lines = reportTable(report).split("\n");
  expect(lines.some((line) => line.includes("8 of 10 (80 %)"))).toBe(true);
  expect(lines.some((line) => line.includes("2 x answered 503"))).toBe(true);
  expect(lines.find((line) => line.startsWith("connected after"))).toContain("p50 12.3");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
});
