/** What sources send, by their rings' totals. */
import { expect, test } from "bun:test";
import { SourceRates } from "../../../src/control/streams/source-rates.ts";
import { Harness, SIMULCAST_OFFER } from "../../support/control-harness.ts";
import { Link } from "../../support/link.ts";

async function withRates() {
  const h = await Harness.start();
  const rates = new SourceRates(h.plane, { now: () => h.nowUs, wall: () => h.wallMs });
  return { h, rates };
}

test("a rate is what came since the look before, the first since the source began", async () => {
  const { h, rates } = await withRates();
  const { source } = new Link(h, "a");
  h.plane.description = { bytes: 250_000 };
  expect(rates.of(source, "video")).toBe(0);
  h.nowUs += 1e6;
  rates.update(source);
  expect(rates.of(source, "video")).toBe(2_000_000);
  expect(rates.of(source, "audio")).toBe(0);
  h.nowUs += 2e6;
  h.plane.description = { bytes: 750_000 };
  rates.update(source);
  expect(rates.of(source, "video")).toBe(2_000_000);
  h.nowUs += 1e6;
  rates.update(source);
  expect(rates.of(source, "video")).toBe(0);
});

test("the layers of a video add up, beside the audio; a session's source is no other", async () => {
  const { h, rates } = await withRates();
  await h.publish("a", true, SIMULCAST_OFFER);
  const source = h.control.registry.streams.get("a")!.source!;
  for (const [i, { ring }] of source.tracks.entries()) {
    h.plane.descriptions.set(ring.index, { bytes: 1000 * 10 ** i });
  }
  h.nowUs += 1e6;
  rates.update(source);
  expect(rates.of(source, "audio")).toBe(8_000);
  expect(rates.of(source, "video")).toBe(880_000);
});

test("a look that comes too soon after the one before is none", async () => {
  const { h, rates } = await withRates();
  const { source } = new Link(h, "a");
  h.plane.description = { bytes: 250_000 };
  h.nowUs += 100_000;
  rates.update(source);
  expect(rates.of(source, "video")).toBe(0);
  h.nowUs += 900_000;
  rates.update(source);
  expect(rates.of(source, "video")).toBe(2_000_000);
});
