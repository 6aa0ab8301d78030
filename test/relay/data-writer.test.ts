import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { Staging } from "../../src/feed/staging.ts";
import { LINK_BURST_PACKETS, LINK_REPEATS_PER_SECOND } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { LinkOutput } from "../../src/relay/link-output.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { allocate, counters, grantOf, Port, READER, writePacket } from "./slots.ts";

const SECOND_US = 1_000_000;

test("of what lies in rings a link takes a burst at once, then so much a second, whatever asks", () => {
  const writer = new DataWriter(new LinkOutput(new Port()), counters());
  const taken = (now: number): number => {
    let count = 0;
    while (writer.mayRepeat(now)) count += 1;
    return count;
  };
  expect(taken(5)).toBe(LINK_BURST_PACKETS);
  let later = 0;
  for (let at = 1_000; at <= SECOND_US; at += 1_000) later += taken(5 + at);
  expect(later).toBe(LINK_REPEATS_PER_SECOND);
  expect(taken(10 * SECOND_US)).toBe(LINK_BURST_PACKETS);
});

test("packets are counted as they leave, whole or in halves, and not before", () => {
  const port = new Port();
  const count = counters();
  const writer = new DataWriter(new LinkOutput(port), count);
  const staging = new Staging(allocate(Staging.bytes(1)), 1);
  const send = (length: number): number => {
    const { buffer } = grantOf("video");
    writePacket(new RingWriter(buffer), 1, 1_000, 0, length);
    staging.clear();
    staging.load(new RingReader(buffer, READER), 1);
    return writer.send(2, 1, staging, 0, 5_000);
  };
  for (const length of [100, 1_000, 1_800]) expect(send(length)).toBeGreaterThan(length);
  expect(count[Counter.packetsOut!]).toBe(3);
  port.room = 0;
  send(1_000);
  expect(send(1_000)).toBe(-1);
  expect(count[Counter.packetsOut!]).toBe(4);
});
