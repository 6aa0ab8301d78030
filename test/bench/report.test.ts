import { describe, expect, test } from "bun:test";
import type { Ceiling } from "../../src/bench/machine.ts";
import { makeReport, reportText } from "../../src/bench/report.ts";
import type { Found } from "../../src/bench/search.ts";
import type { BenchStep, LimitKind } from "../../src/bench/verdict.ts";

const CEILING: Ceiling = { kind: "memory", viewers: 900, detail: "300 MiB are free" };

function step(viewers: number, limit: LimitKind | null, more: Partial<BenchStep> = {}): BenchStep {
  return {
    ...{ viewers, held: limit === null, limit, busy: 0.84, joined: viewers, lost: 0 },
    ...{
      usPerPacket: 4.5,
      serverBusy: 0.84,
      receiversBusy: 0.6,
      sendBufferFull: 0,
      othersShare: 0,
    },
    ...{ delayP50Ms: 3.21, delayP99Ms: 41.4, ...more },
  };
}

function reportOf(found: Partial<Found<BenchStep>>, othersShare = 0.01, spreadMs = 15) {
  return makeReport({
    machine: { cpu: "A Processor", cores: 2, memoryGib: 7.8, kernel: "6.1.0" },
    placement: { pinned: true, server: [0], receivers: [1], shared: false, siblings: false },
    load: { bitrate: 1_500_000, spreadMs },
    floor: { packets: 9, seconds: 2, cpuUsPerPacket: 3.004, userUsPerPacket: 1, errors: 0 },
    found: { held: null, failed: null, end: "found", steps: [], ...found },
    ceiling: CEILING,
    othersShare,
    seconds: 101.234,
  });
}

describe("the report", () => {
  test("tells machine, floor, capacity and limit, a line each", () => {
    const failed = step(920, "server-core", { serverBusy: 0.97, delayP99Ms: 211 });
    const report = reportOf({ held: step(880, null), failed });
    expect(report.capacity).toEqual({
      ...{ viewersPerCore: 880, atLeast: false, usPerPacket: 4.5, timesFloor: 1.5, busy: 0.84 },
      ...{ delayP50Ms: 3.21, delayP99Ms: 41.4 },
    });
    expect(report.limit).toMatchObject({ kind: "server-core", viewers: 920 });
    expect(report.seconds).toBe(101.23);
    expect(reportText(report).split("\n")).toEqual([
      "machine   A Processor, 2 cores, 7.8 GiB, Linux 6.1.0",
      "          server on processor 0, receivers on 1",
      "load      1.5 Mb/s at 30 fps spread over 15 ms, and Opus",
      "floor     3 us a packet: to seal and send it alone",
      "capacity  880 viewers a core; 4.5 us a packet (1.5 x floor); 84 % of the core; delay p50 3.21 ms, p99 41.4 ms",
      "limit     with 920 viewers the server's core was 97 % busy, delay p99 211 ms",
    ]);
  });

  test.each(["receivers", "only-core", "others", "send-buffer"] as const)(
    "where the end is %s the server could carry more",
    (limit) => {
      const report = reportOf({ held: step(880, null), failed: step(920, limit) });
      expect(report.capacity!.atLeast).toBe(true);
      expect(reportText(report)).toContain("at least 880 viewers a core");
    },
  );

  test.each(["server-core", "delay", "loss", "joins"] as const)(
    "where the end is %s it could not",
    (limit) => {
      const report = reportOf({ held: step(880, null), failed: step(920, limit) });
      expect(report.capacity!.atLeast).toBe(false);
    },
  );

  test("a ceiling of the machine and the time are limits, too", () => {
    const held = step(900, null);
    expect(reportOf({ held, end: "ceiling" })).toMatchObject({
      ...{ capacity: { atLeast: true }, limit: { kind: "memory", viewers: null } },
    });
    expect(reportText(reportOf({ held, end: "ceiling" }))).toContain("limit     300 MiB are free");
    expect(reportOf({ held, end: "time" })).toMatchObject({
      ...{ capacity: { atLeast: true }, limit: { kind: "time" } },
    });
    // What was met before the time was up is the limit.
    const failed = step(1200, "delay");
    expect(reportOf({ held, failed, end: "time" }).limit.kind).toBe("delay");
  });

  test("nothing found, and nobody served", () => {
    expect(reportText(reportOf({ end: "time" }))).toContain(
      "capacity  not found\nlimit     the time was up",
    );
    const taken = reportOf({ failed: step(400, "others"), end: "time" });
    expect(reportText(taken)).toContain(
      "capacity  not found\nlimit     with 400 viewers others took",
    );
    const slow = reportOf({ failed: step(400, "delay"), end: "time" });
    expect(reportText(slow)).toContain("capacity  fewer than 400 viewers a core\n");
    const failed = step(1, "joins", { joined: 0 });
    const none = reportOf({ failed });
    expect(none.capacity).toBeNull();
    expect(reportText(none)).toContain("capacity  none\nlimit     with 1 viewers 1 could not join");
  });

  test("what others took is told where it counts", () => {
    expect(reportText(reportOf({ held: step(9, null) }, 0.04))).not.toContain("others");
    expect(reportText(reportOf({ held: step(9, null) }, 0.2))).toContain(
      "others took 20 % of the machine",
    );
  });

  test("bursts are told as such", () => {
    expect(reportText(reportOf({}, 0, 0))).toContain("1.5 Mb/s at 30 fps in bursts, and Opus");
  });
});
