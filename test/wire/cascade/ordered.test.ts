import { expect, test } from "bun:test";
import {
  PIECE_BYTES_MAX,
  readAcknowledge,
  readOrdered,
  writeAcknowledge,
  writeOrdered,
} from "../../../src/wire/cascade/ordered.ts";
import { checkFrame, overWire } from "./frames.ts";

test("pieces and acknowledgements come back as they were written", () => {
  const ordered = {
    number: 0xffff_ffff,
    more: true,
    piece: new Uint8Array(PIECE_BYTES_MAX).fill(7),
  };
  checkFrame(writeOrdered(ordered), readOrdered, ordered);
  checkFrame(writeAcknowledge(0xffff_ffff), readAcknowledge, 0xffff_ffff);
});

test("a piece has one byte at least and as many as it may at most", () => {
  for (const length of [0, PIECE_BYTES_MAX + 1]) {
    const written = writeOrdered({ number: 0, more: false, piece: new Uint8Array(length) });
    expect(overWire(written, readOrdered)).toBeNull();
  }
});
