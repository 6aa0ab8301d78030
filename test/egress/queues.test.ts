import { expect, test } from "bun:test";
import { CatchUp } from "../../src/egress/catch-up-queue.ts";
import { type Queued, Queues } from "../../src/egress/queues.ts";

/** A viewer with one track, which does as its fields say and writes down whose turn it was. */
class Fake implements Queued {
  readonly paced = false;
  readonly keyframePending = false;
  readonly tracks = [this];
  waits = true;
  probes = 2;

  constructor(
    readonly session: number,
    private readonly queues: Queues,
    private readonly turns: number[],
  ) {}

  look(): boolean {
    this.#note();
    return this.waits;
  }

  catchUp(): number {
    this.#note();
    return CatchUp.done;
  }

  sendProbes(): boolean {
    this.#note();
    this.probes -= 1;
    return this.probes > 0;
  }

  sendReports(): void {
    this.#note();
  }

  #note(): void {
    this.turns.push(this.session);
    expect(this.queues.serving).toBe(this.session);
  }
}

function scene(count: number): { queues: Queues; turns: number[]; viewers: Fake[] } {
  const queues = new Queues();
  const turns: number[] = [];
  const viewers = Array.from({ length: count }, (_, i) => new Fake(i, queues, turns));
  return { queues, turns, viewers };
}

test("everybody who waits is looked at within five calls, and who waits no more is left out", () => {
  const { queues, turns, viewers } = scene(1_000);
  for (const viewer of viewers) queues.waiting.add(viewer);
  viewers[500]!.waits = false;
  for (let call = 0; call < 5; call += 1) queues.lookAtWaiting(0);
  expect(new Set(turns).size).toBe(1_000);
  expect(turns.length).toBe(1_000);
  for (let call = 0; call < 5; call += 1) queues.lookAtWaiting(0);
  expect(turns.filter((session) => session === 500)).toEqual([500]);
  expect(turns.filter((session) => session === 501)).toEqual([501, 501]);
});

test("a cluster of probes is sent on until it is done, in ticks", () => {
  const { queues, turns, viewers } = scene(2);
  for (const viewer of viewers) queues.startProbing(viewer);
  queues.startProbing(viewers[0]!);
  expect([queues.probing.length, queues.probesAt]).toEqual([2, 0]);
  queues.sendProbes(10_000);
  expect(queues.probesAt).toBe(12_000);
  queues.sendProbes(12_000);
  expect(turns.toSorted()).toEqual([0, 0, 1, 1]);
  expect(queues.probing).toEqual([]);
});

test("a report that is due is sent once", () => {
  const { queues, turns, viewers } = scene(2);
  queues.reportsDue.push(viewers[1]!);
  queues.sendReportsDue(0);
  queues.sendReportsDue(0);
  expect(turns).toEqual([1]);
});

test("who has gone is in no list", () => {
  const { queues, turns, viewers } = scene(2);
  for (const viewer of viewers) {
    queues.waiting.add(viewer);
    queues.startProbing(viewer);
    queues.reportsDue.push(viewer);
  }
  queues.forget(viewers[0]!);
  queues.lookAtWaiting(0);
  queues.sendProbes(0);
  queues.sendReportsDue(0);
  expect(turns).toEqual([1, 1, 1]);
});
