import { expect, test } from "bun:test";
import { NO_ASSOCIATION, readRekey, writeRekey } from "../../../src/wire/cascade/rekey.ts";
import { checkFrame, NODE, overWire } from "./frames.ts";

test("an association's name comes back as it was written, and so does none", () => {
  checkFrame(writeRekey(NODE), readRekey, NODE);
  expect(overWire(writeRekey(NO_ASSOCIATION), readRekey)).toEqual(NO_ASSOCIATION);
  for (const length of [1, 15, 17]) {
    expect(overWire(writeRekey(new Uint8Array(length)), readRekey)).toBeNull();
  }
});
