import { describe, expect, test } from "bun:test";
import { judge } from "../../src/bench/verdict.ts";
import type { LoadReport } from "../../src/load/report.ts";

const APART = { pinned: true, server: [0], receivers: [1], shared: false, siblings: false };
const SHARED = { ...APART, receivers: [0], shared: true };

interface Figures {
  readonly server?: number;
  readonly tool?: number;
  readonly lost?: number;
  readonly joined?: number;
  readonly p99?: number | null;
  readonly full?: number;
  readonly others?: number;
}

function stepOf(figures: Figures, placement = APART) {
  const { server = 50, tool = 40, lost = 0, joined = 100, p99 = 10, full = 0 } = figures;
  const seen = { sendBufferFull: full, othersShare: figures.others ?? 0.02 };
  const report = {
    viewers: 100,
    join: { connected: joined },
    quality: { lost },
    traffic: { delayMs: p99 === null ? null : { p50: 2, p99 } },
    server: { cpuPercent: server, cpuUsPerPacket: 4.5 },
    tool: { cpuPercent: tool },
  } as unknown as LoadReport;
  return judge(report, placement, seen);
}

describe("a step", () => {
  test("holds when all joined, nothing was lost and the delay is bounded", () => {
    expect(stepOf({})).toMatchObject({
      ...{ held: true, limit: null, viewers: 100, joined: 100, busy: 0.5 },
      ...{ serverBusy: 0.5, receiversBusy: 0.4, usPerPacket: 4.5, delayP50Ms: 2, delayP99Ms: 10 },
    });
    expect(stepOf({ server: 91, tool: 99, full: 5, p99: 50, others: 0.5 }).held).toBe(true);
  });

  test.each([
    ["delay", { p99: 50.1 }],
    ["delay", { p99: null }],
    ["loss", { lost: 1, p99: 80 }],
    ["joins", { joined: 99, full: 3 }],
    ["send-buffer", { lost: 1, full: 3 }],
    ["send-buffer", { p99: 80, full: 3 }],
    ["others", { p99: 80, full: 3, others: 0.3 }],
    ["others", { joined: 50, others: 0.3 }],
    ["receivers", { lost: 1, tool: 95, others: 0.3 }],
    ["receivers", { joined: 90, tool: 95, full: 3 }],
    ["server-core", { server: 95 }],
    ["server-core", { server: 95, tool: 97, lost: 7, joined: 9, p99: 900, full: 3 }],
  ] as const)("%s is told as the cause of %p", (limit, figures) => {
    expect(stepOf(figures)).toMatchObject({ held: false, limit });
  });

  test("the busier of the two tells how much more is possible", () => {
    expect(stepOf({ server: 40, tool: 60 }).busy).toBe(0.6);
    const eight = { ...APART, receivers: [1, 2, 3, 4] };
    expect(stepOf({ server: 40, tool: 80 }, eight)).toMatchObject({
      ...{ busy: 0.4, receiversBusy: 0.2 },
    });
  });

  test("on the only core both count together", () => {
    expect(stepOf({ server: 50, tool: 30 }, SHARED)).toMatchObject({ held: true, busy: 0.8 });
    expect(stepOf({ server: 55, tool: 40 }, SHARED)).toMatchObject({ limit: "only-core" });
  });
});
