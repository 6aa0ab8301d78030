import { expect, test } from "bun:test";
import type { StreamEvent } from "../../src/web/streamevent.ts";
import { reactionOf, Talk, textOf } from "../../src/web/talk.ts";

const event = (
  id: number,
  type: string,
  data: object,
  from: string | null = null,
): StreamEvent => ({
  ...{ id, type, at: 1_790_000_000_000 + id, from },
  data: data as StreamEvent["data"],
});

test("lines stand in their order, the oldest go, and none comes twice", () => {
  const talk = new Talk();
  for (let id = 1; id <= 250; id += 1) {
    expect(talk.take(event(id, "chat", { text: `line ${id}` }))).toBe(true);
    expect(talk.take(event(id, "chat", { text: "again" }))).toBe(false);
  }
  expect(talk.lines.map(textOf)).toEqual(Array.from({ length: 200 }, (_, i) => `line ${i + 51}`));
});

test("what is taken back is gone: a line, or a hand", () => {
  const talk = new Talk();
  talk.take(event(1, "chat", { text: "one" }));
  talk.take(event(2, "chat", { text: "two" }));
  talk.take(event(3, "hand", { up: true }));
  talk.take(event(4, "retract", { id: 1 }));
  talk.take(event(5, "retract", { id: 3 }));
  talk.take(event(6, "retract", { id: "2" }));
  expect(talk.lines.map(({ id }) => id)).toEqual([2]);
  expect(talk.hands).toEqual([]);
});

test("a name has one hand, and puts it down by itself", () => {
  const talk = new Talk();
  talk.take(event(1, "hand", { up: true }, "Ann"));
  talk.take(event(2, "hand", {}, null));
  talk.take(event(3, "hand", { up: true }, "Ann"));
  talk.take(event(4, "hand", { up: true }, null));
  expect(talk.hands.map(({ id }) => id)).toEqual([2, 3, 4]);
  talk.take(event(5, "hand", { up: false }, "Ann"));
  expect(talk.hands.map(({ id }) => id)).toEqual([2, 4]);
});

test("reactions are short and counted", () => {
  expect(reactionOf(event(1, "reaction", { text: "👏", count: 3 }))).toEqual({
    text: "👏",
    count: 3,
  });
  expect(reactionOf(event(1, "reaction", { text: " ❤️ " }))).toEqual({ text: "❤️", count: 1 });
  for (const data of [{}, { text: "" }, { text: 7 }, { text: "a whole sentence of it" }]) {
    expect(reactionOf(event(1, "reaction", data))).toBeNull();
  }
  expect(reactionOf(event(1, "chat", { text: "👏" }))).toBeNull();
});
