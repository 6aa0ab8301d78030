import { expect, test } from "bun:test";
import { COUNTER_NAMES, GAUGES } from "../../../src/contract/counters.ts";
import { Harness, settle, VIEWER_OFFER } from "../../support/control-harness.ts";

interface Sample {
  readonly family: string;
  readonly type: string;
  readonly value: number;
}

/** What the page says, by name and labels. */
async function read(h: Harness): Promise<Map<string, Sample>> {
  const text = await (await h.request("GET", "/metrics")).text();
  const samples = new Map<string, Sample>();
  let [family, type] = ["", ""];
  for (const line of text.trimEnd().split("\n")) {
    const head = /^# TYPE spillway_(\w+) (\w+)$/.exec(line);
    if (head !== null) [family, type] = [head[1]!, head[2]!];
    if (line.startsWith("#")) continue;
    const [key, value] = line.split(/ (?=\S+$)/) as [string, string];
    samples.set(key, { family, type, value: Number(value) });
  }
  return samples;
}

/** Every counter of both workers' present threads. */
function count(h: Harness, amount: number): void {
  h.plane.counters = Object.fromEntries(COUNTER_NAMES.map((name) => [name, amount]));
  h.plane.waitedUs = amount * 1e6;
}

/** A server in which everything has happened that the control thread counts. */
async function busy(): Promise<Harness> {
  const h = await Harness.start();
  await h.publish("a");
  const gone = await h.view("a");
  await h.view("a");
  h.plane.events.firstMedia(2, 60_000);
  h.plane.events.fault(new Error("a test breaks the control thread"));
  await h.post("/whep/idle", VIEWER_OFFER);
  await h.request("DELETE", gone.location);
  await settle();
  return h;
}

test("no counter goes back when workers are replaced, and states are those of the new threads", async () => {
  const h = await busy();
  count(h, 1_000);
  h.pass(1);
  let before = await read(h);
  const counted = [...before.values()].filter(({ type }) => type === "counter");
  expect(new Set(counted.map(({ family }) => family)).size).toBeGreaterThan(
    COUNTER_NAMES.length - GAUGES.size,
  );
  for (let replaced = 1; replaced <= 2; replaced += 1) {
    h.plane.replaceWorkers();
    await settle();
    const between = await read(h);
    count(h, 10);
    const after = await read(h);
    for (const [key, { type, value }] of before) {
      if (type === "gauge") continue;
      expect(between.get(key)!.value, key).toBeGreaterThanOrEqual(value);
      expect(after.get(key)!.value, key).toBeGreaterThanOrEqual(between.get(key)!.value);
    }
    const worker = 'worker="egress-0"';
    const total = 1_000 + 10 * replaced;
    const of = (samples: Map<string, Sample>, name: string, labels = worker) =>
      samples.get(`spillway_${name}{${labels}}`)?.value;
    // One that threads copy, one that they add to, one of another family, and the kernel's.
    expect(of(after, "worker_datagrams_out_total")).toBe(total);
    expect(of(after, "worker_packets_out_total")).toBe(total);
    expect(of(after, "layer_switches_total", `${worker},direction="up"`)).toBe(total);
    expect(of(after, "worker_waited_seconds_total")).toBe(total);
    // Of all workers together.
    const workers = h.plane.loads().length;
    for (const family of ["hls_segments_forced_total", "hls_frames_dropped_total"]) {
      expect(after.get(`spillway_${family}`)!.value).toBe(total * workers);
    }
    expect(of(after, "worker_restarts_total")).toBe(replaced);
    for (const state of [
      "worker_sessions",
      "worker_turn_max_us",
      "worker_lag_max_us",
      "worker_lag_median_us",
      "estimate_bits_per_second",
    ]) {
      expect([of(between, state), of(after, state)], state).toEqual([0, 10]);
    }
    before = after;
  }
});
