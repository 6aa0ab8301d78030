import { expect, test } from "bun:test";
import { draw } from "../../scripts/bench/chart-drawing.ts";
import type { BenchResult, Row } from "../../scripts/bench/harness.ts";
import { benchBlock } from "../../scripts/bench/readme-block.ts";

function result(name: string, results: readonly Row[], commit = "abc1234"): BenchResult {
  return {
    name,
    command: `bun run bench ${name}`,
    date: "2030-01-02T03:04:05Z",
    commit,
    machine: { cpu: "A Processor", cores: 2, memoryGib: 8, kernel: "6.1" },
    versions: { spillway: "1", bun: "1.4.5", system: "Debian" },
    conditions: { pinning: "none", source: "noise" },
    results,
  };
}

function blockOf(...results: readonly BenchResult[]): string {
  return benchBlock((bench) => results.find(({ name }) => name === bench) ?? null);
}

test("without figures the block says so", () => {
  expect(blockOf()).toContain("No figures are stored");
});

test("figures stand beside their floor, machine, commit and date", () => {
  const point = { viewers: 500, mbps: 2.5, arrival: "burst", "us/packet": 4.1234, lost: 7 };
  const block = blockOf(
    result("fanout", [
      { ...point, "floor before": 2.9, "floor after": 3.1, "x floor": 1.37, "mCPU/viewer": 1.5 },
      { ...point, viewers: 10, "us/packet": 99 },
      { ...point, receivers: "no GRO", "us/packet": 5.5 },
    ]),
    result("memory", [{ viewers: 1000, "KiB/viewer": 91.26 }]),
    result("soak", [{ seconds: 1 }, { joined: 18_000, failed: 2, "KiB/join": null }], "def5678"),
  );
  expect(block).toContain(
    "| 500 viewers, 2.5 Mb/s, burst | 4.12 us | 2.9, 3.1 us | 1.37 | 1.5 mCPU | -, - ms | 7 |",
  );
  expect(block).toContain("| 500 viewers, 2.5 Mb/s, burst, receivers without GRO | 5.5 us |");
  expect(block).not.toContain("99 us");
  expect(block).toContain("91.3 KiB a viewer");
  expect(block).toContain("18,000 joined, 2 failed, - KiB a join stay");
  expect(block).toContain("`fanout`, `memory`: A Processor, 2 cores, 8 GiB, Linux 6.1");
  expect(block).toMatch(/- `soak`: .*commit def5678, 2030-01-02/);
});

test("a peer that did not run is named, and the claim is not made by itself", () => {
  const measured = { viewers: 400, arrival: "burst", "us/packet": 9, "x floor": 3, note: "" };
  const rows: Row[] = [
    { server: "janus", note: "not installed" },
    { server: "srs", ...measured },
    { server: "srs", ...measured, viewers: 200, "us/packet": 77 },
    { claim: "at least 2.5 x fewer", holds: false, "x fewer": 1.5, note: "janus did not run" },
  ];
  const block = blockOf(result("peers", rows));
  expect(block).toContain("| srs | 400, burst | - | 9 us | 3 |");
  expect(block).not.toContain("77");
  expect(block).toContain("janus: not installed");
  expect(block).toContain("cannot be made from this run: janus did not run.");
});

test("parts of the egress stand by load, and a profile tells user from kernel", () => {
  const load = { streams: 1, viewers: 200, mbps: 1.5, arrival: "burst" };
  const parts = {
    all: 1234,
    walk: 300,
    header: 34,
    seal: 600,
    note: 290,
    commit: 10,
    segments: 40,
  };
  const block = blockOf(
    result("hot", [
      { ...load, pace: "none", "ns a": "packet", ...parts, "packets/visit": 2.97 },
      { ...load, pace: "none", "ns a": "visit", ...parts, all: 3702, "packets/visit": 2.97 },
      { ...load, pace: "real", "ns a": "packet", ...parts, all: 1999, "packets/visit": 2.97 },
    ]),
    result("profile", [
      { rank: 1, entry: "send", library: "JavaScript", "%": 9 },
      { library: "kernel", "%": 38 },
      { "user %": 62, "kernel %": 38, samples: 100 },
    ]),
  );
  const rest = "300 | 34 | 600 | 290 | 10 | 40 | 2.97 |";
  expect(block).toContain(`| 1 stream to 200 viewers, 1.5 Mb/s, burst | 1,234 | ${rest}`);
  expect(block).toContain(`1.5 Mb/s, burst, in real time | 1,999 | ${rest}`);
  expect(block).not.toContain("3,702");
  expect(block).toContain("By library: kernel 38 %. User 62 %, kernel 38 %.");
});

test("charts name their axes and escape their text", () => {
  const chart = { title: "a < b", x: "viewers", y: "ms", conditions: "here & now" };
  const series = [{ name: "one", points: [[100, 1] as const, [500, 2] as const] }];
  for (const kind of ["lines", "trace", "bars"] as const) {
    const svg = draw({ ...chart, kind, series });
    for (const text of ["a &lt; b", ">viewers<", ">ms<", "here &amp; now", ">one<"]) {
      expect(svg).toContain(text);
    }
    for (const text of kind === "trace" ? [">0<", ">400<"] : [">500<"]) {
      expect(svg).toContain(text);
    }
  }
});

test("what a relay costs, and the tree that it makes for a large audience, stand there", () => {
  const cost = { "us/child": 12, "overhead B": 52, "payload B": 870, lost: 0 };
  const block = blockOf(
    result("relay", [
      { children: 1, streams: 1, ...cost, "us/child": 99 },
      { children: 4, streams: 1, ...cost },
      { cores: 64, "idle kB/s a node": 8.1, "relay mCPU": 30 },
      { chain: 3, streams: 20, "stay p50 ms": 0.21, "stay p99 ms": 1.5 },
    ]),
    result("tree", [
      { level: "root", nodes: 1 },
      { nodes: 1_872, "viewers/node": 5_342, path: 3, "stay p50 ms": 0.4, fits: true },
    ]),
  );
  expect(block).toContain("12 us of CPU a packet and child; 52 B beside 870 of payload; lost 0");
  expect(block).not.toContain("99 us");
  expect(block).toContain("8.1 kB/s and 30 mCPU a node");
  expect(block).toContain(
    "20 streams through a node in the middle | a packet is there for 0.21 ms",
  );
  expect(block).toContain("1,872 nodes of 16 cores and 25 Gb/s, 5,342 viewers each, within");
});
