/** `spillway bench` on the executable. What it finds is the machine's; here counts that it does. */
import { beforeAll, expect, test } from "bun:test";
import type { BenchReport } from "../../src/bench/report.ts";
import { listProc, readProc } from "../../src/io/proc.ts";
import { binary } from "../support/binary.ts";
import { SETUP_MS } from "../support/server.ts";
import { until } from "../support/until.ts";

let path = "";
beforeAll(async () => {
  path = await binary();
}, SETUP_MS);

function start(...args: string[]) {
  return Bun.spawn([path, "bench", ...args], {
    cwd: "/",
    // What the operator set for a server is not for this one.
    env: { PATH: process.env.PATH ?? "", SPILLWAY_HTTP: "nonsense" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Processes of its own that it has now. */
function childrenOf(pid: number): string[] {
  return listProc("/proc").filter((id) => {
    const command = readProc(`/proc/${id}/cmdline`).split("\0");
    return command.slice(1, 4).join(" ") === `bench child ${pid}`;
  });
}

test("tells machine, floor, capacity and limit within its time, and leaves nobody behind", async () => {
  const bench = start("--seconds", "10", "--bitrate", "600k", "--spread", "15", "--json");
  const [out, err] = await Promise.all([
    new Response(bench.stdout).text(),
    new Response(bench.stderr).text(),
  ]);
  const code = await bench.exited;
  expect(err).toBe("");
  expect(out.trim().split("\n").length).toBe(1);
  const report = JSON.parse(out) as BenchReport;
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.placement.server.length).toBe(1);
  expect(report.load).toEqual({ bitrate: 600_000, spreadMs: 15 });
  expect(report.floor.usPerPacket).toBeGreaterThan(0);
  expect(report.limit.detail).not.toBe("");
  // A machine that others have may not come through one step in this time.
  expect(code).toBe(report.capacity === null ? 1 : 0);
  for (const step of report.steps) {
    expect(step.viewers).toBeGreaterThan(0);
    expect(step.held).toBe(step.limit === null);
  }
  const held = report.steps.filter((step) => step.held).map(({ viewers }) => viewers);
  expect(report.capacity?.viewersPerCore ?? 0).toBe(Math.max(0, ...held));
  expect(childrenOf(bench.pid)).toEqual([]);
}, 240_000);

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "%s in the middle ends it and what it has started",
  async (signal) => {
    const bench = start("--seconds", "30", "--bitrate", "100k");
    await until("its server runs", 60_000, () => childrenOf(bench.pid).length > 0);
    bench.kill(signal);
    const [out, err] = await Promise.all([
      new Response(bench.stdout).text(),
      new Response(bench.stderr).text(),
    ]);
    await bench.exited;
    expect([out, err]).toEqual(["", ""]);
    if (signal !== "SIGKILL") expect(bench.exitCode).toBe(130);
    await until("they have ended", 10_000, () => childrenOf(bench.pid).length === 0);
  },
  240_000,
);
