import { expect, test } from "bun:test";
import {
  REMARK_TYPES,
  type Remark,
  readDraft,
  readRemark,
} from "../../../src/control/streams/remark.ts";
import { EVENT_NAME_MAX, EVENT_TEXT_MAX } from "../../../src/limits.ts";
import { Dice } from "../../fuzz/dice.ts";

function draft(value: unknown) {
  return readDraft(JSON.stringify(value));
}

test("an event is read as it is, with a time or without", () => {
  expect(draft({ type: "chat", data: { text: "hi" } })).toEqual({
    type: "chat",
    at: null,
    data: { text: "hi" },
  });
  expect(draft({ type: "cue", at: 1_790_000_000_000.4, data: { slide: [1, null] } })).toEqual({
    type: "cue",
    at: 1_790_000_000_000,
    data: { slide: [1, null] },
  });
  for (const type of ["hand", "reaction", "cue"] as const) {
    expect(draft({ type, data: {} })).toEqual({ type, at: null, data: {} });
  }
});

test("markup and control characters of a text stay as they are", () => {
  const text = "<b onclick=x>\u0000\u001b[31m\r\n\u2028data: x\u202e\ud800";
  expect(draft({ type: "chat", data: { text } })).toMatchObject({ data: { text } });
});

test("a text has 500 characters, in whatever script", () => {
  for (const letter of ["a", "語", "👏"]) {
    const most = letter.repeat(EVENT_TEXT_MAX);
    expect(draft({ type: "chat", data: { text: most } })).not.toHaveProperty("wrong");
    expect(draft({ type: "cue", data: { text: most + letter } })).toHaveProperty("wrong");
  }
});

test("numbers that are longer when they are told do not make it longer than it may be", () => {
  const body = `{"type":"cue","data":{"x":[${new Array(500).fill("1e20").join()}]}}`;
  expect(readDraft(body)).toEqual({ wrong: "`data` is too long." });
});

test("what is no event is refused, and says why", () => {
  const data = { text: "x" };
  const wrong: readonly unknown[] = [
    null,
    [],
    "chat",
    {},
    { type: "chat" },
    { data },
    { type: "retract", data: { id: 1 } },
    { type: "Chat", data },
    { type: ["chat"], data },
    { type: "chat", data: { text: "" } },
    { type: "caption", data: {} },
    { type: "chat", data: { text: 5 } },
    { type: "chat", data: [] },
    { type: "chat", data: null },
    { type: "chat", at: "now", data },
    { type: "chat", at: null, data },
    { type: "chat", at: 1e300, data },
    { type: "chat", from: "me", data },
    { type: "chat", id: 1, data },
  ];
  for (const value of wrong) {
    expect([value, draft(value)]).toEqual([value, { wrong: expect.stringMatching(/\w+ .*\.$/) }]);
  }
  expect(readDraft("{")).toHaveProperty("wrong");
  expect(readDraft("")).toHaveProperty("wrong");
});

test("a remark of another node comes as it went, and one with less or more is none", () => {
  const remark: Remark = { id: 7, type: "chat", at: 9, from: "Ann", data: { text: "x" } };
  expect(readRemark(JSON.stringify(remark))).toEqual(remark);
  expect(readRemark(JSON.stringify({ ...remark, type: "retract", from: null }))).not.toBeNull();
  const wrong: readonly object[] = [
    { id: 0 },
    { id: -1 },
    { id: 1.5 },
    { id: "7" },
    { type: "gossip" },
    { at: null },
    { from: 5 },
    { from: "x".repeat(2 * EVENT_NAME_MAX + 1) },
    { data: [] },
  ];
  for (const part of wrong) {
    expect([part, readRemark(JSON.stringify({ ...remark, ...part }))]).toEqual([part, null]);
  }
});

test("fuzz: whatever comes is an event within its limits, or refused", () => {
  let read = 0;
  for (let seed = 1; seed <= 400; seed += 1) {
    const dice = new Dice(seed);
    const text = altered(dice, JSON.stringify(anything(dice)));
    const found = readDraft(text);
    readRemark(text);
    if ("wrong" in found) continue;
    read += 1;
    expect(REMARK_TYPES).toContain(found.type);
    expect(Object.keys(found)).toEqual(["type", "at", "data"]);
    const said = found.data.text;
    if (said !== undefined) expect([...String(said)].length).toBeWithin(1, EVENT_TEXT_MAX + 1);
    // What is told can be told again.
    const remark = { id: 1, type: found.type, at: found.at ?? 1, from: null, data: found.data };
    if (remark.at > 0) expect(readRemark(JSON.stringify(remark))).toEqual(remark);
  }
  expect(read).toBeGreaterThan(40);
});

/** Mostly an event. */
function anything(dice: Dice): unknown {
  const value: Record<string, unknown> = {
    type: dice.pick([...REMARK_TYPES, "retract", "x", 1]),
    data: dice.chance(0.9) ? { text: textOf(dice), more: nested(dice, dice.below(60)) } : null,
  };
  if (dice.chance(0.5)) value.at = dice.pick([1, 1.5e12, -1, "1", 2 ** 60]);
  if (dice.chance(0.1)) value[dice.pick(["from", "__proto__", "id"])] = 1;
  return value;
}

function textOf(dice: Dice): string {
  const length = dice.pick([0, 1, 10, 499, 500, 501]);
  const letter = () =>
    String.fromCodePoint(dice.pick([0, 10, 34, 60, 97, 0x2028, 0x1f44f, 0xd800]));
  return Array.from({ length }, letter).join("");
}

function nested(dice: Dice, depth: number): unknown {
  if (depth === 0) return dice.pick([null, 1, "x", true]);
  return dice.chance(0.5)
    ? [nested(dice, depth - 1)]
    : { __proto__: 1, a: nested(dice, depth - 1) };
}

/** Sometimes cut, or with another letter. */
function altered(dice: Dice, text: string): string {
  if (dice.chance(0.8)) return text;
  const at = dice.below(text.length);
  return dice.chance(0.5)
    ? text.slice(0, at)
    : text.slice(0, at) + dice.pick(['"', "{", "\\", "1"]) + text.slice(at + 1);
}
