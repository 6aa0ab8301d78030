import { expect, test } from "bun:test";
import {
  ANSWER_PART_MAX,
  readAnswer,
  readAsk,
  writeAnswer,
  writeAsk,
} from "../../../src/wire/cascade/ask.ts";
import { checkFrame, NODE, OTHER, overWire } from "./frames.ts";

const ASK = { asker: NODE, nonce: 7, to: OTHER, question: Uint8Array.of(1, 2) };
const ANSWER = {
  ...{ asker: NODE, nonce: 7, node: OTHER, number: 3, more: false },
  ...{ asked: [NODE, OTHER], part: Uint8Array.of(1, 2) },
};

test("questions and answers come back as they were written", () => {
  checkFrame(writeAsk(ASK), readAsk, ASK);
  const toAll = { ...ASK, to: new Uint8Array(0) };
  checkFrame(writeAsk(toAll), readAsk, toAll);
  checkFrame(writeAnswer(ANSWER), readAnswer, ANSWER);
  const empty = { ...ANSWER, asked: [], part: new Uint8Array(0) };
  checkFrame(writeAnswer(empty), readAnswer, empty);
});

test("beyond their measure they are none", () => {
  const question = new Uint8Array(3501);
  expect(overWire(writeAsk({ ...ASK, question }), readAsk)).toBeNull();
  expect(overWire(writeAsk({ ...ASK, question: new Uint8Array(0) }), readAsk)).toBeNull();
  expect(overWire(writeAsk({ ...ASK, to: NODE.subarray(1) }), readAsk)).toBeNull();
  const part = new Uint8Array(ANSWER_PART_MAX + 1);
  expect(overWire(writeAnswer({ ...ANSWER, part }), readAnswer)).toBeNull();
  const cut = writeAnswer(ANSWER).toSpliced(6, 1, NODE.subarray(1));
  expect(overWire(cut, readAnswer)).toBeNull();
});

test("of more nodes than it may name it names as many as it may", () => {
  const asked = new Array(300).fill(NODE);
  expect(overWire(writeAnswer({ ...ANSWER, asked }), readAnswer)!.asked).toHaveLength(240);
});
