import { expect, test } from "bun:test";
import { ReceiveStatistics } from "../../src/media/receive-statistics.ts";
import { ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";

const CLOCK = 90_000;
const block = new ReportBlock();

for (const start of WRAP_STARTS_16) {
  test(`expected, lost and highest (RFC 3550 A.3) over wraps from ${start}`, () => {
    const random = seeded(start + 5);
    const statistics = new ReceiveStatistics(CLOCK);
    let received = 0;
    for (let i = 0; i < 150_000; i += 1) {
      if (i > 0 && i < 149_999 && random() < 0.1) continue;
      statistics.update((start + i) & 0xffff, i * 90, i * 1000, CLOCK);
      received += 1;
    }
    statistics.report(150_000_000, 7, block);
    expect(block.packetsLost).toBe(150_000 - received);
    expect(block.highestSequence).toBe(start + 149_999);
    expect(Math.abs(block.fractionLost - 25.6)).toBeLessThan(2);
    // The fraction is of the interval: nothing was lost since.
    statistics.update((start + 150_000) & 0xffff, 150_000 * 90, 150_000_000, CLOCK);
    statistics.report(150_001_000, 7, block);
    expect(block.fractionLost).toBe(0);
    expect(block.jitter).toBe(0);
  });
}

test("jitter follows RFC 3550 A.8 and ignores late packets and clock jumps", () => {
  const statistics = new ReceiveStatistics(CLOCK);
  let expected = 0;
  let previous = 0;
  const random = seeded(9);
  for (let i = 0; i < 500; i += 1) {
    const delay = Math.floor(random() * 8000);
    // Over the wrap of the timestamp, too.
    statistics.update(i, (0xffffff00 + i * 900) >>> 0, 1000 + i * 10_000 + delay, CLOCK);
    if (i > 0) expected += (Math.abs(((delay - previous) * CLOCK) / 1e6) - expected) / 16;
    previous = delay;
  }
  expect(statistics.jitterUs).toBeCloseTo((expected * 1e6) / CLOCK, 3);
  const before = statistics.jitterUs;
  statistics.update(400, 17, 99_000_000, CLOCK);
  expect(statistics.jitterUs).toBe(before);
  statistics.update(500, 0x70000000, 5_100_000, CLOCK);
  expect(statistics.jitterUs).toBe(before);
});

test("DLSR is zero before the first sender report and counts in 1/65536 s", () => {
  const statistics = new ReceiveStatistics(CLOCK);
  statistics.update(1, 0, 0, CLOCK);
  statistics.report(1_000_000, 7, block);
  expect([block.lastSenderReport, block.delaySinceLastSenderReport]).toEqual([0, 0]);
  statistics.senderReport(0xabcd1234, 1_000_000);
  statistics.report(2_500_000, 7, block);
  expect(block.lastSenderReport).toBe(0xabcd1234);
  expect(block.delaySinceLastSenderReport).toBe(98_304);
});

test("duplicates can make the loss negative; a restart begins anew", () => {
  const statistics = new ReceiveStatistics(CLOCK);
  for (const sequence of [1, 2, 2, 2]) statistics.update(sequence, 0, 0, CLOCK);
  statistics.report(0, 7, block);
  expect([block.packetsLost, block.fractionLost]).toEqual([-2, 0]);
  statistics.update(30_000, 0, 0, CLOCK);
  expect(statistics.expected).toBe(1);
});
