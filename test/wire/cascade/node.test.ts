import { expect, test } from "bun:test";
import {
  CORES_MAX,
  readClose,
  readCores,
  readDrain,
  readOwn,
  readOwnQuestion,
  writeClose,
  writeCores,
  writeDrain,
  writeOwn,
  writeOwnQuestion,
} from "../../../src/wire/cascade/node.ts";
import { checkFrame, NODE, OTHER, overWire } from "./frames.ts";

const CORES = [
  { node: NODE, addresses: ["10.0.0.1:8300"] },
  { node: OTHER, addresses: [] },
];

test("what nodes say beside streams comes back as it was written", () => {
  checkFrame(writeCores(CORES), readCores, CORES);
  checkFrame(writeCores([]), readCores, []);
  checkFrame(writeOwnQuestion({ nonce: 9, name: "a" }), readOwnQuestion, { nonce: 9, name: "a" });
  checkFrame(writeOwn({ nonce: 9, alive: true }), readOwn, { nonce: 9, alive: true });
  checkFrame(writeDrain(5000), readDrain, 5000);
  checkFrame(writeClose("stopping"), readClose, "stopping");
});

test("beyond their measure they are none", () => {
  const many = new Array(CORES_MAX + 1).fill(CORES[0]);
  expect(overWire(writeCores(many), readCores)).toBeNull();
  const far = [{ node: NODE, addresses: new Array(9).fill("a:1") }];
  expect(overWire(writeCores(far), readCores)).toBeNull();
  expect(overWire(writeDrain(600_001), readDrain)).toBeNull();
  expect(overWire(writeClose("x".repeat(129)), readClose)).toBeNull();
});
