import { expect, test } from "bun:test";
import { EPOCH_MAX } from "../../../src/wire/cascade/name.ts";
import {
  readNowhere,
  readWhere,
  writeNowhere,
  writeWhere,
} from "../../../src/wire/cascade/where.ts";
import { checkFrame, overWire } from "./frames.ts";

test("a question for a name and its answer come back as they were written", () => {
  checkFrame(writeWhere("cam"), readWhere, "cam");
  for (const epoch of [0, 7, EPOCH_MAX]) {
    const nowhere = { name: "cam", epoch };
    checkFrame(writeNowhere(nowhere), readNowhere, nowhere);
  }
});

test("no name, a longer one than any stream has, and an epoch that none has are none", () => {
  for (const name of ["", "x".repeat(201)]) {
    expect(overWire(writeWhere(name), readWhere)).toBeNull();
    expect(overWire(writeNowhere({ name, epoch: 1 }), readNowhere)).toBeNull();
  }
  expect(overWire(writeNowhere({ name: "cam", epoch: EPOCH_MAX + 1 }), readNowhere)).toBeNull();
});
