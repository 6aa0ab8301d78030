import { expect, test } from "bun:test";
import { ProbeCluster } from "../../src/media/probe-cluster.ts";
import { type ProbeView, Probing } from "../../src/media/probing.ts";
import { seeded } from "../support/random.ts";

/** Sends the padding that is due over a line of so many bits a second, feedback after 80 ms. */
class Path {
  now = 1e6;
  rates: number[] = [];
  loss = 0;
  results: number[] = [];
  private free = 0;
  private pending: { at: number; sent: number; arrival: number; bytes: number; cluster: number }[] =
    [];

  constructor(
    readonly probing: Probing,
    public capacity: number,
    readonly view: { targetBitrate: number; pathClear: boolean } = {
      targetBitrate: 300_000,
      pathClear: true,
    },
  ) {}

  run(ms: number): void {
    for (let i = 0; i < ms; i += 1, this.now += 1000) this.tick(this.view);
  }

  private tick(view: ProbeView): void {
    for (;;) {
      const bytes = this.probing.due(this.now, view);
      if (bytes === 0) break;
      const { cluster } = this.probing;
      if (this.rates.at(-1) !== this.probing.rate) this.rates.push(this.probing.rate);
      this.free = Math.max(this.free, this.now) + (bytes * 8e6) / this.capacity;
      this.pending.push({
        at: this.now + 80_000,
        sent: this.now,
        arrival: this.free,
        bytes,
        cluster,
      });
      this.probing.noteSent(this.now, bytes, true);
    }
    while (this.pending.length > 0 && this.pending[0]!.at <= this.now) {
      const { sent, arrival, bytes, cluster } = this.pending.shift()!;
      this.probing.noteReceived(cluster, sent, arrival, bytes);
      const result = this.probing.evaluate(this.now, sent, this.loss);
      if (result === 0) continue;
      this.results.push(result);
      this.view.targetBitrate = Math.max(this.view.targetBitrate, result);
    }
  }
}

test("first probes go up by 3 and then twice the result, to what can be of use", () => {
  const probing = new Probing(300_000, () => 0.5);
  probing.setDemand(600_000, 2_700_000);
  const path = new Path(probing, 100e6);
  path.run(2000);
  expect(path.rates.map((rate) => Math.round(rate / 1e5))).toEqual([9, 18, 32]);
  expect(path.results.at(-1)! / 3.24e6).toBeGreaterThan(0.95);
  expect(probing.successes).toBe(3);
  path.run(10_000);
  expect(probing.probes).toBe(3);
});

test("a saturated probe shows 0.95 of the capacity and ends the climb", () => {
  const probing = new Probing(300_000, () => 0.5);
  probing.setDemand(600_000, 2_700_000);
  const path = new Path(probing, 1.2e6);
  path.run(1000);
  expect(path.results.at(-1)! / (1.2e6 * 0.95)).toBeCloseTo(1, 1);
});

test("a layer that does not fit is tried again after 2 to 4 s", () => {
  const probing = new Probing(300_000, () => 0.5);
  probing.setDemand(1_700_000, 1_700_000);
  const path = new Path(probing, 1.2e6);
  path.run(60_000);
  expect(probing.probes).toBeGreaterThan(13);
  expect(probing.probes).toBeLessThan(24);
  probing.setDemand(0, 1_700_000);
  const { probes } = probing;
  path.run(20_000);
  expect(probing.probes).toBeLessThanOrEqual(probes + 1);
});

/** Past its first probes, which showed 1.2 Mb/s; from then on the path carries 5. */
function settled(random = () => 0.5): Path {
  const probing = new Probing(300_000, random);
  probing.setDemand(1_700_000, 1_700_000);
  const path = new Path(probing, 1.2e6);
  path.run(1000);
  path.capacity = 5e6;
  path.results = [];
  return path;
}

test("a layer is probed for twice in a row, since one may fit between two frames of others", () => {
  const path = settled();
  const { probing } = path;
  const { probes, successes } = probing;
  while (probing.successes === successes && path.now < 10e6) path.run(10);
  expect(probing.probes).toBe(probes + 2);
  expect(path.results.length).toBe(1);
  // The first passes, the second finds the path full: neither counts.
  const unlucky = settled();
  while (unlucky.probing.probes === probes && unlucky.now < 10e6) unlucky.run(10);
  unlucky.run(150);
  unlucky.capacity = 1.2e6;
  unlucky.run(300);
  expect(unlucky.probing.probes).toBe(probes + 2);
  expect(unlucky.probing.successes).toBe(successes);
  expect(Math.max(...unlucky.results)).toBeLessThan(1.3e6);
});

