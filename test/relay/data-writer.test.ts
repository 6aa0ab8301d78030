import { expect, test } from "bun:test";
import { LINK_BURST_PACKETS, LINK_REPEATS_PER_SECOND } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { LinkOutput } from "../../src/relay/link-output.ts";
import { Port } from "./slots.ts";

const SECOND_US = 1_000_000;

test("of what lies in rings a link takes a burst at once, then so much a second, whatever asks", () => {
  const writer = new DataWriter(new LinkOutput(new Port()));
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
