import { expect, test } from "bun:test";
import { CHECKS_PER_SECOND, RTCP_DATAGRAMS_PER_SECOND } from "../../src/limits.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import { InboundBudget } from "../../src/peer/inbound-budget.ts";
import { DatagramKind } from "../../src/wire/demux.ts";
import { copyPath } from "../../src/wire/path.ts";
import { StunClass, StunMessage } from "../../src/wire/stun.ts";
import { VIA } from "../support/transport.ts";
import { sockaddr } from "./pair.ts";

const HERE = sockaddr(2);
const ELSEWHERE = sockaddr(3);
const SELECTED = copyPath(VIA, HERE, 0);

function setUp(bitrateMax = 0) {
  const counters = createPeerCounters();
  return { counters, budget: new InboundBudget({ bitrateMax }, counters) };
}

/** Checks in a second, evenly; how many are worked on. */
function checks(budget: InboundBudget, from: Uint8Array, count: number, authentic = true): number {
  const message = new StunMessage();
  let worked = 0;
  for (let i = 0; i < count; i += 1) {
    const now = 1e6 + (i * 1e6) / count;
    if (budget.refusesCheck(now, SELECTED, message, VIA, from, 0)) continue;
    worked += 1;
    if (authentic) budget.chargeCheck(now);
  }
  return worked;
}

test("S9: a flood of checks is answered 50 times a second after the first 50", () => {
  const { budget, counters } = setUp();
  expect(checks(budget, HERE, 10_000)).toBeLessThanOrEqual(2 * CHECKS_PER_SECOND);
  expect(counters.stunOverBudget).toBeGreaterThan(9_000);
});

test("S9: overheard checks from elsewhere take nothing from those of the selected path", () => {
  const { budget } = setUp();
  checks(budget, ELSEWHERE, 100_000);
  expect(checks(budget, HERE, 40)).toBe(40);
});

test("S9: what is not authentic, or no request, takes nothing", () => {
  const { budget } = setUp();
  expect(checks(budget, HERE, 10_000, false)).toBe(10_000);
  const message = new StunMessage();
  message.class = StunClass.success;
  for (let i = 0; i < 1000; i += 1) {
    expect(budget.refusesCheck(1e6, SELECTED, message, VIA, HERE, 0)).toBeFalse();
    budget.chargeCheck(1e6);
  }
});

test("S9: RTP beyond a publisher's bit rate in small packets, and any flood of a viewer's", () => {
  for (const [bitrate, atMost] of [
    [20e6, 2 * 25_000],
    [0, 2 * 200],
  ] as const) {
    const { budget, counters } = setUp(bitrate);
    let opened = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const now = 1e6 + i * 10;
      if (budget.refuses(now, DatagramKind.rtp)) continue;
      opened += 1;
      budget.charge(now, DatagramKind.rtp);
    }
    expect(opened).toBeLessThanOrEqual(atMost);
    expect(counters.rtpOverBudget).toBe(100_000 - opened);
  }
});

test("S9: RTCP that keeps its share is never refused beside a flood of RTP", () => {
  const { budget, counters } = setUp();
  for (let i = 0; i < 400; i += 1) {
    for (let j = 0; j < 10; j += 1) budget.charge(1e6 + i * 2500, DatagramKind.rtp);
    expect(budget.refuses(1e6 + i * 2500, DatagramKind.rtcp)).toBeFalse();
    budget.charge(1e6 + i * 2500, DatagramKind.rtcp);
  }
  for (let i = 0; i < 5000; i += 1) {
    if (!budget.refuses(3e6, DatagramKind.rtcp)) budget.charge(3e6, DatagramKind.rtcp);
  }
  expect(counters.rtcpOverBudget).toBe(5000 - RTCP_DATAGRAMS_PER_SECOND);
});
