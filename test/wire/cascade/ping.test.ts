import { expect, test } from "bun:test";
import { readPing, readPong, writePing, writePong } from "../../../src/wire/cascade/ping.ts";
import { checkFrame, overWire } from "./frames.ts";

test("PING brings the asker's clock, PONG brings it back with how its end fares", () => {
  checkFrame(writePing(2 ** 52), readPing, 2 ** 52);
  const pong = { at: 1_700_000_000_000_000, heldUs: 120, load: 255, lagUs: 4_000_000, filled: 254 };
  checkFrame(writePong(pong), readPong, pong, 1);
});

test("a PONG that does not say how full its node is is one all the same", () => {
  const pong = { at: 1, heldUs: 2, load: 3, lagUs: 4, filled: null };
  expect(writePong(pong)).toHaveLength(5);
  expect(overWire(writePong(pong), readPong)).toEqual(pong);
});
