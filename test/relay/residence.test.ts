import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import { Residence } from "../../src/relay/residence.ts";

function told(counters: Float64Array): number[] {
  return [counters[Counter.residenceMedianUs]!, counters[Counter.residenceP99Us]!];
}

test("a packet is here from its coming until the turn has sent it", () => {
  const counters = new Float64Array(COUNTER_NAMES.length);
  const residence = new Residence(counters);
  expect(residence.waiting).toBe(false);
  for (let turn = 0; turn < 100; turn += 1) {
    const came = 1e6 + turn * 20_000;
    residence.note({ receipts: Float64Array.of(came, came + 100), count: 2 });
    expect(residence.waiting).toBe(true);
    // One turn is late.
    residence.left(came + (turn === 50 ? 9_000 : 200));
    expect(residence.waiting).toBe(false);
  }
  residence.tell(6e6);
  expect(told(counters)[0]).toBeWithin(200, 251);
  expect(told(counters)[1]).toBeWithin(200, 9_001);
  residence.note({ receipts: Float64Array.of(6e6), count: 1 });
  residence.left(6e6 + 700);
  residence.tell(10e6);
  expect(told(counters)[0]).toBeWithin(200, 251);
  residence.tell(11e6);
  expect(told(counters)).toEqual([700, 700]);
});

test("a turn with more packets than are looked at forgets none of the next", () => {
  const counters = new Float64Array(COUNTER_NAMES.length);
  const residence = new Residence(counters);
  const receipts = new Float64Array(5_000);
  residence.note({ receipts, count: 5_000 });
  residence.left(50);
  residence.note({ receipts: Float64Array.of(1_000), count: 1 });
  residence.left(4_000);
  residence.tell(6e6);
  expect(told(counters)[1]).toBeWithin(50, 63);
});