test("where packets are lost anyway one probe that passes is enough", () => {
  const path = settled();
  path.loss = 0.05;
  const { probes, successes } = path.probing;
  while (path.probing.successes === successes && path.now < 10e6) path.run(10);
  expect(path.probing.probes).toBe(probes + 1);
});

test("a probe that nearly passed is repeated soon, once", () => {
  const path = settled();
  path.capacity = 1_700_000 * 1.2 * 0.91;
  const { probing } = path;
  const started: number[] = [];
  while (started.length < 5 && path.now < 40e6) {
    const { probes } = probing;
    path.run(1);
    if (probing.probes > probes) started.push(path.now);
  }
  const pauses = started.slice(1).map((at, i) => at - started[i]!);
  const soon = pauses.map((us) => us < 1_000_000);
  expect(soon).toEqual(soon[0] ? [true, false, true, false] : [false, true, false, true]);
});

test("viewers who began together do not probe together", () => {
  const seed = 7;
  const random = seeded(seed);
  const [one, other] = [settled(random), settled(random)];
  for (const path of [one, other]) path.capacity = 1.2e6;
  let together = 0;
  for (let ms = 0; ms < 60_000; ms += 1) {
    const before = [one.probing.probes, other.probing.probes];
    one.run(1);
    other.run(1);
    if (one.probing.probes > before[0]! && other.probing.probes > before[1]!) together += 1;
  }
  expect(together, `seed ${seed}`).toBeLessThan(3);
});

test("no probe without a clear path or before the layers are known", () => {
  const probing = new Probing(300_000, () => 0.5);
  const path = new Path(probing, 10e6, { targetBitrate: 300_000, pathClear: true });
  path.run(1000);
  probing.setDemand(600_000, 2_700_000);
  path.view.pathClear = false;
  path.run(1000);
  expect(probing.probes).toBe(0);
});

test("a cluster without feedback is given up", () => {
  const probing = new Probing(300_000, () => 0.5);
  probing.setDemand(600_000, 600_000);
  const view = { targetBitrate: 300_000, pathClear: true };
  for (let now = 0; now < 1.4e6; now += 1000) {
    const bytes = probing.due(now, view);
    if (bytes > 0) probing.noteSent(now, bytes, true);
  }
  expect(probing.nextTimeout()).toBeLessThan(1.7e6);
  expect(probing.due(1.7e6, view)).toBe(0);
  expect(probing.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  expect(probing.due(1.7e6 + 3.1e6, view)).toBeGreaterThan(0);
});

test("media ahead of the rate delays the padding", () => {
  const probing = new Probing(300_000, () => 0.5);
  probing.setDemand(600_000, 2_700_000);
  const view = { targetBitrate: 300_000, pathClear: true };
  const first = probing.due(0, view);
  probing.noteSent(0, first, true);
  probing.noteSent(0, 1800, false);
  // 900 kb/s: 1,800 bytes are 16 ms.
  expect(probing.due(16_000, view)).toBe(0);
  expect(probing.due(16_000 + (first * 8e6) / 900_000 + 1, view)).toBe(first);
});

test("cluster results: loss of the path, loss beyond it, aggregation", () => {
  const make = (received: number, spacing: number) => {
    const cluster = new ProbeCluster();
    for (let i = 0; i < 10; i += 1) cluster.noteSent(1000);
    for (let i = 0; i < received; i += 1) cluster.noteReceived(i * 4000, 5e9 + i * spacing, 1000);
    return cluster;
  };
  expect(make(10, 4000).result(0)).toBe(2e6);
  expect(make(10, 8000).result(0)).toBeCloseTo(0.95e6);
  expect(make(10, 4000).result(0.1)).toBeCloseTo(2e6 / 0.9);
  expect(make(5, 4000).result(0)).toBe(0);
  expect(make(10, 1500).result(0)).toBe(0);
  expect(new ProbeCluster().result(0)).toBe(0);
});
