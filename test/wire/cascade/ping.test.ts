import { test } from "bun:test";
import { readPing, readPong, writePing, writePong } from "../../../src/wire/cascade/ping.ts";
import { checkFrame } from "./frames.ts";

test("PING brings the asker's clock, PONG brings it back with how its end fares", () => {
  checkFrame(writePing(2 ** 52), readPing, 2 ** 52);
  const pong = { at: 1_700_000_000_000_000, heldUs: 120, load: 255, lagUs: 4_000_000 };
  checkFrame(writePong(pong), readPong, pong);
});
