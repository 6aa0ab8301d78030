import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { PeerTotals } from "../../src/host/peer-totals.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";

test("what ingest and egress count under the same name as the peers adds up", () => {
  const { counters } = WorkerBlock.create();
  const peers = createPeerCounters();
  const totals = new PeerTotals(peers, counters);
  counters[Counter.malformed]! += 5;
  counters[Counter.rtcpOverBudget]! += 6;
  Object.assign(peers, { stunMalformed: 1, srtpMalformed: 2, rtcpOverBudget: 4, unknown: 7 });
  totals.copy();
  totals.copy();
  expect([counters[Counter.malformed], counters[Counter.rtcpOverBudget]]).toEqual([8, 10]);
  expect(counters[Counter.datagramsUnknown]).toBe(7);
});
