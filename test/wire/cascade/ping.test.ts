import { expect, test } from "bun:test";
import { decodeElements } from "../../../src/wire/cascade/elements.ts";
import { Frame } from "../../../src/wire/cascade/kinds.ts";
import {
  encodePaddedPing,
  readPing,
  readPong,
  writePing,
  writePong,
} from "../../../src/wire/cascade/ping.ts";
import { checkFrame, overWire } from "./frames.ts";

test("PING brings the asker's clock, PONG brings it back with how its end fares", () => {
  checkFrame(writePing(2 ** 52), readPing, 2 ** 52);
  const pong = {
    at: 1_700_000_000_000_000,
    heldUs: 120,
    load: 255,
    lagUs: 4_000_000,
    filled: 254,
    clockUs: 5,
  };
  checkFrame(writePong(pong), readPong, pong, 2);
});

test("cascade-mtu: a PING is as long as it is to be, and is one all the same", () => {
  for (const at of [1, 70_000, 2 ** 33, 2 ** 52]) {
    for (const bytes of [1_200, 1_444]) {
      const ping = encodePaddedPing(at, bytes);
      expect(ping).toHaveLength(bytes);
      const elements = decodeElements(ping)!;
      expect(elements.uint()).toBe(Frame.ping);
      expect(readPing(elements)).toBe(at);
    }
  }
});

test("a PONG that does not say how full its node is is one all the same", () => {
  const pong = { at: 1, heldUs: 2, load: 3, lagUs: 4, filled: null, clockUs: null };
  expect(writePong(pong)).toHaveLength(5);
  expect(overWire(writePong(pong), readPong)).toEqual(pong);
});
