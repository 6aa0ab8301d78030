/** Who had the processors, from invented readings. */
import { expect, test } from "bun:test";
import { processorShares, Starvation } from "../../../src/control/plane/starvation.ts";
import type { MachineTime, ProcessorReader, ProcessTime } from "../../../src/processors.ts";

const SECOND = 1_000_000;

class FakeReader implements ProcessorReader {
  readonly pid = 10;
  time: MachineTime | null = { cores: 2, busyUs: 0, idleUs: 0, stolenUs: 0 };
  readonly list = new Map<number, ProcessTime>();

  thread() {
    return null;
  }

  machine() {
    return this.time;
  }

  processes() {
    return new Map(this.list);
  }

  spend(seconds: { busy?: number; idle?: number; stolen?: number }): void {
    const { busy = 0, idle = 0, stolen = 0 } = seconds;
    const time = this.time!;
    this.time = {
      cores: time.cores,
      busyUs: time.busyUs + busy * SECOND,
      idleUs: time.idleUs + idle * SECOND,
      stolenUs: time.stolenUs + stolen * SECOND,
    };
  }

  process(id: number, name: string, seconds: number, started = 1): void {
    this.list.set(id, { name, parent: 1, started, ranUs: seconds * SECOND, childrenUs: 0 });
  }
}

const thread = (waitedUs: number) => ({ ranUs: 0, waitedUs, runnable: false });

test("O1: pressure is measured between two rounds", () => {
  const reader = new FakeReader();
  const starvation = new Starvation(reader);
  expect(starvation.round(SECOND, [thread(7e6)])).toEqual({ waiting: 0, stolen: 0 });
  reader.spend({ busy: 1.2, idle: 0.4, stolen: 0.4 });
  const pressure = starvation.round(2 * SECOND, [thread(7.5e6), null]);
  expect(pressure.waiting).toBeCloseTo(0.5);
  expect(pressure.stolen).toBeCloseTo(0.2);
});

test("O1: without /proc a machine is taken for a calm one", () => {
  const reader = new FakeReader();
  reader.time = null;
  const starvation = new Starvation(reader);
  for (const at of [1, 2]) {
    expect(starvation.round(at * SECOND, [null])).toEqual({ waiting: 0, stolen: 0 });
  }
  starvation.suspect(3 * SECOND);
  expect(starvation.blame(4 * SECOND)).toEqual({});
});

test("O1: the blame names the shares and the greediest processes", () => {
  const reader = new FakeReader();
  const starvation = new Starvation(reader);
  reader.process(10, "spillway", 100);
  reader.process(20, "cc1 (odd) name", 50);
  reader.process(21, "cron", 1);
  starvation.suspect(0);
  // A number that was given to another process in between has all of its time from there.
  reader.process(10, "spillway", 100.2);
  reader.process(20, "cc1 (odd) name", 52);
  reader.process(21, "backup", 0.6, 99);
  reader.process(22, "idler", 0.01);
  reader.spend({ busy: 3, idle: 0.2, stolen: 0.8 });
  expect(starvation.blame(2 * SECOND)).toEqual({
    server: "5 %",
    others: "70 %",
    stolen: "20 %",
    most: "cc1 (odd) name (20) 50 %, backup (21) 15 %",
  });
  starvation.calm();
  expect(starvation.blame(3 * SECOND)).toEqual({});
});

test("O1: a process that has ended when the worker beats again is named by what was seen of it", () => {
  const reader = new FakeReader();
  const starvation = new Starvation(reader);
  starvation.suspect(0);
  reader.process(30, "greedy", 0.4);
  starvation.suspect(0.25 * SECOND);
  reader.process(30, "greedy", 1.4);
  starvation.suspect(SECOND);
  reader.list.delete(30);
  reader.spend({ busy: 2, idle: 2 });
  expect(starvation.blame(2 * SECOND)).toMatchObject({ others: "50 %", most: "greedy (30) 35 %" });
  // Of the next who is late it was no neighbour.
  starvation.calm();
  starvation.suspect(3 * SECOND);
  reader.spend({ busy: 2, idle: 2 });
  expect(starvation.blame(5 * SECOND)).toEqual({ server: "0 %", others: "50 %", stolen: "0 %" });
});

test("O1: shares of the processors add up and never exceed what was busy", () => {
  const time = (busyUs: number, idleUs: number, stolenUs: number): MachineTime => {
    return { cores: 1, busyUs, idleUs, stolenUs };
  };
  const shares = processorShares(time(0, 0, 0), time(6e5, 3e5, 1e5), 2e5)!;
  expect(shares).toEqual({ server: 0.2, others: 0.4, stolen: 0.1 });
  expect(processorShares(time(0, 0, 0), time(1e5, 9e5, 0), 5e5)!.others).toBe(0);
  expect(processorShares(null, time(1, 1, 1), 0)).toBeNull();
  expect(processorShares(time(1, 1, 1), time(1, 1, 1), 0)).toBeNull();
});
