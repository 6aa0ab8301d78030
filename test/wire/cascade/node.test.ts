import { expect, test } from "bun:test";
import {
  CORES_MAX,
  readClose,
  readCores,
  readDrain,
  readOwn,
  readOwnQuestion,
  type ToldCore,
  writeClose,
  writeCores,
  writeDrain,
  writeOwn,
  writeOwnQuestion,
} from "../../../src/wire/cascade/node.ts";
import { checkFrame, NODE, OTHER, overWire } from "./frames.ts";

const CORES: ToldCore[] = [
  { node: NODE, addresses: ["10.0.0.1:8300"], region: "eu", roundTripUs: 11_500 },
  { node: OTHER, addresses: [], region: "", roundTripUs: null },
];

test("what nodes say beside streams comes back as it was written", () => {
  for (const cores of [CORES, []]) {
    for (const more of [true, false]) {
      checkFrame(writeCores({ cores, more }), readCores, { cores, more }, 1);
    }
  }
  const question = { nonce: 9, name: "a", withinMs: 200 };
  checkFrame(writeOwnQuestion(question), readOwnQuestion, question, 1);
  const before = writeOwnQuestion(question).slice(0, 3);
  expect(overWire(before, readOwnQuestion)).toEqual({ ...question, withinMs: 2_000 });
  checkFrame(writeOwn({ nonce: 9, alive: true }), readOwn, { nonce: 9, alive: true });
  checkFrame(writeDrain(5000), readDrain, 5000);
  checkFrame(writeClose("stopping"), readClose, "stopping");
});

test("an older version tells of cores no more than where they are", () => {
  const written = [17, [[NODE, ["10.0.0.1:8300"]]]];
  const core = { node: NODE, addresses: ["10.0.0.1:8300"], region: "", roundTripUs: null };
  expect(overWire(written, readCores)).toEqual({ cores: [core], more: false });
});

test("beyond their measure they are none", () => {
  const [core] = CORES;
  const wrong: ToldCore[][] = [
    new Array(CORES_MAX + 1).fill(core),
    [{ ...core!, addresses: new Array(9).fill("a:1") }],
    [{ ...core!, region: "x".repeat(65) }],
    [{ ...core!, roundTripUs: 2 ** 31 }],
  ];
  for (const cores of wrong) {
    expect(overWire(writeCores({ cores, more: false }), readCores)).toBeNull();
  }
  expect(overWire(writeDrain(600_001), readDrain)).toBeNull();
  expect(overWire(writeClose("x".repeat(129)), readClose)).toBeNull();
});
